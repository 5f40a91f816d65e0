"""How a refresher treats TikTok while TikTok is slow, down, or refuses."""

from __future__ import annotations

import pytest

from tests.support.fleet import FleetOfTests, StrictTikTok, rounds
from tests.support.scripted import REFUSED, SILENCE, answer, oauth_error

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tiktok() -> StrictTikTok:
    """The other end."""
    return StrictTikTok()


@pytest.fixture
async def vault(tiktok: StrictTikTok) -> FleetOfTests:
    """A vault without accounts."""
    return FleetOfTests(tiktok)


@pytest.mark.slow
async def test_the_pace_is_kept(vault: FleetOfTests) -> None:
    """Ten a second are allowed at first, however many are due and however often it looks."""
    for number in range(40):
        vault.connect(f"due{number}")
    fleet = vault.fleet(rate=10.0)
    asked = []

    for _ in range(20):
        await rounds(fleet)
        asked.append(len(vault.tiktok.asked))
        vault.clock.advance(0.1)

    assert asked[0] <= 3
    assert 18 <= asked[-1] <= 24


async def test_too_many_requests_slow_everybody_down(vault: FleetOfTests) -> None:
    """After a 429 the whole app waits as long as TikTok asks, then goes at half the rate."""
    vault.connect("first")
    vault.tiktok.trouble = answer(b"{}", 429, retry_after="30")
    fleet = vault.fleet(rate=100.0)
    await rounds(fleet)
    vault.tiktok.trouble = None
    vault.connect("second")

    vault.clock.advance(29.0)
    await rounds(fleet)
    assert vault.tiktok.asked == ["first"]
    vault.clock.advance(2.0)
    await rounds(fleet)

    assert vault.tiktok.asked[1] == "second"
    assert fleet.progress().rate == pytest.approx(50.0, abs=0.1)


@pytest.mark.slow
async def test_an_outage_marks_nobody_dead(vault: FleetOfTests) -> None:
    """In six hours without TikTok few requests are made, and all accounts stay as they are."""
    for number in range(50):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = answer(b"Bad gateway", 502)
    fleet = vault.fleet()

    for _ in range(360):
        await rounds(fleet)
        vault.clock.advance(60.0)

    rows = [vault.row(f"due{number}") for number in range(50)]
    assert {row.status for row in rows} == {"active"}
    assert {row.refusals for row in rows} == {0}
    # The first wave, then one probe each time the breaker half-opens, which is every 5 minutes.
    assert fleet.progress().doubtful == len(vault.tiktok.asked) <= 50 + 80
    assert any("TikTok fails" in text for text in vault.said)


@pytest.mark.slow
async def test_after_an_outage_everybody_is_refreshed(vault: FleetOfTests) -> None:
    """Once TikTok answers again, the breaker closes by degrees and all accounts get tokens."""
    for number in range(30):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = REFUSED
    fleet = vault.fleet(rate=20.0)
    await rounds(fleet)
    assert fleet.progress().breaker == "open"
    vault.tiktok.trouble = None

    for _ in range(200):
        vault.clock.advance(5.0)
        await rounds(fleet)

    assert fleet.progress().breaker == "closed"
    assert {vault.row(f"due{number}").ver for number in range(30)} == {2}
    assert "TikTok answers again." in vault.said


async def test_an_answer_nobody_has_is_doubtful(vault: FleetOfTests) -> None:
    """A silence is counted as doubtful, and the account is asked for again a second later."""
    vault.connect("due")
    vault.tiktok.trouble = SILENCE
    fleet = vault.fleet()

    await rounds(fleet)

    assert fleet.progress().doubtful == 1
    assert vault.row("due").probes == 1
    assert vault.row("due").doubt_at is not None


@pytest.mark.slow
async def test_a_poisoned_account_waits_longer_each_time(vault: FleetOfTests) -> None:
    """An account that fails alone is asked for less and less, and does not hold up others."""
    vault.connect("poisoned")
    vault.tiktok.trouble = oauth_error("invalid_request", "No.")
    fleet = vault.fleet()
    for _ in range(600):
        await rounds(fleet)
        vault.clock.advance(60.0)
    asked = len(vault.tiktok.asked)
    vault.tiktok.trouble = None
    vault.connect("healthy")

    await rounds(fleet)

    assert asked <= 12
    assert vault.row("healthy").ver == 2


