"""The rooms behind the door: accounts, dashboard, webhooks, keys, settings."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.service.figures.values import Census, Figures, Limits, Sample
from tiktok_oauth.service.pages.dashboard import charts, code_counts, health, row
from tiktok_oauth.service.registry.rows import Delivery
from tiktok_oauth.types import MetricsSnapshot, TikTokTokens
from tiktok_oauth.vault.fleet.progress import Progress

if TYPE_CHECKING:
    from tests.service.pages.conftest import Guest

pytestmark = pytest.mark.slow
"""Starts services."""

CALLS = MetricsSnapshot(100, 99, {}, 0.99, 0.01, 0, 0.0, 20.0, 1.0, 2.0, 3.0, methods={})
CALM = Figures(
    at=10.0,
    since=0.0,
    limits=Limits(),
    calls=CALLS,
    failures=(),
    refresher=Progress(0.0),
    is_refreshing=True,
    census=Census(0.0, {"active": 1}, 0, 0.0, (0,) * 96),
)


def adopt(guest: Guest, count: int) -> None:
    """Let that many accounts be connected."""
    for number in range(count):
        open_id = f"person-{number:02}"
        tokens = TikTokTokens(
            "act.x", f"rft.{number}", 7_200, 15_552_000, open_id, "user.info.basic"
        )
        guest.run(guest.office.vault.adopt, tokens)


def test_a_long_list_has_pages(operator: Guest) -> None:
    """Twenty-five a page; the last page says that it is."""
    adopt(operator, 27)
    first = operator.get("/accounts").text
    path = first.partition('href="/accounts?after=')[2].partition('"')[0]
    second = operator.get(f"/accounts?after={path.replace('&amp;', '&')}").text

    assert "27 accounts" in first
    assert [first.count("<tr>"), second.count("<tr>")] == [26, 3]
    assert "person-26" in second
    assert "Back to the first" in second
    assert "Show more" not in second


@pytest.mark.parametrize("words", ["person-0", "Mina", "mina ok", "mina.mak"])
def test_accounts_are_found_by_how_they_begin(operator: Guest, words: str) -> None:
    """By open_id, name and user name, in any case; wildcards are letters."""
    adopt(operator, 2)
    operator.get(operator.connect())

    assert ("person-0" if words == "person-0" else "Mina Okafor") in operator.get(
        f"/accounts?q={words}"
    ).text
    assert "Nothing found" in operator.get("/accounts?q=%25").text
    assert "Nothing found" in operator.get("/accounts?q=_ina").text


def test_a_list_can_be_narrowed_to_a_status(operator: Guest) -> None:
    """What the address says; anything else shows all."""
    adopt(operator, 1)

    assert "person-00" in operator.get("/accounts?status=active").text
    assert "Nothing found" in operator.get("/accounts?status=needs_login").text
    assert "person-00" in operator.get("/accounts?status=nonsense").text


def test_disconnecting_forgets_the_profile(operator: Guest) -> None:
    """The history stays, the name goes; its page offers a way back."""
    path = operator.connect()
    operator.get(path)

    done = operator.press(path, f"{path}/disconnect")
    page = operator.get(done.headers["location"]).text

    assert "Mina" not in page
    assert "Without a name" in page
    assert "Link to send" in page
    assert "Nothing found" in operator.get("/accounts?q=mina").text


def test_an_account_without_a_profile_is_kept(operator: Guest) -> None:
    """The code is spent, so the tokens stay even when the profile cannot be read."""
    operator.sandbox.fault("server_error", endpoint="user_info", count=9)
    page = operator.get(operator.connect()).text

    assert "Without a name" in page
    assert "could not be read yet" in page
    assert "Refresh now" in page


def test_refreshing_is_told_in_the_history(operator: Guest) -> None:
    """With the call's correlation ID, to be copied."""
    path = operator.connect()
    page = operator.get(operator.press(path, f"{path}/refresh").headers["location"]).text

    assert "<b>Refreshed</b>" in page
    assert 'data-copy="tiktok-' in page


def test_a_failed_button_leads_back_to_its_account(operator: Guest) -> None:
    """The page says what to do, with TikTok's log ID; the error's action names the button."""
    path = operator.connect()
    operator.sandbox.fault("server_error", endpoint="refresh", count=9)
    operator.sandbox.advance(10_800)
    operator.see_the_time()
    answer = operator.press(path, f"{path}/refresh")

    assert answer.status_code >= 500
    assert f'<a class="button" href="{path}">Try again</a>' in answer.text
    assert "TikTok log ID" in answer.text


