"""Calls to the disk that fail, each in its turn, under a vault that goes on.

In one run after the other the first call of a kind fails in each of a worker's threads, then the
second, and so on. Whatever fails once, no token may be lost: the worker lives, and asks again.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from tests.disk.judge import MARKS, Judge
from tests.disk.marks import Known
from tests.disk.stage import set_stage

if TYPE_CHECKING:
    from tests.disk.marks import Role
    from tests.disk.stage import Stage

Fault = Literal["EIO", "ENOSPC", "EINTR", "kill"]
"""What a call comes to: an error of the system's, or the end of the process, as a comparison."""

_CHANGES = ("fdatasync", "fsync", "ftruncate", "link", "mkdir", "pwrite64", "rename", "unlink")
_INJECTED = {"kill": "error=EIO:signal=SIGKILL"}
"""A signal alone comes when the call is done."""
_NO_LIBRARIES = 127
"""The exit status where it was the system's loader that could not read."""


class _Run(NamedTuple):
    failed: int
    status: int
    told: str


@dataclass(slots=True)
class Result:
    """What runs came to.

    Attributes:
        runs: how many there were.
        failed: calls that failed in them.
        behind: runs after which a newest token was not there.
        wrong: what must not be, a line each.
    """

    runs: int = 0
    failed: int = 0
    behind: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.runs} runs in which {self.failed} calls failed, {self.behind} with a token "
            f"behind, {len(self.wrong)} with a token lost or a state that is not true"
        )


def run(  # noqa: PLR0913 - one keyword an option
    scheme: str, role: Role, fault: Fault, folder: Path, *, turns: int, first: int, every: int
) -> Result:
    """Let calls fail until there are none that have not.

    Args:
        scheme: of the store's URL.
        role: who refreshes.
        fault: how they fail.
        folder: an empty directory.
        turns: how often each account is refreshed, twice.
        first: the first call of each kind that fails, counted from 1.
        every: one of so many.
    """
    result = Result()
    for number in itertools.count(first, every):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            stage = set_stage(scheme, role, Path(place), turns)
            done = _play(stage, fault, number, Path(place, "trace"))
            if not done.failed:
                return result
            result.runs += 1
            result.failed += done.failed
            if done.status != _NO_LIBRARIES:
                _judge(result, Judge(scheme, stage.ring), stage.room, fault, number, done)
    return result


def _play(stage: Stage, fault: Fault, number: int, log: Path) -> _Run:
    calls = _CHANGES if fault == "ENOSPC" else (*_CHANGES, "pread64")
    how = _INJECTED.get(fault, f"error={fault}")
    inject = f"inject={','.join(calls)}:{how}:when={number}"
    strace = ["strace", "-f", "--seccomp-bpf", "-e", inject, "-o", str(log)]
    done = subprocess.run(
        [*strace, *stage.command], capture_output=True, text=True, check=False, timeout=300
    )
    ends = r"\(INJECTED\)" if fault != "kill" else r"killed by SIGKILL"
    return _Run(len(re.findall(ends, log.read_text())), done.returncode, done.stderr)


def _judge(result: Result, judge: Judge, room: Path, fault: Fault, number: int, done: _Run) -> None:
    found = judge.look(room, _known(room / MARKS))
    wrong = list(found.wrong)
    if fault != "kill":
        # Whoever lives has everything, and ends as if nothing had been.
        wrong += [f"{name} is behind" for name in found.behind]
        wrong += [done.told.strip().rpartition("\n")[2]] if done.status else []
    result.behind += bool(found.behind)
    result.wrong += [f"{fault}, call {number}: {line}" for line in wrong]


def _known(marks: Path) -> Known:
    known = Known()
    for mark in marks.read_text().splitlines() if marks.exists() else ():
        known.hear(mark)
    return known
