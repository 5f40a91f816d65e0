"""Tallies: they are sent, merged and subtracted without losing a call."""

from __future__ import annotations

from dataclasses import fields

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import CallEnded
from tiktok_oauth.observe.metrics import Metrics, snapshot_of
from tiktok_oauth.observe.tally import Tally
from tiktok_oauth.types import CallMetrics

CALLS = st.lists(
    st.tuples(st.floats(1e-6, 390.0), st.integers(1, 3), st.sampled_from([None, *TikTokErrorCode])),
    max_size=12,
)
Calls = list[tuple[float, int, TikTokErrorCode | None]]


def tally_of(calls: Calls) -> Tally:
    """What a client counts of these calls."""
    metrics = Metrics()
    for seconds, attempts, code in calls:
        metrics.count(CallEnded("m", "id", seconds, attempts, code))
    return metrics.tallies().get("m", Tally())


def close_to(tally: Tally) -> dict[str, object]:
    """A tally's fields; sums of floats depend on their order."""
    values = msgspec.structs.asdict(tally)
    return {**values, "seconds": pytest.approx(tally.seconds, abs=1e-6)}


@given(CALLS, CALLS)
def test_merging_two_tallies_is_counting_all_calls_in_one(some: Calls, others: Calls) -> None:
    """Nothing is lost, whichever process counted it."""
    merged = tally_of(some).merged(tally_of(others))

    assert msgspec.structs.asdict(merged) == close_to(tally_of([*some, *others]))


@given(CALLS, CALLS)
def test_what_has_come_since_is_what_was_counted_since(early: Calls, late: Calls) -> None:
    """All counts are those of the later calls alone; zeros are left out."""
    since = tally_of([*early, *late]).since(tally_of(early))

    wanted = close_to(tally_of(late))
    got = msgspec.structs.asdict(since)
    assert {k: got[k] for k in got if k not in {"shortest", "longest"}} == {
        k: wanted[k] for k in wanted if k not in {"shortest", "longest"}
    }


@given(CALLS)
def test_a_tally_survives_being_written_and_read(calls: Calls) -> None:
    """It is the same value after JSON."""
    tally = tally_of(calls)

    assert msgspec.json.decode(msgspec.json.encode(tally), type=Tally) == tally


def test_within_counts_calls_up_to_a_duration() -> None:
    """Within the width of a bucket."""
    tally = tally_of([(0.01, 1, None), (0.1, 1, None), (1.0, 1, None)])

    assert [tally.within(bound) for bound in (0.005, 0.05, 0.5, 5.0)] == [0, 1, 2, 3]


def test_a_snapshot_of_nothing_is_all_zeros() -> None:
    """No division by the number of calls."""
    snapshot = snapshot_of({})

    values = [getattr(snapshot, f.name) for f in fields(CallMetrics) if f.name != "errors"]
    assert set(values) == {0}