@pytest.mark.slow
async def test_too_many_refusals_stop_everything(vault: FleetOfTests) -> None:
    """More than fifty refusals in five minutes are no coincidence: no more requests are made."""
    for number in range(60):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = oauth_error("invalid_grant", "Refresh token is invalid or expired.")
    fleet = vault.fleet(at_once=60)
    await rounds(fleet)
    asked = len(vault.tiktok.asked)
    vault.connect("another")

    for _ in range(14):
        vault.clock.advance(60.0)
        await rounds(fleet)

    assert len(vault.tiktok.asked) == asked == 60
    assert fleet.progress().alarm
    assert {vault.row(f"due{number}").status for number in range(60)} == {"active"}


@pytest.mark.slow
async def test_an_operator_lifts_the_alarm(vault: FleetOfTests) -> None:
    """After somebody has looked, refreshing goes on at once."""
    for number in range(60):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = oauth_error("invalid_grant", "Refresh token is invalid or expired.")
    fleet = vault.fleet()
    await rounds(fleet)
    vault.tiktok.trouble = None
    vault.connect("another")

    fleet.resume()
    vault.clock.advance(2.0)
    await rounds(fleet)

    assert vault.row("another").ver == 2


async def test_a_wrong_secret_stops_the_app(vault: FleetOfTests) -> None:
    """When TikTok refuses the app itself, one account has found out for all."""
    for number in range(20):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = oauth_error("invalid_client", "Client key or secret is incorrect.")
    fleet = vault.fleet(at_once=1)

    for _ in range(9):
        vault.clock.advance(1.0)
        await rounds(fleet)

    assert len(vault.tiktok.asked) == 1
    assert fleet.progress().breaker == "open"


async def test_retries_stay_within_the_budget(vault: FleetOfTests) -> None:
    """Of many accounts that failed once, ten are tried again; the others lose their turn only."""
    for number in range(30):
        vault.connect(f"due{number}")
    vault.tiktok.trouble = oauth_error("invalid_request", "No.")
    fleet = vault.fleet()
    await rounds(fleet)
    vault.clock.advance(2.0)

    await rounds(fleet)

    rows = [vault.row(f"due{number}") for number in range(30)]
    assert len(vault.tiktok.asked) == 40
    assert sorted(row.failures for row in rows) == [1] * 20 + [2] * 10
    assert all(row.boot is None for row in rows)


@pytest.mark.slow
async def test_accounts_that_fail_keep_nobody_from_their_turn(vault: FleetOfTests) -> None:
    """However many there are, an outage's leavings are tried beside the others, and not before."""
    fleet = vault.fleet()
    vault.tiktok.trouble = oauth_error("invalid_request", "No.")
    for number in range(400):
        vault.connect(f"failed{number}")
    for _ in range(8):
        await rounds(fleet)
        vault.clock.advance(0.1)
    assert all(vault.row(f"failed{number}").failures for number in range(400))
    vault.clock.advance(3600.0)
    for number in range(60):
        vault.connect(f"healthy{number}")
    asked, fleet = len(vault.tiktok.asked), vault.fleet(rate=10.0)

    for _ in range(80):
        await rounds(fleet)
        vault.clock.advance(0.1)

    tried = vault.tiktok.asked[asked:]
    healthy = {open_id for open_id in tried if open_id.startswith("healthy")}
    assert len(healthy) >= 50
    assert len(tried) - len(healthy) <= 20


async def test_of_those_that_fail_whom_somebody_waits_for_is_the_first(vault: FleetOfTests) -> None:
    """The others have to wait for the budget."""
    refs = [vault.connect(f"failed{number}") for number in range(30)]
    vault.tiktok.trouble = oauth_error("invalid_request", "No.")
    fleet = vault.fleet(at_once=30)
    await rounds(fleet)
    vault.clock.advance(2.0)
    vault.store.want(refs[29], vault.clock.now())

    await rounds(vault.fleet(at_once=1))

    assert vault.tiktok.asked[30:] == ["failed29"]


@pytest.mark.slow
async def test_the_pace_follows_the_sandboxs_clock(vault: FleetOfTests) -> None:
    """Where token time runs fast, ten a second are ten in one of its seconds."""
    vault.speed = 4000.0
    for number in range(40):
        vault.connect(f"due{number}")
    fleet = vault.fleet(rate=10.0)

    for _ in range(30):
        await rounds(fleet)
        vault.clock.advance(0.06)

    assert len(set(vault.tiktok.asked)) == 40
