"""How often somebody may be wrong."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 60.0
BY_ADDRESS = 5
BY_ALL = 50
_REMEMBERED = 10_000


class Attempts:
    """Counts wrong attempts to sign in, by address and over all, in the last minute.

    Addresses are those of connections; a proxy's word counts only where the server was told to
    trust it. The oldest of ten thousand addresses gives way.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: deque[float] = deque(maxlen=BY_ALL)
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds to wait before another attempt; 0 when it may be made now."""
        counts = ((self._all, BY_ALL), (self._by_address.get(address, deque()), BY_ADDRESS))
        return max(self._wait(times, most) for times, most in counts)

    def failed(self, address: str) -> None:
        """Take note of an attempt that is wrong, or that nobody has judged yet."""
        self._all.append(self._clock())
        self._by_address.setdefault(address, deque(maxlen=BY_ADDRESS)).append(self._clock())
        self._by_address.move_to_end(address)
        if len(self._by_address) > _REMEMBERED:
            self._by_address.popitem(last=False)

    def forgive(self, address: str) -> None:
        """Forget an address's attempts: its owner was right in the end."""
        self._by_address.pop(address, None)

    def _wait(self, times: deque[float], most: int) -> int:
        if len(times) < most:
            return 0
        return max(0, math.ceil(times[0] + WINDOW - self._clock()))
