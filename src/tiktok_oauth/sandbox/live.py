"""A world in use: the wall clock behind it, and one thread at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.sandbox.world import World


class LiveWorld:
    """``with live as (world, now)`` gives the world to one thread and tells it the time.

    Args:
        world: the world to begin with.
        clock: the machine's time in Unix seconds.

    Attributes:
        changed: the world's lock, to wait with until something has happened in it.
        uses: how often somebody had the world.
        listener: called when there is news to deliver or the clock was moved.
    """

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        self._world = world
        self._clock = clock
        self._latest = 0.0
        self.uses: int = 0
        self._offset = world.offset
        self._lock = threading.RLock()
        self.changed: threading.Condition = threading.Condition(self._lock)
        self.listener: Callable[[], None] | None = None

    def __enter__(self) -> tuple[World, float]:
        self._lock.acquire()
        self.uses += 1
        return self._world, self.now()

    def __exit__(self, *_: object) -> None:
        try:
            if self._world.notices or self._world.offset != self._offset:
                self._tell()
        finally:
            self._lock.release()

    @property
    def world(self) -> World:
        """The world, whatever else happens to it meanwhile."""
        return self._world

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds: it goes on, whatever the machine's does."""
        self._latest = max(self._latest, self._clock() + self._world.offset)
        return self._latest

    def replace(self, world: World) -> None:
        """Go on with another world, by its own clock."""
        with self._lock:
            self._world = world
            self._latest = 0.0
            self._tell()

    def _tell(self) -> None:
        self._offset = self._world.offset
        if self.listener is not None:
            self.listener()
