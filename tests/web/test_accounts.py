"""What a site does with a connected account, the same with every framework."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.web.browser import query_of, webhook
from tiktok_oauth import WebhookEvent

if TYPE_CHECKING:
    from tests.web.browser import Browser, Site

JSON = {"accept": "application/json"}


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser whose person has connected an account."""
    browser = site.browser()
    browser.connect()
    return browser


def test_a_person_can_disconnect(site: Site, browser: Browser) -> None:
    """TikTok's tokens are dead, the row is a tombstone, and nobody is here any more."""
    account = site.heard[0].account
    token = site.town.do(account.access_token)

    answer = browser.press("/tiktok/disconnect", next="/bye")

    assert answer.location == "/bye"
    assert site.account(account.open_id).status == "disconnected"
    assert not site.town.accepts(token)
    assert browser.shown == "nobody"
    assert browser.press("/tiktok/disconnect").status == 401


def test_a_disconnect_that_fails_changes_nothing(site: Site, browser: Browser) -> None:
    """The page says that it can be tried again, and the account is as it was."""
    site.town.sandbox.fault("server_error", endpoint="revoke", count=3)

    answer = browser.press("/tiktok/disconnect")

    assert answer.status == 500
    assert "Nothing is lost" in answer.text
    assert browser.shown == site.heard[0].account.open_id
    assert browser.press("/tiktok/disconnect").status in {302, 303}


def test_nobody_disconnects_another_persons_account(site: Site, browser: Browser) -> None:
    """Knowing its name is not enough."""
    open_id = browser.shown
    other = site.browser(**({"user": "bob"} if site.name == "django" else {}))

    answer = other.press("/tiktok/disconnect", open_id=open_id)

    assert answer.status == 401
    assert site.account(open_id).status == "active"


def test_a_removal_told_by_webhook_ends_the_account(site: Site, browser: Browser) -> None:
    """From then on the site's calls ask for a new login; a second telling changes nothing."""
    open_id = browser.shown
    site.town.clock.advance(60)
    body, signature = webhook(open_id, site.town.clock.now())

    statuses = [
        site.browser().ask("POST", "/tiktok/webhook", body, tiktok_signature=signature).status
        for _ in range(2)
    ]
    page = browser.get("/profile")

    assert statuses == [200, 200]
    assert site.account(open_id).status == "needs_login"
    assert [event.event for event in site.heard[1:] if isinstance(event, WebhookEvent)] == [
        "authorization.removed"
    ] * 2
    assert page.status == 401
    assert browser.submit("/tiktok/login", browser.hidden(page)).status == 303


@pytest.mark.parametrize("wrong", ["signature", "secret", "late", "early", "body", "header"])
def test_a_webhook_that_is_not_tiktoks_is_refused(site: Site, browser: Browser, wrong: str) -> None:
    """Forged, signed with another secret, too old, from the future, altered, or not signed."""
    open_id, now = browser.shown, site.town.clock.now()
    at = now + {"late": -301, "early": 400}.get(wrong, 0)
    body, signature = webhook(open_id, at, *(["another secret"] if wrong == "secret" else []))
    if wrong == "signature":
        signature = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    headers = {} if wrong == "header" else {"tiktok_signature": signature}

    answer = site.browser().ask(
        "POST", "/tiktok/webhook", body + b" " * (wrong == "body"), **headers
    )

    assert answer.status == 400
    assert site.account(open_id).status == "active"
    assert len(site.heard) == 1


def test_a_webhook_of_a_sane_size_only_is_read(site: Site) -> None:
    """More than 1 MiB is refused, whoever signed it."""
    body, signature = b"a" * (1024 * 1024 + 1), "t=1,s=" + "0" * 64

    answer = site.browser().ask("POST", "/tiktok/webhook", body, tiktok_signature=signature)

    assert answer.status in {400, 413}


def test_a_page_asks_to_try_again_where_that_helps(site: Site, browser: Browser) -> None:
    """It says when, by header too."""
    site.town.sandbox.fault("rate_limited", endpoint="user_info", count=1, retry_after=45)

    answer = browser.get("/profile")

    assert (answer.status, answer.header("retry-after")) == (429, "45")
    assert "TikTok asks us to slow down" in answer.text
    assert '<a class="button" href="">Try again</a>' in answer.text
    assert browser.get("/profile").status == 200


def test_a_program_is_told_in_json(site: Site, browser: Browser) -> None:
    """What to do about it, and what to quote."""
    site.town.sandbox.fault("rate_limited", endpoint="user_info", count=1, retry_after=45)

    answer = browser.ask("GET", "/profile", b"", **JSON)
    told = json.loads(answer.text)["error"]

    assert answer.header("content-type") == "application/json"
    assert (told["code"], told["action"], told["retry_after"]) == ("RATE_LIMIT", "retry", 45)
    assert told["correlation_id"].startswith("tiktok-")


def test_a_missing_scope_can_be_granted_from_the_error(site: Site) -> None:
    """The page leads to TikTok's, and its cookie ties that login to the browser."""
    browser = site.browser()
    browser.get(browser.decide(browser.leave(), scopes=["user.info.basic"]))

    page = browser.get("/profile?fields=username")
    link = page.text.partition('rel="noreferrer" href="')[2].partition('"')[0]
    url = link.replace("&amp;", "&")
    answer = browser.get(browser.decide(url))

    assert page.status == 401
    assert set(query_of(url)["scope"].split(",")) == {"user.info.basic", "user.info.profile"}
    assert answer.status == 303
    assert browser.get("/profile?fields=username").status == 200


def test_a_page_for_an_account_needs_one(site: Site) -> None:
    """Without one it says so, and offers to connect one."""
    answer = site.browser().get("/profile")

    assert answer.status == 401
    assert "No TikTok account is connected." in answer.text
    assert "Connect TikTok</button>" in answer.text


def test_an_error_page_loads_nothing_from_elsewhere(site: Site) -> None:
    """Its policy forbids all but its own style; nobody may frame it."""
    answer = site.browser().get("/profile")

    assert "default-src 'none'" in answer.header("content-security-policy")
    assert "frame-ancestors 'none'" in answer.header("content-security-policy")
    assert "<script" not in answer.text
    assert "src=" not in answer.text


def test_the_last_login_is_who_is_here(site: Site, browser: Browser) -> None:
    """Somebody else's account may be connected in the same browser."""
    first = browser.shown

    browser.connect(person="ha")

    assert browser.shown != first
    assert site.account(first).status == "active"


def test_an_account_that_was_erased_is_nobodys(site: Site, browser: Browser) -> None:
    """What the session remembers of it is worth nothing then."""
    site.town.do(site.vault.erase, site.heard[0].account)

    assert browser.shown == "nobody"
    assert browser.get("/profile").status == 401
