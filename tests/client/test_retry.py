"""Attempts, waits and deadlines, the same in both clients and on a fake clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import (
    ACCESS_TOKEN,
    NOW,
    PROFILE,
    REFRESH_TOKEN,
    REFRESHED,
    REFUSED,
    RESET,
    SILENCE,
    answer,
    data_error,
    oauth_error,
)
from tiktok_oauth import (
    NetworkError,
    RateLimitError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    TikTokAPIError,
)

if TYPE_CHECKING:
    from tests.client.conftest import Shell, World
    from tests.support.scripted import FakeClock, Step
    from tiktok_oauth.config import Jitter
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

TEMPORARY = [
    (REFUSED, NetworkError, 503),
    (RESET, NetworkError, 503),
    (SILENCE, RequestTimeoutError, 504),
    (answer(b"", 429), RateLimitError, 429),
    (data_error("rate_limit_exceeded", status=429), RateLimitError, 429),
    (answer(b"", 500), ServerError, 500),
    (answer(b"<html>", 503), ServerError, 503),
    (data_error("internal_error", status=500), ServerError, 500),
    (data_error("internal_error", status=200), ServerError, 502),
    (oauth_error("temporarily_unavailable", status=503), ServerError, 503),
    (oauth_error("server_error"), ServerError, 502),
    (answer(b"<html>", 404), ServerError, 502),
]


@pytest.mark.parametrize(("failure", "kind", "status"), TEMPORARY)
def test_three_attempts_at_0_100_and_200_ms(
    shell: Shell, failure: Step, kind: type[TikTokAPIError], status: int
) -> None:
    """What may go over is tried three times on the contract's schedule, then raised."""
    shell.script.play(failure)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, kind)
    assert (error.attempts, error.action, error.status_code) == (3, "retry", status)
    assert shell.clock.pauses == [0.1, 0.2]


@pytest.mark.parametrize(("failure", "kind", "status"), TEMPORARY)
@pytest.mark.parametrize("failures", [1, 2])
def test_a_later_attempt_may_succeed(
    shell: Shell, failure: Step, kind: object, status: int, failures: int
) -> None:
    """The caller sees the answer only; every attempt sends the same request."""
    shell.script.play(*[failure] * failures, answer(PROFILE))

    assert shell.call("get_user_info", ACCESS_TOKEN).display_name == "Ada"
    assert shell.sent == failures + 1
    assert len({attempt.request for attempt in shell.script.attempts}) == 1


@pytest.mark.parametrize(
    "failure",
    [
        data_error("access_token_invalid"),
        data_error("scope_not_authorized"),
        data_error("invalid_params", status=400),
        data_error("something_new", status=400),
        oauth_error("invalid_client"),
        answer(b"garbage"),
        answer(b"", 302, location="https://elsewhere.example/"),
        answer(PROFILE, content_encoding="gzip"),
    ],
)
def test_what_will_not_change_is_tried_once(shell: Shell, failure: Step) -> None:
    """No retry for answers that the same request would get again."""
    shell.script.play(failure)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert (error.attempts, shell.sent, error.retryable) == (1, 1, False)
    assert shell.clock.pauses == []


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(shell: Shell, status: int) -> None:
    """TikTok's wish replaces a shorter delay of ours."""
    shell.script.play(answer(b"", status, retry_after="7"), answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    assert shell.clock.pauses == [7.0]


def test_retry_after_may_be_a_date(shell: Shell) -> None:
    """An HTTP date is counted from the clock's now."""
    date = format_datetime(datetime.fromtimestamp(NOW + 20, UTC), usegmt=True)
    shell.script.play(answer(b"", 429, retry_after=date), answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    assert shell.clock.pauses == [20.0]


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "1e3", "9" * 70])
def test_a_shorter_or_senseless_retry_after_changes_nothing(shell: Shell, value: str) -> None:
    """Our own schedule is the least we wait."""
    shell.script.play(answer(b"", 429, retry_after=value), answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    assert shell.clock.pauses == [0.1]


def test_a_long_retry_after_raises_at_once(shell: Shell) -> None:
    """Beyond 30 s the caller decides, with ``retry_after`` in hand; 30 s is still waited for."""
    shell.script.play(answer(b"", 429, retry_after="30"), answer(b"", 429, retry_after="31"))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, RateLimitError)
    assert (error.retry_after, error.attempts) == (31.0, 2)
    assert shell.clock.pauses == [30.0]


