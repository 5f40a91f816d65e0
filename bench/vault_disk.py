"""The disk under a vault: how long one sync takes, and how many a process asks for."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

QUICK = 0.15
"""Milliseconds a sync takes on a disk that the promises about rates are for."""

_SYNCS, _RECORD = 300, 1500
_CALLS = re.compile(r"\bf(?:data)?sync\(\d+<[^>]*>")
_FOR_ROOM = re.compile(r"\bfsync\(\d+<[^>]*/answers(?:/[^>]*)?>")
"""The vault's journal syncs records as data, and its files and directory as a whole."""


def sync_time(directory: Path) -> float:
    """Milliseconds that a small write takes to be on the disk a directory is on, at the median."""
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        file.write(bytes(_SYNCS * _RECORD))
        os.fsync(file.fileno())
        found = []
        for number in range(_SYNCS):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * _RECORD, number * _RECORD)
            os.fdatasync(file.fileno())
            found.append(time.perf_counter() - began)
    return 1e3 * statistics.median(found)


class Syncs(NamedTuple):
    """How often a process asked for syncs.

    Attributes:
        of_data: what a commit or a record in the journal asks for.
        for_room: what a new or a longer file of the journal asks for.
    """

    of_data: int
    for_room: int


def count_syncs(run: Callable[[Sequence[str]], T]) -> tuple[Syncs, T] | str:
    """How often a process syncs, and what it found; or why that is not known.

    Args:
        run: runs it, with these words before its command.
    """
    if shutil.which("strace") is None:
        return "strace is missing"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        found = run(["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", str(log)])
        told = log.read_text()
        for_room = len(_FOR_ROOM.findall(told))
        return Syncs(len(_CALLS.findall(told)) - for_room, for_room), found
