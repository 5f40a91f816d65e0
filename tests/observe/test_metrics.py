"""The metrics' sink: how exact, how much memory, what it ignores."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import CallEnded
from tiktok_oauth.observe.metrics import Metrics, _guard

if TYPE_CHECKING:
    from collections.abc import Sequence

DURATIONS = st.lists(st.floats(1e-6, 390.0), min_size=1, max_size=25)


def ended(
    seconds: float, method: str = "m", attempts: int = 1, code: TikTokErrorCode | None = None
) -> CallEnded:
    """A call that ended."""
    return CallEnded(method, "id", seconds, attempts, code)


def exact_ms(durations: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile: the smallest duration that so many calls did not exceed."""
    rank = math.ceil(Fraction(percent, 100) * len(durations))
    return 1000 * sorted(durations)[rank - 1]


@given(DURATIONS)
def test_percentiles_are_within_two_percent(durations: list[float]) -> None:
    """From a microsecond to six minutes, whatever the mix, in all and per method."""
    metrics = Metrics()
    for index, seconds in enumerate(durations):
        metrics.count(ended(seconds, method=("even", "odd")[index % 2]))

    whole = metrics.snapshot()
    even = whole.methods["even"]
    for figures, sample in ((whole, durations), (even, durations[::2])):
        got = (figures.p50_ms, figures.p95_ms, figures.p99_ms)
        assert got == pytest.approx([exact_ms(sample, p) for p in (50, 95, 99)], rel=0.02)
        assert figures.average_ms == pytest.approx(1000 * sum(sample) / len(sample))


@given(st.lists(st.sampled_from([None, *TikTokErrorCode]), max_size=40))
def test_the_rates_add_up(codes: list[TikTokErrorCode | None]) -> None:
    """Successes and errors are all there is."""
    metrics = Metrics()
    for code in codes:
        metrics.count(ended(0.1, code=code))

    figures = metrics.snapshot()
    assert figures.requests == len(codes) == figures.successes + sum(figures.errors.values())
    assert figures.success_rate + figures.error_rate == pytest.approx(1.0 if codes else 0.0)
    assert figures.successes == codes.count(None)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-6])
def test_calls_too_short_to_measure_do_not_disturb(seconds: float) -> None:
    """A clock that did not move is fine."""
    metrics = Metrics()
    metrics.count(ended(seconds))

    assert metrics.snapshot().p99_ms == metrics.snapshot().average_ms == 1000 * seconds


def test_calls_longer_than_the_scale_stay_in_its_last_part() -> None:
    """Hours are counted; the longest bounds what is shown."""
    metrics = Metrics()
    metrics.count(ended(5000.0))
    metrics.count(ended(7000.0))

    figures = metrics.snapshot()
    assert figures.p99_ms <= 7_000_000
    assert figures.average_ms == 6_000_000


def test_memory_does_not_grow() -> None:
    """Ten thousand calls more take not one object more."""
    metrics = Metrics()
    for turn in range(10_000):
        metrics.count(
            ended(turn / 1000, attempts=1 + turn % 3, code=list(TikTokErrorCode)[turn % 8])
        )
        if turn == 8:
            before = footprint(metrics)

    assert footprint(metrics) <= before + 8 * 32
    assert footprint(metrics) < 16_000


def footprint(metrics: Metrics) -> int:
    """Bytes of everything the metrics hold, one object at a time."""
    seen: dict[int, int] = {}
    todo: list[object] = list(metrics._methods.values())  # noqa: SLF001 - weighs it
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen[id(one)] = sys.getsizeof(one)
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        todo += [
            getattr(one, name) for name in getattr(type(one), "__slots__", ()) if hasattr(one, name)
        ]
    return sum(seen.values())


def test_a_child_counts_though_a_lock_was_held_at_the_fork() -> None:
    """What runs in a child right after the fork gives every client's figures a free lock."""
    metrics = Metrics()
    metrics.count(ended(0.1))
    with _guard.lock:  # as another thread would hold it
        _guard.renew()
        metrics.count(ended(0.1))

    assert metrics.snapshot().requests == 2
