"""Figures over public calls in a fixed amount of memory."""

from __future__ import annotations

import math
import os
from array import array
from dataclasses import fields
from functools import reduce
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from tiktok_oauth.observe.tally import GROWTH, SMALLEST, Tally
from tiktok_oauth.types import CallMetrics, MetricsSnapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.errors import TikTokErrorCode
    from tiktok_oauth.events import CallEnded

_PER_LOG = 1 / math.log(GROWTH)
_BUCKETS = 1000
"""Buckets of 2 % width from a microsecond to seven minutes: 8 kB a method."""


_NO_COUNTS = array("Q", bytes(8 * _BUCKETS))


class _Counter:
    """Counts the calls of one method."""

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
        self.buckets = _NO_COUNTS[:]

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
        place = int(math.log(max(seconds, SMALLEST) / SMALLEST) * _PER_LOG)
        self.buckets[min(place, _BUCKETS - 1)] += 1

    def tally(self) -> Tally:
        return Tally(
            requests=self.requests,
            errors=dict(self.errors),
            retries=self.retries,
            retried=self.retried,
            saved=self.saved,
            seconds=self.seconds,
            shortest=self.shortest if self.requests else None,
            longest=self.longest,
            buckets={place: count for place, count in enumerate(self.buckets) if count},
        )


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
        self._methods: dict[str, _Counter] = {}

    def count(self, event: CallEnded) -> None:
        """Take note of a call that ended."""
        with _guard.lock:
            counter = self._methods.get(event.method)
            if counter is None:
                counter = self._methods[event.method] = _Counter()
            counter.add(event.seconds, event.attempts, event.code)

    def tallies(self) -> dict[str, Tally]:
        """What was counted until now, by method."""
        with _guard.lock:
            return {name: counter.tally() for name, counter in self._methods.items()}

    def snapshot(self) -> MetricsSnapshot:
        """The figures of this moment."""
        return snapshot_of(self.tallies())


def snapshot_of(tallies: Mapping[str, Tally]) -> MetricsSnapshot:
    """The figures of some methods, each for itself and in all."""
    total = reduce(Tally.merged, tallies.values(), Tally()).figures()
    shared = {field.name: getattr(total, field.name) for field in fields(CallMetrics)}
    methods = {name: tally.figures() for name, tally in tallies.items()}
    return MetricsSnapshot(**shared, methods=MappingProxyType(methods))
