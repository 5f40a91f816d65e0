"""A client's figures, exact on a fake clock."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import ACCESS_TOKEN, CODE, PROFILE, RESET, answer, data_error
from tiktok_oauth import CallMetrics, MetricsSnapshot

if TYPE_CHECKING:
    from tests.client.conftest import Shell
    from tests.support.scripted import FakeClock, Step
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse


def taking(clock: FakeClock, seconds: float, outcome: HttpResponse | TransportError) -> Step:
    """A step that lets time pass before it ends."""

    def step(request: HttpRequest) -> HttpResponse | TransportError:
        clock.advance(seconds)
        return outcome

    return step


def test_nothing_has_happened_yet(shell: Shell) -> None:
    """All figures are zero, rates too."""
    assert shell.call("metrics") == MetricsSnapshot(
        0, 0, {}, 0.0, 0.0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, methods={}
    )


def test_every_public_call_counts(shell: Shell) -> None:
    """Refused arguments and URL building included; each ends in a success or one code."""
    shell.script.play(answer(PROFILE), data_error("access_token_invalid"))
    shell.call("get_authorization_url")
    shell.call("get_user_info", ACCESS_TOKEN)
    shell.refused("get_user_info", ACCESS_TOKEN)
    shell.refused("exchange_code_for_tokens", "")
    shell.refused("exchange_code_for_tokens", CODE, code_verifier="short")

    figures = shell.call("metrics")
    assert (figures.requests, figures.successes) == (5, 2)
    assert figures.errors == {"TOKEN_EXPIRED": 1, "VALIDATION_ERROR": 2}
    assert (figures.success_rate, figures.error_rate) == (0.4, 0.6)
    assert {name: m.requests for name, m in figures.methods.items()} == {
        "get_authorization_url": 1,
        "get_user_info": 2,
        "exchange_code_for_tokens": 2,
    }
    assert figures.methods["get_user_info"].errors == {"TOKEN_EXPIRED": 1}
    assert figures.methods["exchange_code_for_tokens"].success_rate == 0.0


def test_retries_are_extra_attempts(shell: Shell) -> None:
    """Two calls needed a retry, one of them was saved by it; one needed none."""
    shell.script.play(RESET, answer(PROFILE), RESET, RESET, RESET, answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)
    shell.refused("get_user_info", ACCESS_TOKEN)
    shell.call("get_user_info", ACCESS_TOKEN)

    figures = shell.call("metrics")
    assert (figures.retries, figures.retry_success_rate) == (3, 0.5)
    assert figures.methods["get_user_info"].retries == 3


def test_durations_hold_waits_and_attempts(shell: Shell) -> None:
    """A call lasts from its beginning to its outcome."""
    shell.script.play(taking(shell.clock, 0.4, RESET), taking(shell.clock, 0.5, answer(PROFILE)))
    shell.call("get_user_info", ACCESS_TOKEN)

    figures = shell.call("metrics")
    assert figures.average_ms == pytest.approx(1000)
    assert figures.p50_ms == figures.p95_ms == figures.p99_ms == pytest.approx(1000)


def test_percentiles_are_of_calls(shell: Shell) -> None:
    """100 calls of 1 to 100 ms, in any order, within 2 %."""
    for milliseconds in (*range(50, 0, -1), *range(51, 101)):
        shell.script.play(taking(shell.clock, milliseconds / 1000, answer(PROFILE)))
        shell.call("get_user_info", ACCESS_TOKEN)

    figures = shell.call("metrics")
    assert figures.average_ms == pytest.approx(50.5)
    assert figures.p50_ms == pytest.approx(50, rel=0.02)
    assert figures.p95_ms == pytest.approx(95, rel=0.02)
    assert figures.p99_ms == pytest.approx(99, rel=0.02)


def test_a_snapshot_is_frozen(shell: Shell) -> None:
    """What was read stays as it was, and cannot be written to."""
    shell.refused("exchange_code_for_tokens", "")
    before = shell.call("metrics")
    shell.refused("exchange_code_for_tokens", "")

    assert before.requests == 1
    assert before.errors == {"VALIDATION_ERROR": 1}
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.requests = 5
    with pytest.raises(TypeError):
        before.errors["API_ERROR"] = 1
    with pytest.raises(TypeError):
        before.methods["x"] = before


def test_the_whole_has_the_fields_of_each_method(shell: Shell) -> None:
    """One method alone has the figures of the whole."""
    shell.refused("exchange_code_for_tokens", "")
    figures = shell.call("metrics")
    only = figures.methods["exchange_code_for_tokens"]

    assert type(only) is CallMetrics
    assert all(getattr(figures, f.name) == getattr(only, f.name) for f in dataclasses.fields(only))