def test_retry_after_on_other_answers_is_ignored(shell: Shell) -> None:
    """Only 429 and 503 ask us to wait."""
    shell.script.play(answer(b"", 500, retry_after="7"))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert error.retry_after is None
    assert shell.clock.pauses == [0.1, 0.2]


def test_the_schedule_is_configurable(world: World) -> None:
    """Attempts, first delay, factor and cap are the caller's."""
    policy = RetryPolicy(attempts=5, base_delay=0.5, factor=3, max_delay=2)
    shell = world.client(retry=policy)
    shell.script.play(RESET)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert error.attempts == 5
    assert shell.clock.pauses == [0.5, 1.5, 2.0, 2.0]


@pytest.mark.parametrize(("jitter", "low", "high"), [("full", 0, 1), ("additive", 1, 1.5)])
def test_jitter_spreads_the_delays(world: World, jitter: Jitter, low: float, high: float) -> None:
    """``full`` draws below the delay, ``additive`` up to half above it; no two alike."""
    shell = world.client(retry=RetryPolicy(attempts=10, base_delay=1, factor=1, jitter=jitter))
    shell.script.play(RESET)
    shell.refused("get_user_info", ACCESS_TOKEN)

    assert all(low <= pause <= high for pause in shell.clock.pauses)
    assert len(set(shell.clock.pauses)) == 9


def test_one_attempt_may_be_all(world: World) -> None:
    """``RetryPolicy(attempts=1)`` switches retries off."""
    shell = world.client(retry=RetryPolicy(attempts=1))
    shell.script.play(RESET)

    assert shell.refused("get_user_info", ACCESS_TOKEN).attempts == 1


def taking(clock: FakeClock, seconds: float, outcome: HttpResponse | TransportError) -> Step:
    """A step that lets time pass before it ends."""

    def step(request: HttpRequest) -> HttpResponse | TransportError:
        clock.advance(seconds)
        return outcome

    return step


def test_each_attempt_has_the_whole_timeout(world: World) -> None:
    """Without a deadline a slow attempt leaves the next one its full time."""
    shell = world.client(timeout=4)
    shell.script.play(taking(shell.clock, 4, SILENCE))
    shell.refused("get_user_info", ACCESS_TOKEN)

    assert [attempt.timeout for attempt in shell.script.attempts] == [4.0, 4.0, 4.0]


def test_a_deadline_bounds_the_whole_call(world: World) -> None:
    """The last attempt gets what is left; a wait that would reach the end is not begun."""
    shell = world.client(timeout=4, deadline=6)
    shell.script.play(taking(shell.clock, 4, SILENCE), taking(shell.clock, 1.8, SILENCE))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, RequestTimeoutError)
    assert [round(attempt.timeout, 6) for attempt in shell.script.attempts] == [4.0, 1.9]
    assert (error.attempts, shell.clock.pauses) == (2, [0.1])


def test_a_deadline_cuts_a_retry_after(world: World) -> None:
    """Waiting for TikTok beyond the deadline would be in vain."""
    shell = world.client(deadline=5)
    shell.script.play(answer(b"", 429, retry_after="6"))

    assert shell.refused("get_user_info", ACCESS_TOKEN).retry_after == 6.0
    assert shell.clock.pauses == []


def test_the_last_failure_is_the_one_raised(shell: Shell) -> None:
    """Each attempt's failure stands for itself."""
    shell.script.play(RESET, answer(b"", 429), data_error("access_token_invalid"))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert (error.code, error.attempts) == ("TOKEN_EXPIRED", 3)


def test_tokens_calls_are_retried_too(shell: Shell) -> None:
    """Exchange and refresh follow the same schedule."""
    shell.script.play(RESET, SILENCE, answer(REFRESHED))
    shell.call("refresh_access_token", REFRESH_TOKEN)

    assert (shell.sent, shell.clock.pauses) == (3, [0.1, 0.2])


def test_an_error_in_an_unreadable_body_goes_by_its_status(shell: Shell) -> None:
    """An encoded body is not unpacked; a 5xx stays retryable."""
    shell.script.play(answer(b"\x1f\x8b", 500, content_encoding="gzip"))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert (error.code, error.attempts, error.status_code) == ("API_ERROR", 3, 500)
