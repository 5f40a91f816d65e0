"""Cuts of the power at every step of a traced process, each followed by a start of a new one."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from tests.powercut.disk import Disk, Fate
from tests.powercut.marks import ACCOUNTS, Known, turn_of
from tests.powercut.tracing import traced
from tiktok_oauth import KeyRing, TikTokAPIError, TikTokOAuth, TokenVault
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.opening import open_store
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.stores.rows import Ref
from tiktok_oauth.vault.stores.sqlitelibrary import library_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.powercut.marks import Role
    from tests.powercut.tracing import Step
    from tiktok_oauth.vault.stores.rows import Grant

KEY = "sbawsandbox0000001"
_APP = (KEY, "sandbox-client-secret", "https://example.com/callback")
_DATABASE, _JOURNAL, _MARKS = "tokens.db", "answers", "marks"
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
    keys, room = folder / "keys.json", folder / "room"
    KeyRing.generate().save(keys)
    room.mkdir()
    worker = [sys.executable, "-m", "tests.powercut.worker", role]
    places = [f"{scheme}:///{room / _DATABASE}", keys, room / _JOURNAL, room / _MARKS]
    steps = traced([*worker, *map(str, places), str(turns)], room, folder / "trace")
    return _Judge(scheme, KeyRing.from_file(keys), seed, deaf).judge(str(room), steps, every)


class _Judge:
    def __init__(self, scheme: str, ring: KeyRing, seed: int, deaf: str) -> None:
        self._deaf = deaf
        self._scheme = scheme
        self._ring = ring
        self._dice = random.Random(seed)
        self._result = Result()

    def judge(self, room: str, steps: Sequence[Step], every: int) -> Result:
        """Cut after each step, with each fate of what was not synced."""
        disk, known = Disk(room), Known()
        for number, step in enumerate(steps):
            self._result.steps += 1
            if step.path.endswith(_SHARED_MEMORY):
                continue
            if step.path == f"{room}/{_MARKS}":
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
        wrong: list[str] = []
        with _restored(room, left) as place:
            try:
                rows = self._opened(place, wrong)
                wrong += [line for name in ACCOUNTS for line in self._look(name, rows[name], known)]
                self._result.behind += any(
                    row is not None and self._turn(row) < known.rotated[name]
                    for name, row in rows.items()
                )
            except TikTokAPIError as error:
                wrong.append(str(error))
        self._result.wrong += [f"{when}: {line}" for line in wrong]

    def _opened(self, place: Path, wrong: list[str]) -> dict[str, Grant | None]:
        """Start a vault there, as a program would after the power is back; the rows then."""
        url = f"{self._scheme}:///{place / _DATABASE}"
        with (
            TikTokOAuth(*_APP) as client,
            TokenVault(client, store=url, keys=self._ring, journal=place / _JOURNAL) as vault,
        ):
            list(vault.accounts())
        with closing(open_store(url)) as store:
            rows = {name: store.get(Ref(KEY, name)) for name in ACCOUNTS}
            if store.setting(FROZEN) is not None:
                wrong.append("it is frozen, as if it were an older copy.")
        with closing(library_of(url).connect(place / _DATABASE)) as connection:
            try:
                [found] = connection.execute("PRAGMA integrity_check").fetchone()
            except connection.Error as error:
                found = str(error)
        if found != "ok":
            wrong.append(found)
        return rows

    def _look(self, name: str, row: Grant | None, known: Known) -> Iterator[str]:
        if row is None:
            if name in known.safe:
                yield f"{name} is gone"
            return
        turn, rotated = self._turn(row), known.rotated[name]
        if turn < known.safe.get(name, 0):
            yield f"{name} has token {turn}, and {known.safe[name]} was safe"
        if turn > rotated:
            yield f"{name} has token {turn}, and TikTok has given {rotated}"
        if turn < rotated and row.attempt is None:
            yield f"{name} has token {turn} of {rotated}, and does not say that it asked for more"

    def _turn(self, row: Grant) -> int:
        binding = Binding("refresh", *row.ref, row.gen, row.ver)
        token = Cipher(self._ring).open(row.refresh or b"", binding).decode()
        return turn_of(token)[1]


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
