"""Numbers and times as people read them, and pictures made of them."""

from __future__ import annotations

import pytest

from tiktok_oauth.service.pages import telling
from tiktok_oauth.service.pages.drawing import polyline, round_top, strip

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (15_552_000, "180 d"),
        (90_000, "1 d 1 h"),
        (86_400, "1 d"),
        (7_199, "1 h 59 min"),
        (7_200, "2 h"),
        (61, "1 min"),
        (1, "less than a minute"),
        (0, "expired"),
        (-9, "expired"),
    ],
)
def test_time_left_is_told_in_two_units(seconds: float, told: str) -> None:
    """The largest that fits, and the next one while that says something."""
    assert telling.left(seconds) == told


def test_moments_are_told_in_utc() -> None:
    """For people, for programs, and for a narrow column."""
    assert telling.moment(NOW) == "18 November 2026, 11:06 UTC"
    assert telling.machine_time(NOW) == "2026-11-18T11:06:40Z"
    assert telling.short_moment(NOW) == "18 Nov, 11:06:40"
    assert telling.moment(1e30).startswith("31 December 9999")


def test_the_past_is_told_from_a_minute_on() -> None:
    """Before that it is now."""
    assert [telling.ago(seconds) for seconds in (-1, 59, 60)] == [
        "just now",
        "just now",
        "1 min ago",
    ]


@pytest.mark.parametrize(
    ("rate", "told"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.9999, "99.9 %"), (0.00001, "0.1 %"), (0.5, "50.0 %")],
)
def test_a_rate_is_all_or_nothing_only_when_it_is(rate: float, told: str) -> None:
    """One failure in a million is not 100 %."""
    assert telling.percent(rate) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (48_200, "48.2K"),
        (1_240_000, "1.2M"),
        (123_456_789, "123M"),
        (7_100_000_000, "7.1B"),
    ],
)
def test_large_counts_are_short(number: int, told: str) -> None:
    """At most five characters from ten thousand on."""
    assert telling.count(number) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0 ms"), (0.25, "0.2 ms"), (43.2, "43 ms"), (1_540, "1.5 s")]
)
def test_durations_have_their_unit(value: float, told: str) -> None:
    """Milliseconds, until it is seconds."""
    assert telling.milliseconds(value) == told


def test_a_share_stays_within_its_whole() -> None:
    """Also where clocks disagree."""
    assert [telling.share(*pair) for pair in ((-1, 2), (1, 2), (3, 2), (1, 0))] == [0, 50, 100, 0]


def test_a_line_spans_the_picture() -> None:
    """From edge to edge, zero at the bottom; one value is no line."""
    assert polyline([0, 5, 10], 10) == "0.0,150.0 300.0,75.0 600.0,0.0"
    assert polyline([1], 10) == ""


@pytest.mark.parametrize(
    ("values", "top"), [([], 1), ([0.2], 1), ([3], 5), ([7, 8], 10), ([420], 500), ([1_001], 2_000)]
)
def test_the_top_of_a_chart_is_round(values: list[float], top: float) -> None:
    """1, 2 or 5, with zeros."""
    assert round_top(values) == top


def test_a_day_ahead_is_a_strip_of_quarters() -> None:
    """The first cell holds this moment; the most tokens are darkest."""
    drawn = strip([4, 0, 1, *[0] * 93], NOW)

    assert [(c.hour, c.quarter, c.level) for c in drawn.cells[:5]] == [
        (0, 0, 4),
        (0, 1, 0),
        (0, 2, 1),
        (0, 3, 0),
        (1, 0, 0),
    ]
    assert (drawn.hours, drawn.total, drawn.by_hour[0]) == (24, 5, ("11:00", 5))
    assert drawn.labels[:2] == ("11:00", "14:00")
    assert {cell.level for cell in strip([0] * 96, NOW).cells} == {0}
