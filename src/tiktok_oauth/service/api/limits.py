"""How often somebody may do something: a bucket of tokens for each."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_REMEMBERED = 10_000


class Buckets:
    """One bucket for each name, which fills up again at a steady rate.

    The one that was made first gives way beyond ten thousand.

    Args:
        rate: how many a second.
        burst: how many at once, after a pause.
        clock: seconds that never jump.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take one; returns the seconds to wait for it, 0.0 when it was there."""
        now = self._clock()
        level = self._level(name, now)
        if level < 1.0:
            return (1.0 - level) / self._rate
        if name not in self._levels and len(self._levels) >= _REMEMBERED:
            self._levels.popitem(last=False)
        self._levels[name] = (level - 1.0, now)
        return 0.0

    def wait(self, name: str) -> float:
        """The seconds to wait for one, which is not taken."""
        return max(0.0, 1.0 - self._level(name, self._clock())) / self._rate

    def _level(self, name: str, now: float) -> float:
        before = self._levels.get(name)
        if before is None:
            return self._burst
        level, at = before
        return min(self._burst, level + (now - at) * self._rate)
