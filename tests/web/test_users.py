"""Sites with users of their own: an account belongs to the one who connected it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.browser import Site


def test_a_login_is_finished_by_the_user_who_began_it(user_site: Site) -> None:
    """Somebody else who has signed in meanwhile, in the same browser, gets nothing."""
    browser = user_site.browser(user="ada")
    back = browser.decide(browser.leave())
    if user_site.name == "django":
        browser.sign_in("bob")  # type: ignore[attr-defined]  # Django's browser has sessions
    else:
        browser.user = "bob"

    answer = browser.get(back)

    assert answer.status == 400
    assert "This login began somewhere else" in answer.text
    assert user_site.exchanges == 0


def test_a_users_account_is_there_in_every_browser_of_theirs(user_site: Site) -> None:
    """And in nobody else's."""
    user_site.browser(user="ada").connect()

    assert user_site.browser(user="ada").shown == user_site.heard[0].account.open_id
    assert user_site.browser(user="bob").shown == "nobody"


def test_only_a_user_may_connect(session_site: Site) -> None:
    """Whoever is not signed in to the site is told to."""
    answer = session_site.browser().press("/tiktok/login")

    assert answer.status == 401
    assert "Sign in first" in answer.text


def test_a_session_is_worth_nothing_to_the_next_user(session_site: Site) -> None:
    """One who signs in after another in the same browser does not have their account."""
    browser = session_site.browser(user="ada")
    browser.connect()
    assert browser.shown == session_site.heard[0].account.open_id

    browser.user = "bob"

    assert browser.shown == "nobody"
    assert browser.press("/tiktok/disconnect").status == 401
    assert session_site.account(session_site.heard[0].account.open_id).user_id == "ada"


def test_nobodys_account_is_not_everybodys(session_site: Site) -> None:
    """One that was connected elsewhere, without a user, is not for those who are not signed in."""
    account = session_site.town.connect(session_site.vault)

    for user in ({}, {"user": "ada"}):
        answer = session_site.browser(**user).press("/tiktok/disconnect", open_id=account.open_id)
        assert answer.status == 401

    assert session_site.account(account.open_id).status == "active"


def test_a_user_chooses_which_account_to_disconnect(session_site: Site) -> None:
    """By its open_id, where there are several."""
    browser = session_site.browser(user="ada")
    browser.connect()
    browser.connect(person="ha")
    first, second = (result.account.open_id for result in session_site.heard)

    browser.press("/tiktok/disconnect", open_id=first)

    assert session_site.account(first).status == "disconnected"
    assert browser.shown == second


@pytest.mark.parametrize("name", ["starlette", "fastapi", "flask"])
def test_signing_out_leaves_the_account_connected(
    open_site: Callable[..., Site], name: str
) -> None:
    """The session forgets it, and nothing else happens."""
    site = open_site(name)
    browser = site.browser()
    browser.connect()

    answer = browser.press("/tiktok/logout", next="/bye")

    assert answer.location == "/bye"
    assert browser.shown == "nobody"
    assert site.account(site.heard[0].account.open_id).status == "active"
