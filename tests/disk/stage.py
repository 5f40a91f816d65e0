"""Where a worker works: a directory that is a disk of its own, and the words that start it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.disk.judge import DATABASE, JOURNAL, MARKS
from tiktok_oauth import KeyRing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disk.marks import Role


class Stage(NamedTuple):
    """Everything that is there before the worker starts.

    Attributes:
        room: the directory whose files are looked at.
        ring: the keys, which are elsewhere.
        command: starts the worker.
    """

    room: Path
    ring: KeyRing
    command: list[str]


def set_stage(scheme: str, role: Role, folder: Path, turns: int) -> Stage:
    """Make a room and keys in an empty directory.

    Args:
        scheme: of the store's URL.
        role: who refreshes.
        folder: the directory.
        turns: how often each account is refreshed, twice.
    """
    keys, room = folder / "keys.json", folder / "room"
    ring = KeyRing.generate()
    ring.save(keys)
    room.mkdir()
    places = (f"{scheme}:///{room / DATABASE}", keys, room / JOURNAL, room / MARKS)
    worker = [sys.executable, "-m", "tests.disk.worker", role, *map(str, places), str(turns)]
    return Stage(room, ring, worker)
