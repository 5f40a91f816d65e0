"""A login behind a website, the same with every framework."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.vault import SCOPES
from tests.web.browser import LOGIN, REDIRECT_URI, query_of

if TYPE_CHECKING:
    from tests.web.browser import Site


def test_a_login_goes_all_the_way(site: Site) -> None:
    """Start, consent, callback: then the site knows the account, and its hook heard of it."""
    browser = site.browser()

    url = browser.leave(next="/settings?tab=tiktok")
    answer = browser.get(browser.decide(url))

    assert query_of(url)["redirect_uri"] == REDIRECT_URI
    assert (answer.status, answer.location) == (303, "/settings?tab=tiktok")
    [result] = site.heard
    assert browser.shown == result.account.open_id
    assert browser.get("/profile").text.strip('"') == "Mina Okafor"
    assert result.granted == frozenset(SCOPES)


def test_without_a_next_page_a_login_leads_home(site: Site) -> None:
    """An empty field names none."""
    assert site.browser().connect(next="").location == "/"


@pytest.mark.parametrize("name", ["login", "disconnect", "webhook"])
def test_a_link_starts_nothing(site: Site, name: str) -> None:
    """What changes something takes POST only, so that no page can link to it."""
    assert site.browser().get(f"/tiktok/{name}").status == 405


@pytest.mark.parametrize("name", ["login", "disconnect"])
def test_a_form_that_is_not_the_sites_is_refused(site: Site, name: str) -> None:
    """Without the hidden field, with a made-up one, with another browser's, or from elsewhere."""
    browser, other = site.browser(), site.browser()
    good = browser.hidden(browser.get("/"))
    [field] = good
    path = f"/tiktok/{name}"

    statuses = [
        browser.submit(path, {}).status,
        browser.submit(path, {field: "f" * 64}).status,
        browser.submit(path, other.hidden(other.get("/"))).status,
        browser.submit(
            path, good, origin="https://evil.example", sec_fetch_site="cross-site"
        ).status,
        site.browser().submit(path, good).status,
    ]

    assert statuses == [403] * 5
    assert site.exchanges == 0


def test_a_login_is_bound_to_its_browser_by_a_cookie(site: Site) -> None:
    """One of its own, which only this host can set, no script reads, and which comes back."""
    browser = site.browser()
    answer = browser.press("/tiktok/login")

    [cookie] = [text for text in answer.set_cookies if text.startswith(LOGIN)]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"path=/", "max-age=600", "secure", "httponly", "samesite=lax"} <= parts
    assert not [part for part in parts if part.startswith("domain")]


def test_tiktok_shows_which_account_it_is(site: Site) -> None:
    """Nobody connects the account of the last person at this browser without seeing it."""
    assert query_of(site.browser().leave())["disable_auto_auth"] == "1"


def test_no_answer_of_a_login_is_kept_or_told_on(site: Site) -> None:
    """Addresses hold a code: no cache keeps them, and no next page hears of them."""
    browser = site.browser()
    start = browser.press("/tiktok/login")
    back = browser.get(browser.decide(start.location))

    for answer in (start, back):
        assert answer.header("cache-control") == "no-store"
        assert answer.header("referrer-policy") == "no-referrer"


def test_a_browser_holds_nothing_secret(site: Site) -> None:
    """No token of TikTok's is in a cookie, an address or a page."""
    browser = site.browser()
    answers = [browser.connect(), browser.get("/"), browser.get("/profile")]

    told = " ".join([*map(str, answers), *browser.cookies.values()])
    assert site.town.issued
    assert not [token for token in site.town.issued if token in told]


def test_two_logins_in_one_browser_do_not_disturb_each_other(site: Site) -> None:
    """Each has its own cookie; both can be finished, the older one last."""
    browser = site.browser()
    first, second = browser.leave(next="/1"), browser.leave(next="/2")

    assert browser.get(browser.decide(second)).location == "/2"
    assert browser.get(browser.decide(first)).location == "/1"


