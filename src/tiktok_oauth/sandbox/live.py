"""A world in use: the wall clock behind it, and one thread at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.sandbox.world import World


class LiveWorld:
    """``with live as (world, now)`` gives the world to one thread and tells it the time."""

    def __init__(self, world: World, clock: Callable[[], float] = time.time) -> None:
        self._world = world
        self._clock = clock
        self._lock = threading.RLock()

    def __enter__(self) -> tuple[World, float]:
        self._lock.acquire()
        return self._world, self._clock() + self._world.offset

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds."""
        return self._clock() + self._world.offset
