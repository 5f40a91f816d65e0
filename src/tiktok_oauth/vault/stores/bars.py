"""How long a failure may bar an account: what bars it for longer was set by a clock that was ahead.

The shorter the waits are that the failures of an account can have brought, the sooner that shows.
"""

from __future__ import annotations

HOUR = 3600.0
"""The longest wait of an account with few failures, whether TikTok refuses, is silent or asks for
it."""
MANY_FAILURES = 7
"""From so many on, and where TikTok asks for more than an hour, it may be a day."""

# Clocks of two machines differ a little.
_SHORT = HOUR + 300.0
_LONG = 24 * HOUR + 300.0

UNBARRED = f"""
    (
        not_before <= :now
        OR not_before > :now + CASE WHEN failures < {MANY_FAILURES} THEN {_SHORT} ELSE {_LONG} END
    )
"""


def barred_for(not_before: float, failures: int, now: float) -> float:
    """Seconds until an account may be refreshed; not above zero when it may be now.

    Args:
        not_before: as its row says.
        failures: as its row says.
        now: token time.
    """
    wait = not_before - now
    return wait if wait <= (_SHORT if failures < MANY_FAILURES else _LONG) else 0.0
