"""The time by which tokens age: TikTok's; a sandbox's only where it is on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import NOW, FakeClock
from tiktok_oauth.engine.ports import NoConnectionError, Phase
from tiktok_oauth.vault.tokentime import TokenTime

if TYPE_CHECKING:
    from tests.support.vault import Town

NEAR = ["http://127.0.0.1:4010", "http://localhost:4010", "http://[::1]:4010"]
FAR = [
    "https://open.tiktokapis.com",
    "https://127.0.0.1.evil.example",
    "https://localhost.evil.example",
    "https://sandbox.example.com",
]


def made(base_url: str) -> tuple[FakeClock, TokenTime]:
    """A clock, and the token time that follows it."""
    clock = FakeClock()
    return clock, TokenTime(base_url, clock.now, clock.monotonic)


@pytest.mark.parametrize("base_url", NEAR)
def test_a_sandbox_on_this_machine_is_followed(base_url: str) -> None:
    """Between two answers the time goes on at the rate that was announced."""
    clock, time = made(base_url)
    assert time.now() == NOW

    time.observe({"x-sandbox-time": "5000", "x-sandbox-clock-rate": "4320"})
    clock.advance(2)

    assert time.now() == 5000 + 2 * 4320


def test_a_sandbox_that_tells_no_rate_runs_as_we_do() -> None:
    """The rate is one unless something else was said."""
    clock, time = made(NEAR[0])

    time.observe({"x-sandbox-time": "5000"})
    clock.advance(2)

    assert time.now() == 5002


@pytest.mark.parametrize("base_url", FAR)
def test_nobody_else_is_believed(base_url: str) -> None:
    """From any other host a header could make tokens look fresh, or dead."""
    clock, time = made(base_url)

    time.observe({"x-sandbox-time": "5000", "x-sandbox-clock-rate": "100"})
    clock.advance(2)

    assert time.now() == NOW + 2
    assert not time.is_stale


@pytest.mark.parametrize("said", ["", "soon", "-1", "1e13", "nan", "inf", "5000,1"])
def test_a_time_that_is_none_is_ignored(said: str) -> None:
    """Garbage in the header changes nothing."""
    _, time = made(NEAR[0])

    time.observe({"x-sandbox-time": said})

    assert time.now() == NOW


@pytest.mark.parametrize("said", ["", "fast", "-1", "nan", "inf"])
def test_a_rate_that_is_none_is_one(said: str) -> None:
    """Garbage in the second header does not make time stand still."""
    clock, time = made(NEAR[0])

    time.observe({"x-sandbox-time": "5000", "x-sandbox-clock-rate": said})
    clock.advance(2)

    assert time.now() == 5002


def test_a_sandbox_is_asked_once_a_second() -> None:
    """Its clock may be moved between two answers: whoever looks says so first."""
    clock, time = made(NEAR[0])
    assert time.is_stale

    time.looked()
    assert not time.is_stale
    clock.advance(1)
    assert time.is_stale
    time.observe({"x-sandbox-time": "5000"})
    assert not time.is_stale


def test_what_is_no_sandbox_is_not_asked_again() -> None:
    """A server on this machine that announces nothing has no clock of its own."""
    clock, time = made(NEAR[0])

    time.observe({})
    time.give_up()
    clock.advance(60)

    assert not time.is_stale


def test_a_sandbox_that_was_heard_is_not_given_up() -> None:
    """One answer without the header does not make it TikTok."""
    clock, time = made(NEAR[0])
    time.observe({"x-sandbox-time": "5000"})

    time.give_up()
    clock.advance(60)

    assert time.is_stale
    assert time.now() == 5060


def test_moving_a_sandboxs_clock_ages_the_tokens(town: Town) -> None:
    """A vault notices within a second, though no time has passed for it; leases stay real."""
    account = town.connect(town.vault(town.client(base_url="http://127.0.0.1:4010")))
    old = town.do(account.access_token)
    town.sandbox.advance(3 * 3600)
    assert town.do(account.access_token) == old
    town.clock.advance(1)

    new = town.do(account.access_token)

    assert new != old
    assert town.accepts(new)
    assert town.do(account.reload).access_expires_at == int(town.sandbox.now()) + 7200


def test_a_refresh_by_hand_counts_from_the_moved_clock(town: Town) -> None:
    """Not from the time of a moment ago, by which the new token would be an old one."""
    account = town.connect(town.vault(town.client(base_url="http://127.0.0.1:4010")))
    town.do(account.access_token)
    town.sandbox.advance(3 * 3600)

    state = town.do(account.refresh)

    assert state.access_expires_at == int(town.sandbox.now()) + 7200


def test_a_login_counts_from_the_moved_clock(town: Town) -> None:
    """Its ten minutes begin when the person leaves, not when the clock was last heard."""
    vault = town.vault(town.client(base_url="http://127.0.0.1:4010"))
    town.do(town.connect(vault).access_token)
    town.sandbox.advance(601)

    start = town.do(vault.begin_login)
    finished = town.do(vault.finish_login, town.callback(start.url), start.binding)

    assert finished.account.status == "active"


def test_anywhere_else_a_moved_clock_is_no_reason(town: Town) -> None:
    """The same answers from TikTok's own name age nothing."""
    account = town.connect(town.vault())
    old = town.do(account.access_token)
    town.do(account.user_info)
    town.sandbox.advance(3 * 3600)
    town.clock.advance(61)

    assert town.do(account.access_token) == old
    assert town.refreshes == 0


def unreachable(_: object) -> None:
    """Let no request through."""
    raise NoConnectionError("no connection could be made", phase=Phase.CONNECT)


def test_a_sandbox_that_cannot_be_reached_does_not_stop_anybody(town: Town) -> None:
    """Its clock is not known then, and the token that is there is served."""
    account = town.connect(town.vault(town.client(base_url="http://127.0.0.1:4010")))
    town.before = unreachable

    token = town.do(account.access_token)
    town.clock.advance(2)

    assert town.do(account.access_token) == token
