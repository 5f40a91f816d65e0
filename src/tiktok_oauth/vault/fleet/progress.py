"""A refresher's figures of a moment."""

from __future__ import annotations

from dataclasses import dataclass

from tiktok_oauth.vault.fleet.pacing import BreakerState  # noqa: TC001 - read when one is decoded


@dataclass(frozen=True, slots=True)
class Progress:
    """What a refresher has done since it was started, and how it stands.

    Attributes:
        started_at: Unix seconds.
        refreshed: refreshes that brought tokens.
        refused: refreshes whose refresh token TikTok refused.
        failed: refreshes that TikTok answered without handling them.
        unsent: refreshes that certainly did not reach TikTok.
        doubtful: refreshes that TikTok may have handled, and whose answer nobody has.
        lost: accounts that need a new login because such an answer never came.
        in_flight: refreshes under way.
        rate: requests a second that are allowed now, over all apps.
        breaker: ``closed`` while TikTok answers, and takes the app's key and secret; the worst
            over all apps.
        alarm: whether everything stands still after too many refusals.
        due: accounts that are due, when the store was last asked (twice a minute).
        lag: seconds the most urgent of them was due for, then: neither moves in between.
    """

    started_at: float
    refreshed: int = 0
    refused: int = 0
    failed: int = 0
    unsent: int = 0
    doubtful: int = 0
    lost: int = 0
    in_flight: int = 0
    rate: float = 0.0
    breaker: BreakerState = "closed"
    alarm: bool = False
    due: int = 0
    lag: float = 0.0
