"""Figures over public calls in a fixed amount of memory."""

from __future__ import annotations

import math
import os
from array import array
from dataclasses import fields
from itertools import accumulate
from operator import add
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from tiktok_oauth.types import CallMetrics, MetricsSnapshot

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokErrorCode
    from tiktok_oauth.events import CallEnded

_GROWTH = 1.02
_PER_LOG = 1 / math.log(_GROWTH)
_SMALLEST = 1e-6
_BUCKETS = 1000
"""Buckets of 2 % width from a microsecond to seven minutes: 8 kB a method."""


_NO_COUNTS = bytes(8 * _BUCKETS)


class _Tally:
    """The figures of one method, or of all."""

    __slots__ = (
        "buckets",
        "errors",
        "longest",
        "requests",
        "retried",
        "retries",
        "saved",
        "seconds",
        "shortest",
    )

    def __init__(self) -> None:
        self.requests = 0
        self.errors: dict[TikTokErrorCode, int] = {}
        self.retries = 0
        self.retried = 0
        self.saved = 0
        self.seconds = 0.0
        self.shortest = math.inf
        self.longest = 0.0
        self.buckets = array("Q", _NO_COUNTS)

    def add(self, seconds: float, attempts: int, code: TikTokErrorCode | None) -> None:
        self.requests += 1
        self.seconds += seconds
        if code is not None:
            self.errors[code] = self.errors.get(code, 0) + 1
        if attempts > 1:
            self.retries += attempts - 1
            self.retried += 1
            self.saved += code is None
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        place = int(math.log(max(seconds, _SMALLEST) / _SMALLEST) * _PER_LOG)
        self.buckets[min(place, _BUCKETS - 1)] += 1

    def percentile_ms(self, share: float) -> float:
        if not self.requests:
            return 0.0
        wanted = math.ceil(share * self.requests)
        place = next(n for n, seen in enumerate(accumulate(self.buckets)) if seen >= wanted)
        middle: float = _SMALLEST * _GROWTH ** (place + 0.5)
        return 1000 * min(max(middle, self.shortest), self.longest)

    def merge(self, other: _Tally) -> None:
        self.requests += other.requests
        self.seconds += other.seconds
        for code, count in other.errors.items():
            self.errors[code] = self.errors.get(code, 0) + count
        self.retries += other.retries
        self.retried += other.retried
        self.saved += other.saved
        self.shortest = min(self.shortest, other.shortest)
        self.longest = max(self.longest, other.longest)
        self.buckets = array("Q", map(add, self.buckets, other.buckets))

    def snapshot(self) -> CallMetrics:
        failed = sum(self.errors.values())
        return CallMetrics(
            requests=self.requests,
            successes=self.requests - failed,
            errors=MappingProxyType(dict(self.errors)),
            success_rate=_share(self.requests - failed, self.requests),
            error_rate=_share(failed, self.requests),
            retries=self.retries,
            retry_success_rate=_share(self.saved, self.retried),
            average_ms=1000 * _share(self.seconds, self.requests),
            p50_ms=self.percentile_ms(0.50),
            p95_ms=self.percentile_ms(0.95),
            p99_ms=self.percentile_ms(0.99),
        )


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0


class _Guard:
    """One lock for all clients: it is held for two microseconds, and renewed after a fork."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Another thread may have held the lock while this process was forked."""
        self.lock = Lock()


_guard = _Guard()


class Metrics:
    """Counts the calls of one client. Safe to share between threads, and after a fork."""

    def __init__(self) -> None:
        self._methods: dict[str, _Tally] = {}

    def count(self, event: CallEnded) -> None:
        """Take note of a call that ended."""
        with _guard.lock:
            tally = self._methods.get(event.method)
            if tally is None:
                tally = self._methods[event.method] = _Tally()
            tally.add(event.seconds, event.attempts, event.code)

    def snapshot(self) -> MetricsSnapshot:
        """The figures of this moment."""
        total = _Tally()
        with _guard.lock:
            for tally in self._methods.values():
                total.merge(tally)
            methods = {name: tally.snapshot() for name, tally in self._methods.items()}
        shared = {f.name: getattr(total.snapshot(), f.name) for f in fields(CallMetrics)}
        return MetricsSnapshot(**shared, methods=MappingProxyType(methods))
