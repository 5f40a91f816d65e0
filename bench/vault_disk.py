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
_CALLS = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*\b(fsync|fdatasync)$", re.MULTILINE)


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
        of_files: what a new or a longer file asks for.
    """

    of_data: int
    of_files: int


def count_syncs(run: Callable[[Sequence[str]], T]) -> tuple[Syncs, T] | str:
    """How often a process syncs, and what it found; or why that is not known.

    Args:
        run: runs it, with these words before its command.
    """
    if shutil.which("strace") is None:
        return "strace is missing"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        found = run(["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(log)])
        calls = {name: int(count) for count, name in _CALLS.findall(log.read_text())}
        return Syncs(calls.get("fdatasync", 0), calls.get("fsync", 0)), found
