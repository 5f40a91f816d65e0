"""What was counted of one method's calls, as a value: it can be sent, merged and subtracted."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TypeVar

import msgspec

from tiktok_oauth.errors import TikTokErrorCode  # noqa: TC001 - read when a tally is decoded
from tiktok_oauth.types import CallMetrics

K = TypeVar("K")

GROWTH = 1.02
"""A bucket's width: each begins where the one before ends, and is 2 % wider."""
SMALLEST = 1e-6
"""Where the first bucket begins, in seconds."""


class Tally(msgspec.Struct, frozen=True):
    """Counts of calls. Merging loses nothing, percentiles stay within 2 %.

    Attributes:
        errors: how many ended in each code.
        retries: attempts beyond the first ones.
        retried: calls that needed more than one attempt.
        saved: those of them that succeeded.
        seconds: the durations of all.
        shortest: of all durations; None when there was no call.
        longest: of all durations.
        buckets: how many durations fell into each bucket; empty buckets are left out.
    """

    requests: int = 0
    errors: dict[TikTokErrorCode, int] = {}
    retries: int = 0
    retried: int = 0
    saved: int = 0
    seconds: float = 0.0
    shortest: float | None = None
    longest: float = 0.0
    buckets: dict[int, int] = {}

    def merged(self, other: Tally) -> Tally:
        """Both together."""
        ends = [end for end in (self.shortest, other.shortest) if end is not None]
        return Tally(
            requests=self.requests + other.requests,
            errors=added(self.errors, other.errors),
            retries=self.retries + other.retries,
            retried=self.retried + other.retried,
            saved=self.saved + other.saved,
            seconds=self.seconds + other.seconds,
            shortest=min(ends, default=None),
            longest=max(self.longest, other.longest),
            buckets=added(self.buckets, other.buckets),
        )

    def since(self, earlier: Tally) -> Tally:
        """What has come since an earlier tally of the same calls. Its ends are those of all."""
        return Tally(
            requests=self.requests - earlier.requests,
            errors=_difference(self.errors, earlier.errors),
            retries=self.retries - earlier.retries,
            retried=self.retried - earlier.retried,
            saved=self.saved - earlier.saved,
            seconds=self.seconds - earlier.seconds,
            shortest=self.shortest,
            longest=self.longest,
            buckets=_difference(self.buckets, earlier.buckets),
        )

    def within(self, seconds: float) -> int:
        """How many calls took at most so long, within 2 %."""
        return sum(count for place, count in self.buckets.items() if _middle(place) <= seconds)

    def percentile_ms(self, share: float) -> float:
        """The duration, in milliseconds, that this share of the calls did not exceed."""
        wanted = math.ceil(share * self.requests)
        seen = 0
        for place in sorted(self.buckets):
            seen += self.buckets[place]
            if seen >= wanted:
                return 1000 * min(max(_middle(place), self.shortest or 0.0), self.longest)
        return 0.0

    def figures(self) -> CallMetrics:
        """The same as rates and percentiles."""
        failed = sum(self.errors.values())
        return CallMetrics(
            requests=self.requests,
            successes=self.requests - failed,
            errors=MappingProxyType(self.errors),
            success_rate=_share(self.requests - failed, self.requests),
            error_rate=_share(failed, self.requests),
            retries=self.retries,
            retry_success_rate=_share(self.saved, self.retried),
            average_ms=1000 * _share(self.seconds, self.requests),
            p50_ms=self.percentile_ms(0.50),
            p95_ms=self.percentile_ms(0.95),
            p99_ms=self.percentile_ms(0.99),
        )


def added(some: dict[K, int], others: dict[K, int]) -> dict[K, int]:
    """Two sets of counts, key by key."""
    return {key: some.get(key, 0) + others.get(key, 0) for key in some.keys() | others.keys()}


def _difference(late: dict[K, int], early: dict[K, int]) -> dict[K, int]:
    return {key: more for key, count in late.items() if (more := count - early.get(key, 0)) > 0}


def _middle(place: int) -> float:
    middle: float = SMALLEST * GROWTH ** (place + 0.5)
    return middle


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
