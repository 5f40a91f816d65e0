"""Pure decisions about attempts: may this failure be tried again, and after how long?"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