def test_an_account_that_is_not_known_is_not_found(operator: Guest) -> None:
    """Neither its page nor its buttons."""
    path = "/accounts/sbawsandbox0000001/nobody"

    assert operator.get(path).status_code == 404
    assert operator.press("/keys", f"{path}/refresh").status_code == 404
    assert operator.press("/keys", f"{path}/disconnect").status_code == 404
    assert operator.get("/accounts/no-app/nobody").status_code == 404


def test_the_ledger_tells_how_each_event_was_signed(operator: Guest) -> None:
    """Current secret, previous secret, late; once more; and what it changed."""
    for number, (signature, is_late) in enumerate(
        [("current", False), ("previous", False), ("current", True), ("current", False)]
    ):
        delivery = Delivery(
            bytes([number % 3]),
            "key",
            "authorization.removed",
            "someone",
            1.0,
            time.time(),
            signature,  # type: ignore[arg-type]  # one of two
            is_late,
            "{}",
            "tiktok-1-00000000",
        )
        operator.run(operator.office.registry.record, delivery)
    operator.run(operator.office.registry.acted, bytes([0]), "needs_login")
    page = operator.get("/webhooks").text

    for words in (
        "Verified</span>",
        "by the previous secret",
        "Verified, late",
        "2 times",
        "needs a login now",
        "Not acted upon yet",
        "Access removed",
    ):
        assert words in page, words
    assert "Back to the first" in operator.get("/webhooks?before=1").text


def test_a_new_key_is_shown_once(operator: Guest) -> None:
    """In the answer to the form, never in a list; a revoked one stays to be seen."""
    made = operator.press("/keys", "/keys", name="reports", scope="read")
    key = made.text.partition('id="secret">')[2].partition("<")[0]
    revoked = operator.press("/keys", f"/keys/{key.split('_')[1]}/revoke")

    assert key.startswith("tko_")
    assert key not in operator.get("/keys").text
    assert revoked.headers["location"] == "/keys"
    assert "revoked" in operator.get("/keys").text
    assert operator.press("/keys", "/keys/000000000000/revoke").status_code == 404


@pytest.mark.parametrize(("name", "scope"), [("", "read"), ("a" * 101, "read"), ("a", "all")])
def test_a_wrong_key_is_not_made(operator: Guest, name: str, scope: str) -> None:
    """The page says what is wrong with it."""
    answer = operator.press("/keys", "/keys", name=name, scope=scope)

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_settings_show_no_secret(operator: Guest) -> None:
    """Only whether there is one."""
    page = operator.get("/settings").text

    assert "Redirect URI" in page
    assert operator.sandbox.client_secret not in page


def test_strangers_hear_no_events(stranger: Guest) -> None:
    """Their browser is told not to ask again."""
    assert stranger.get("/events").status_code == 204


def sample(at: float, **more: object) -> Sample:
    """A second in which little happened."""
    quiet = Sample(at, 0, {}, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0, "closed")
    return replace(quiet, **more)  # type: ignore[arg-type]  # fields of it


def test_charts_are_drawn_from_samples() -> None:
    """Requests, latencies, errors by code, lag; no latency where nothing was called."""
    history = [sample(1.0), sample(2.0, requests=3, p50_ms=4.0, errors={"RATE_LIMIT": 2})]
    by_name = {chart.name: chart for chart in charts(history)}

    assert by_name["requests"].series[0][1] == "0.0,150.0 600.0,60.0"
    assert (by_name["latency"].top, by_name["errors"].top) == (5.0, 2.0)
    assert dict(code_counts(history))["RATE_LIMIT"] == 2
    assert row(history[0])[:6] == [1.0, 0, None, None, None, 0.0]
    assert len(row(history[1])) == 6 + len(TikTokErrorCode)


@pytest.mark.parametrize(
    ("figures", "title"),
    [
        (CALM, "Everything runs as it should"),
        (replace(CALM, refresher=Progress(0.0, alarm=True)), "Refreshing stands still"),
        (replace(CALM, refresher=Progress(0.0, breaker="open")), "TikTok is not answering"),
        (replace(CALM, is_refreshing=False), "The refresher does not report"),
        (replace(CALM, refresher=Progress(0.0, lag=61.0)), "Refreshes are late"),
        (replace(CALM, calls=replace(CALLS, error_rate=0.06)), "Many calls fail"),
        (replace(CALM, census=Census(0.0, {}, 0, 0.0, ())), "Ready for the first account"),
    ],
)
def test_the_head_of_the_dashboard_tells_the_worst(figures: Figures, title: str) -> None:
    """In one sentence, before any figure."""
    assert health(figures).title == title
