"""Is this token to be used, refreshed ahead, refreshed first, or given a last try? And when?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.policy import Lifetimes, keep_at, refresh_decision, warm_at

DAY = 86400.0
NOW = 1_790_000_000.0


def issued(lifetime: float, refresh_lifetime: float = 180 * DAY) -> Lifetimes:
    """Tokens that were issued now."""
    return Lifetimes(NOW, lifetime, NOW + lifetime, NOW + refresh_lifetime)


@pytest.mark.parametrize(
    ("lifetime", "left", "freshness"),
    [
        (7200, 7200, "fresh"),
        (7200, 1800.1, "fresh"),
        (7200, 1800, "soon"),
        (7200, 30.1, "soon"),
        (7200, 30, "due"),
        (7200, 0, "due"),
        (7200, -DAY, "due"),
        (86400, 3600.1, "fresh"),
        (86400, 3600, "soon"),
        (20, 5.1, "fresh"),
        (20, 5, "soon"),
        (20, 1.1, "soon"),
        (20, 1, "due"),
        (0, 0, "due"),
        (0, 5, "due"),
        (-7294, 0, "due"),
        (-7294, -1, "due"),
        (-7294, 5, "due"),
        (-7200 * 1e6, -DAY, "due"),
    ],
)
def test_margins_scale_with_the_lifetime(lifetime: float, left: float, freshness: str) -> None:
    """A quarter of it ahead, an hour at most; the last twentieth, half a minute at most."""
    tokens = issued(lifetime)

    assert refresh_decision(tokens, tokens.access_expires_at - left) == freshness


def test_a_grant_whose_time_is_up_is_dead() -> None:
    """Not before the refresh token's own end, and not while the access token lives."""
    tokens = issued(7200)
    outlived = Lifetimes(NOW, 7200, NOW + 7200, NOW + 60)

    assert refresh_decision(tokens, NOW + 180 * DAY - 1) == "due"
    assert refresh_decision(tokens, NOW + 180 * DAY) == "dead"
    assert refresh_decision(outlived, NOW + 60) == "fresh"


LIFETIMES = st.builds(
    issued,
    st.floats(1, 365 * DAY),
    st.floats(1, 365 * DAY),
)
ROLLS = st.floats(0, 1, exclude_max=True)
ORDER = ("fresh", "soon", "due", "dead")


@given(LIFETIMES, st.floats(0, 400 * DAY), st.floats(0, 400 * DAY))
def test_tokens_only_age(tokens: Lifetimes, since: float, later: float) -> None:
    """As time passes a token never becomes fresher."""
    first = refresh_decision(tokens, NOW + since)
    then = refresh_decision(tokens, NOW + since + later)

    assert ORDER.index(then) >= ORDER.index(first)


@pytest.mark.parametrize(
    ("lifetime", "ahead", "freshness"),
    [
        (86400, 30, "fresh"),
        (86400, 30.1, "due"),
        (86400, DAY, "due"),
        (86400, 300 * DAY, "due"),
        (20, 1, "fresh"),
        (20, 1.1, "due"),
    ],
)
def test_what_a_clock_that_was_ahead_has_dated_is_due(
    lifetime: float, ahead: float, freshness: str
) -> None:
    """It ends before it says so; what the last moment makes up for is no harm."""
    assert refresh_decision(issued(lifetime), NOW - ahead) == freshness


ANY_LIFETIMES = st.builds(
    Lifetimes,
    st.floats(NOW - 400 * DAY, NOW),
    st.floats(-400 * DAY, 400 * DAY),
    st.floats(NOW - 400 * DAY, NOW + 400 * DAY),
    st.floats(NOW - 400 * DAY, NOW + 400 * DAY),
)
"""Whatever a row may say, with times that do not belong together."""


@given(ANY_LIFETIMES, st.floats(-DAY, 400 * DAY))
def test_what_is_handed_out_lives(tokens: Lifetimes, since: float) -> None:
    """A fresh token, and one that ends soon, have not ended, whatever the lifetime."""
    if refresh_decision(tokens, NOW + since) in {"fresh", "soon"}:
        assert NOW + since < tokens.access_expires_at


@given(LIFETIMES)
def test_a_new_token_is_used_for_most_of_its_time(tokens: Lifetimes) -> None:
    """Nobody refreshes a token in its first seven tenths, however short it lives."""
    assert refresh_decision(tokens, NOW + 0.7 * tokens.lifetime) == "fresh"


@given(LIFETIMES, ROLLS)
def test_a_refresher_comes_before_callers_would(tokens: Lifetimes, roll: float) -> None:
    """A kept-warm token is refreshed while it is still fresh, spread over a tenth of its life."""
    at = warm_at(tokens, roll)

    assert at <= warm_at(tokens, 0.0)
    assert warm_at(tokens, 0.0) - at <= tokens.lifetime / 10 + 1e-6
    assert refresh_decision(tokens, at - 0.001) == "fresh"


@given(LIFETIMES, ROLLS)
def test_an_unused_grant_is_refreshed_long_before_it_ages_out(
    tokens: Lifetimes, roll: float
) -> None:
    """After sixty days, or a third of the refresh token's life if that is shorter."""
    at = keep_at(tokens, roll)
    rest = min(60 * DAY, (tokens.refresh_expires_at - NOW) / 3)

    assert NOW + 0.9 * rest - 1e-6 <= at <= NOW + rest + 1e-6


@given(st.floats(-400 * DAY, 0), ROLLS)
def test_tokens_that_came_ended_are_to_be_warmed_at_their_end(lifetime: float, roll: float) -> None:
    """A lifetime below zero puts off nothing."""
    tokens = issued(lifetime)

    assert warm_at(tokens, roll) == tokens.access_expires_at


@pytest.mark.parametrize(
    ("lifetime", "roll", "after"),
    [(7200, 0.0, 5400), (7200, 0.5, 5040), (86400, 0.0, 82800), (20, 0.0, 15)],
)
def test_warm_times_follow_the_lifetime(lifetime: float, roll: float, after: float) -> None:
    """Two hours, a day, twenty seconds."""
    assert warm_at(issued(lifetime), roll) == NOW + after


@pytest.mark.parametrize(
    ("refresh_lifetime", "roll", "days"),
    [(180 * DAY, 0.0, 60), (365 * DAY, 0.0, 60), (90 * DAY, 0.0, 30), (180 * DAY, 0.5, 57)],
)
def test_keep_times_follow_the_refresh_lifetime(
    refresh_lifetime: float, roll: float, days: float
) -> None:
    """Half a year, a year, a quarter."""
    assert keep_at(issued(7200, refresh_lifetime), roll) == pytest.approx(NOW + days * DAY)
