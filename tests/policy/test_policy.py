"""May a failure be tried again, and after how long?"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.config import Jitter, RetryPolicy
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.policy import Failure, may_retry, retry_delay

Code = TikTokErrorCode
CODES = list(TikTokErrorCode)


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(), [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]),
        (RetryPolicy(base_delay=0.5, factor=3.0, max_delay=10.0), [0.5, 1.5, 4.5, 10.0]),
        (RetryPolicy(base_delay=1.0, factor=1.0), [1.0, 1.0, 1.0]),
        (RetryPolicy(base_delay=5.0, max_delay=2.0), [2.0, 2.0]),
        (RetryPolicy(base_delay=0.0), [0.0, 0.0]),
    ],
)
def test_nominal_delays_grow_to_the_cap(policy: RetryPolicy, delays: list[float]) -> None:
    """Each wait is the one before times the factor, up to the cap; the default is 100, 200 ms."""
    waits = [
        retry_delay(policy, attempt=attempt, retry_after=None, roll=0.999)
        for attempt in range(1, len(delays) + 1)
    ]

    assert waits == pytest.approx(delays)


POLICIES = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10),
    base_delay=st.floats(0, 60),
    factor=st.floats(1, 10),
    max_delay=st.floats(0, 300),
    jitter=st.sampled_from(["none", "additive", "full"]),
    max_retry_after=st.floats(0, 3600),
)
ROLLS = st.floats(0, 1, exclude_max=True)


@given(POLICIES, st.integers(1, 10), ROLLS)
def test_no_delay_of_ours_exceeds_the_cap(policy: RetryPolicy, attempt: int, roll: float) -> None:
    """Whatever the jitter draws, a wait is between nothing and ``max_delay``."""
    delay = retry_delay(policy, attempt=attempt, retry_after=None, roll=roll)

    assert delay is not None
    assert 0 <= delay <= policy.max_delay


@pytest.mark.parametrize(
    ("jitter", "low", "high"), [("none", 1.0, 1.0), ("additive", 1.0, 1.5), ("full", 0.0, 1.0)]
)
@given(roll=ROLLS)
def test_jitter_stays_in_its_bounds(jitter: Jitter, low: float, high: float, roll: float) -> None:
    """Additive jitter adds up to half; full jitter draws between nothing and the delay."""
    policy = RetryPolicy(base_delay=1.0, jitter=jitter)

    delay = retry_delay(policy, attempt=1, retry_after=None, roll=roll)

    assert delay is not None
    assert low <= delay <= high


@given(POLICIES, st.integers(1, 10), st.floats(0, 90000), ROLLS)
def test_tiktoks_wait_is_kept_or_refused(
    policy: RetryPolicy, attempt: int, retry_after: float, roll: float
) -> None:
    """We wait at least as long as TikTok asks, or not at all when it asks for too much."""
    delay = retry_delay(policy, attempt=attempt, retry_after=retry_after, roll=roll)

    if retry_after > policy.max_retry_after:
        assert delay is None
    else:
        assert delay is not None
        assert delay >= retry_after


@pytest.mark.parametrize(
    ("retry_after", "delay"), [(0.0, 0.1), (0.05, 0.1), (5.0, 5.0), (30.0, 30.0), (30.01, None)]
)
def test_retry_after_of_thirty_seconds_is_the_longest(
    retry_after: float, delay: float | None
) -> None:
    """A short wait of TikTok's does not shorten ours; more than 30 s is not waited for."""
    assert retry_delay(RetryPolicy(), attempt=1, retry_after=retry_after, roll=0.0) == delay


@pytest.mark.parametrize("code", CODES)
def test_may_retry_truth_table(code: TikTokErrorCode) -> None:
    """Retryable, attempts left, and harmless to repeat: repeatable, never sent, or a 429."""
    for retryable, never_sent, repeatable in product((True, False), repeat=3):
        failure = Failure(code, retryable, never_sent)
        harmless = repeatable or never_sent or code is Code.RATE_LIMIT
        for attempt in (1, 2, 3, 4):
            allowed = may_retry(failure, attempt=attempt, attempts=3, repeatable=repeatable)

            assert allowed is (retryable and attempt < 3 and harmless)


def test_a_video_is_not_posted_twice() -> None:
    """A call that must not be repeated is not, unless it never left or TikTok was too busy."""
    lost = Failure(Code.TIMEOUT_ERROR, retryable=True, never_sent=False)
    unsent = Failure(Code.NETWORK_ERROR, retryable=True, never_sent=True)
    busy = Failure(Code.RATE_LIMIT, retryable=True, never_sent=False)
    verdicts = [
        may_retry(failure, attempt=1, attempts=3, repeatable=False)
        for failure in (lost, unsent, busy)
    ]

    assert verdicts == [False, True, True]


def test_one_attempt_means_no_retry() -> None:
    """With a single attempt allowed nothing is ever tried again."""
    failure = Failure(Code.NETWORK_ERROR, retryable=True, never_sent=True)

    assert not may_retry(failure, attempt=1, attempts=1, repeatable=True)
