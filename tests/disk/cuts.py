"""Cuts of the power at every step of a traced process, each followed by a start of a new one."""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from tests.disk.disk import Disk, Fate
from tests.disk.judge import MARKS, Judge
from tests.disk.marks import Known
from tests.disk.stage import set_stage
from tests.disk.tracing import traced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.disk.marks import Role
    from tests.disk.tracing import Step
    from tiktok_oauth import KeyRing

# SQLite makes it anew from the write-ahead log.
_SHARED_MEMORY = "-shm"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a disk that needs no syncs


@dataclass(slots=True)
class Result:
    """What cuts came to.

    Attributes:
        steps: how many steps the process took.
        cuts: how many states of the disk were opened.
        behind: of them, with a rotation of which nothing may be left: it was on its way.
        wrong: what must not be, a line each.
    """

    steps: int = 0
    cuts: int = 0
    behind: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.steps} steps, {self.cuts} cuts, {self.behind} of them before an answer was "
            f"journaled, {len(self.wrong)} with a token lost or a state that is not true"
        )


def run(  # noqa: PLR0913 - one keyword an option
    scheme: str, role: Role, folder: Path, *, turns: int, every: int, seed: int, deaf: str = ""
) -> Result:
    """Trace a process, then cut its power.

    Args:
        scheme: of the store's URL.
        role: who refreshes.
        folder: an empty directory.
        turns: how often each account is refreshed, twice.
        every: of so many states of the disk one is opened, by chance.
        seed: of chance.
        deaf: the disk says that it has synced files whose names end so, and has not.
    """
    stage = set_stage(scheme, role, folder, turns)
    steps = traced(stage.command, stage.room, folder / "trace")
    return _Cutter(scheme, stage.ring, seed, deaf).cut(str(stage.room), steps, every)


class _Cutter:
    def __init__(self, scheme: str, ring: KeyRing, seed: int, deaf: str) -> None:
        self._deaf = deaf
        self._judge = Judge(scheme, ring)
        self._dice = random.Random(seed)
        self._result = Result()

    def cut(self, room: str, steps: Sequence[Step], every: int) -> Result:
        """Cut after each step, with each fate of what was not synced."""
        disk, known = Disk(room), Known()
        for number, step in enumerate(steps):
            self._result.steps += 1
            if step.path.endswith(_SHARED_MEMORY):
                continue
            if step.path == f"{room}/{MARKS}":
                if step.data:
                    known.hear(step.data.decode())
                continue
            if not self._is_unheard(step):
                disk.take(step)
            if step.kind == "sync data" and step.path.endswith(".journal"):
                known.journaled()
            for fate in get_args(Fate):
                if self._dice.randrange(every) == 0:
                    self._cut(
                        f"after step {number} ({fate})", room, disk.after(fate, self._dice), known
                    )
        return self._result

    def _is_unheard(self, step: Step) -> bool:
        is_sync = step.kind in {"sync", "sync data"}
        return is_sync and bool(self._deaf) and step.path.endswith(self._deaf)

    def _cut(self, when: str, room: str, left: Mapping[str, bytes | None], known: Known) -> None:
        self._result.cuts += 1
        with _restored(room, left) as place:
            found = self._judge.look(place, known)
        self._result.behind += bool(found.behind)
        self._result.wrong += [f"{when}: {line}" for line in found.wrong]


@contextmanager
def _restored(room: str, left: Mapping[str, bytes | None]) -> Iterator[Path]:
    """What a disk holds after the power is back, in a directory."""
    place = Path(tempfile.mkdtemp(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
    try:
        for path, content in left.items():
            target = place / Path(path).relative_to(room)
            if content is None:
                target.mkdir(mode=0o700, exist_ok=True)
            else:
                target.touch(0o600)
                target.write_bytes(content)
        yield place
    finally:
        shutil.rmtree(place)
