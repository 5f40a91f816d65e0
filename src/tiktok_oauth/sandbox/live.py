"""A world in use: the wall clock behind it, and one thread at a time."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.sandbox.world import World


class LiveWorld:
    """``with live as (world, now)`` gives the world to one thread and tells it the time.

    Args:
        world: the world to begin with.
        clock: the machine's time in Unix seconds.

    Attributes:
        changed: the world's lock, to wait with until something has happened in it.
        uses: how often somebody had the world and may have changed it.
        listener: called when there is news to deliver or the clock was moved.
    """

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._world = self._taken_up(world)
        self._latest = 0.0
        self.uses: int = 0
        self._pace = world.pace
        self._lock = threading.RLock()
        self.changed: threading.Condition = threading.Condition(self._lock)
        self.listener: Callable[[], None] | None = None

    def __enter__(self) -> tuple[World, float]:
        self._lock.acquire()
        self.uses += 1
        return self._world, self.now()

    def __exit__(self, *_: object) -> None:
        try:
            if self._world.notices or self._world.pace != self._pace:
                self._tell()
        finally:
            self._lock.release()

    @contextmanager
    def look(self) -> Iterator[tuple[World, float]]:
        """Give the world to one thread that changes nothing in it."""
        with self._lock:
            yield self._world, self.now()

    @property
    def world(self) -> World:
        """The world, whatever else happens to it meanwhile."""
        return self._world

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds: it goes on, whatever the machine's does."""
        machine = self._clock()
        self._latest = max(self._latest, machine + self._world.pace.ahead(machine))
        return self._latest

    @property
    def ahead(self) -> float:
        """How far the sandbox's clock is ahead of the machine's, in seconds."""
        return self._world.pace.ahead(self._clock())

    def run(self, rate: float) -> None:
        """Let time pass so many times as fast as on the machine from now on.

        Raises:
            ValidationError: it would pass more slowly, or too fast.
        """
        with self:
            self._world.pace = self._world.pace.at_rate(rate, self._clock())

    def replace(self, world: World) -> None:
        """Go on with another world, by its own clock."""
        with self._lock:
            self._world = self._taken_up(world)
            self._latest = 0.0
            self._tell()

    def _taken_up(self, world: World) -> World:
        # A clock that runs fast does not run at all while its world lies in a file.
        world.pace = replace(world.pace, since=self._clock())
        return world

    def _tell(self) -> None:
        self._pace = self._world.pace
        if self.listener is not None:
            self.listener()
