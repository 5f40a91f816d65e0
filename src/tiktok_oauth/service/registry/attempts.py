"""How often somebody may try to sign in: so many times a minute, by address and over all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW = 60.0
BY_ADDRESS = 5
BY_ALL = 50


def seconds_to_wait(made: Sequence[tuple[str, float]], address: str, now: float) -> int:
    """Seconds before another attempt may be made; 0 when it may be made now.

    Args:
        made: address and time of all attempts of the last minute, the oldest first.
        address: where the next one comes from.
        now: Unix seconds.
    """
    by_all = [at for _, at in made]
    by_address = [at for whose, at in made if whose == address]
    return max(_wait(by_all, BY_ALL, now), _wait(by_address, BY_ADDRESS, now))


def _wait(times: Sequence[float], most: int, now: float) -> int:
    if len(times) < most:
        return 0
    return max(0, math.ceil(times[-most] + WINDOW - now))