def test_only_five_logins_are_under_way_in_a_browser(site: Site) -> None:
    """A sixth takes the place of one of them."""
    browser = site.browser()
    urls = [browser.leave() for _ in range(6)]

    assert len(browser.login_cookies) == 5
    assert browser.get(browser.decide(urls[-1])).status == 303


def test_a_person_can_decline(site: Site) -> None:
    """The page says so, and nothing is stored."""
    browser = site.browser()
    answer = browser.get(browser.decide(browser.leave(), decision=False))

    assert answer.status == 401
    assert "You chose not to connect" in answer.text
    assert browser.shown == "nobody"
    assert site.exchanges == 0


def test_a_person_can_grant_less(site: Site) -> None:
    """The site hears what is missing."""
    browser = site.browser()
    browser.get(browser.decide(browser.leave(), scopes=["user.info.basic"]))

    [result] = site.heard
    assert result.granted == {"user.info.basic"}
    assert result.missing == frozenset(SCOPES) - {"user.info.basic"}


def test_a_login_that_took_too_long_is_over(site: Site) -> None:
    """Ten minutes; the page offers to start again, and its button does."""
    browser = site.browser()
    back = browser.decide(browser.leave())
    site.town.clock.advance(601)

    answer = browser.get(back)

    assert answer.status == 400
    assert "That took a little long" in answer.text
    again = browser.submit("/tiktok/login", browser.hidden(answer))
    assert again.location.startswith("https://www.tiktok.com/")
    assert site.exchanges == 0


def test_a_callback_that_is_loaded_twice_leads_home(site: Site) -> None:
    """The code is exchanged once, and the person does not see an error."""
    browser = site.browser()
    back = browser.decide(browser.leave())

    answers = [browser.get(back), browser.get(back)]

    assert [answer.status for answer in answers] == [303, 303]
    assert answers[1].location == "/"
    assert site.exchanges == 1


def test_a_replayed_callback_connects_nobody(site: Site) -> None:
    """Where nobody is connected any more, it says that the login is done."""
    browser = site.browser()
    back = browser.decide(browser.leave())
    browser.get(back)
    browser.press("/tiktok/disconnect")

    answer = browser.get(back)

    assert answer.status == 400
    assert "This login is already done" in answer.text
    assert (site.exchanges, browser.shown) == (1, "nobody")


def test_a_login_cannot_be_finished_in_another_browser(site: Site) -> None:
    """Whoever gets hold of the callback's address has nothing; the right browser still does it."""
    browser, other = site.browser(), site.browser()
    back = browser.decide(browser.leave())
    other.leave()

    refused = other.get(back)

    assert refused.status == 400
    assert "This login began somewhere else" in refused.text
    assert (site.exchanges, other.shown) == (0, "nobody")
    assert browser.get(back).status == 303


def test_a_cookie_moved_by_hand_fits_one_login_only(site: Site) -> None:
    """The states and cookies of two browsers: only what belongs together passes."""
    browser, other = site.browser(), site.browser()
    mine = browser.decide(browser.leave())
    theirs = other.decide(other.leave())
    [name], [value] = browser.login_cookies, [other.cookies[other.login_cookies[0]]]

    browser.cookies[name] = value

    assert browser.get(mine).status == browser.get(theirs).status == 400
    assert site.exchanges == 0
    assert other.get(theirs).status == 303


@pytest.mark.parametrize(
    "query",
    ["", "?code=c", "?state=", "?code=c&state=" + "f" * 64, "?error=x&state=s", "?%00=%ff&a=1;b"],
)
def test_a_made_up_callback_is_refused(site: Site, query: str) -> None:
    """Neither code nor error is believed without a login."""
    answer = site.browser().get("/tiktok/callback" + query)

    assert answer.status == 400
    assert site.exchanges == 0


def test_a_refused_exchange_starts_again(site: Site) -> None:
    """The code is spent: loading the page again would not help, so a new login is offered."""
    browser = site.browser()
    back = browser.decide(browser.leave())
    site.town.sandbox.fault("server_error", endpoint="exchange")

    answer = browser.get(back)

    assert answer.status >= 500
    assert re.search(r'<form method="post" action="/tiktok/login">', answer.text)
    assert browser.shown == "nobody"
