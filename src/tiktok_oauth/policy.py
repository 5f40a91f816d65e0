"""Pure decisions: may this failure be tried again, and when? Is this token to be refreshed?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from tiktok_oauth.errors import TikTokErrorCode

if TYPE_CHECKING:
    from tiktok_oauth.config import RetryPolicy


class Failure(msgspec.Struct, frozen=True, gc=False):
    """One failed attempt, as far as the decision needs it.

    Attributes:
        code: what kind of failure it was.
        retryable: whether the same call may succeed later.
        never_sent: TikTok certainly did not see the request.
        retry_after: seconds TikTok asked us to wait, if it did.
    """

    code: TikTokErrorCode
    retryable: bool
    never_sent: bool
    retry_after: float | None = None


def may_retry(failure: Failure, *, attempt: int, attempts: int, repeatable: bool) -> bool:
    """Whether another attempt is allowed.

    Args:
        failure: how the last attempt ended.
        attempt: the number of the last attempt, from 1.
        attempts: how many there may be.
        repeatable: whether doing the call twice does no harm. If it does (a video must not be
            posted twice), only what was certainly not handled is tried again.
    """
    if not failure.retryable or attempt >= attempts:
        return False
    return repeatable or failure.never_sent or failure.code is TikTokErrorCode.RATE_LIMIT


def retry_delay(
    policy: RetryPolicy, *, attempt: int, retry_after: float | None, roll: float
) -> float | None:
    """Seconds to wait after a failed attempt; None when TikTok asks for more than we wait.

    Args:
        policy: the schedule.
        attempt: the number of the attempt that failed, from 1.
        retry_after: seconds TikTok asked for, if it did.
        roll: a random number in [0, 1), used by the jitter.
    """
    if retry_after is not None and retry_after > policy.max_retry_after:
        return None
    delay = min(policy.max_delay, policy.base_delay * policy.factor ** (attempt - 1))
    if policy.jitter == "additive":
        delay = min(policy.max_delay, delay * (1 + roll / 2))
    elif policy.jitter == "full":
        delay *= roll
    return max(delay, retry_after or 0.0)


Freshness = Literal["fresh", "soon", "due", "dead"]
"""What to do about an access token before using it.

- ``fresh``: use it;
- ``soon``: use it, and refresh meanwhile;
- ``due``: refresh it, then use the new one;
- ``dead``: the refresh token's own time is up as well; one last try decides.
"""

_DAY = 86400.0
_LONGEST_MARGIN = 3600.0
_LONGEST_LAST_MOMENT = 30.0
_WHOLE_SECOND = 1.0
_LONGEST_REST = 60 * _DAY


class Lifetimes(msgspec.Struct, frozen=True, gc=False):
    """When an account's tokens end, and how long they were good for, as TikTok said.

    Attributes:
        issued_at: when the answer came.
        lifetime: seconds the access token was good for then.
    """

    issued_at: float
    lifetime: float
    access_expires_at: float
    refresh_expires_at: float


def refresh_decision(tokens: Lifetimes, now: float) -> Freshness:
    """Judge an access token by its own lifetime: margins scale with it.

    A quarter of the lifetime before the end (an hour at most) it is refreshed ahead; in its last
    twentieth (30 seconds at most) it is no longer handed out, since it may end on the way. Without
    a lifetime, or with one below zero, there is none: what has ended is never fresh. Nor is what
    a clock that was ahead has dated, for it ends before it says so.
    """
    if is_ahead(tokens, now):
        return "due"
    left = tokens.access_expires_at - now if tokens.lifetime > 0 else 0.0
    if left > _margin(tokens):
        return "fresh"
    if left > _last_moment(tokens):
        return "soon"
    return "due" if now < tokens.refresh_expires_at else "dead"


def is_ahead(tokens: Lifetimes, now: float) -> bool:
    """Whether tokens came while a clock was ahead: nobody knows when they end.

    Clocks of two machines differ a little, and a sandbox tells whole seconds: what the last moment
    makes up for is no harm.
    """
    return tokens.issued_at > now + max(_WHOLE_SECOND, _last_moment(tokens))


def warm_at(tokens: Lifetimes, roll: float) -> float:
    """When a refresher should refresh an account whose access token must never end.

    Args:
        tokens: the account's.
        roll: a number in [0, 1): spreads accounts that were connected at the same time over a
            tenth of the lifetime, always ahead of when a caller would refresh them.
    """
    return tokens.access_expires_at - _margin(tokens) - roll * _lifetime(tokens) / 10


def keep_at(tokens: Lifetimes, roll: float) -> float:
    """When a refresher should refresh an account that nobody uses, so that it does not age out.

    Args:
        tokens: the account's.
        roll: a number in [0, 1): spreads accounts over a tenth of the wait.
    """
    rest = min(_LONGEST_REST, (tokens.refresh_expires_at - tokens.issued_at) / 3)
    return tokens.issued_at + rest * (1 - roll / 10)


def _margin(tokens: Lifetimes) -> float:
    return min(_LONGEST_MARGIN, _lifetime(tokens) / 4)


def _last_moment(tokens: Lifetimes) -> float:
    return min(_LONGEST_LAST_MOMENT, _lifetime(tokens) / 20)


def _lifetime(tokens: Lifetimes) -> float:
    # A row may say less than none: then a margin would reach beyond the token's end.
    return max(0.0, tokens.lifetime)
