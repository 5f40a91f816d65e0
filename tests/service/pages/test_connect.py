"""Leaving, coming back, and where people go then."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.service.pages.conftest import ALLOWED_ORIGIN
from tests.service.site import SESSION_KEY
from tiktok_oauth import ValidationError
from tiktok_oauth.service.pages.invitations import Invitation, make_invitation

if TYPE_CHECKING:
    from tests.service.pages.conftest import Guest
    from tiktok_oauth.service.settings import ServiceSettings

pytestmark = pytest.mark.slow
"""Starts services."""


def invite(settings: ServiceSettings, **more: object) -> str:
    """The path of an invitation."""
    invitation = Invitation(
        until=time.time() + 60,
        client_key=settings.apps[0].client_key,
        **more,  # type: ignore[arg-type]  # whatever a row of a table has
    )
    return make_invitation(settings, SESSION_KEY, invitation).url.removeprefix(settings.public_url)


def test_somebody_connects_and_sees_what_was_granted(operator: Guest) -> None:
    """The account's page has name, counts, scopes in plain words, and its history."""
    page = operator.get(operator.connect()).text

    assert "<bdi>Mina Okafor</bdi>" in page
    assert "See public videos" in page
    assert "not granted" not in page
    assert ">Connected</b>" in page
    assert operator.get("/").headers["location"] == "/dashboard"


def test_somebody_who_is_invited_needs_no_sign_in(
    stranger: Guest, settings: ServiceSettings
) -> None:
    """The page explains, the button leads to TikTok, the end names nobody."""
    path = invite(settings, user_id="user 7")
    done = stranger.connect(path)
    page = stranger.get(done).text
    account = stranger.run(_first, stranger)

    assert done.startswith("/connect/done/")
    assert "You are connected" in page
    assert "Mina" not in page
    assert account.user_id == "user 7"


async def _first(guest: Guest) -> object:
    async for account in guest.office.vault.accounts():
        return account
    return None


def test_an_invitation_may_lead_to_the_inviting_program(
    stranger: Guest, settings: ServiceSettings
) -> None:
    """By a page, which leads on by itself; never by a redirect to another host."""
    done = stranger.connect(invite(settings, next_url=f"{ALLOWED_ORIGIN}/welcome?a=1&b=2"))
    page = stranger.get(done)

    assert done.startswith("/connect/return/")
    assert page.status_code == 200
    assert f'content="1; url={ALLOWED_ORIGIN}/welcome?a=1&amp;b=2"' in page.text


def test_an_invitation_may_lead_to_a_page_of_ours(
    stranger: Guest, settings: ServiceSettings
) -> None:
    """A path is taken as it is."""
    assert stranger.connect(invite(settings, next_url="/signin")) == "/signin"


def test_a_reconnect_link_takes_the_same_account_only(operator: Guest) -> None:
    """Somebody else's account is refused, and nothing of it is kept."""
    page = operator.get(operator.connect()).text
    link = re.search(r'value="http://localhost:8000(/connect/[^"]+)"', page)
    assert link is not None
    wrong = operator.get(operator.decide(operator.leave(link[1]), person="ha"))

    assert wrong.status_code == 400
    assert "another TikTok account" in wrong.text
    assert "Đặng" not in operator.get("/accounts").text
    assert operator.connect(link[1]).startswith("/accounts/")


def test_a_refusal_is_told_kindly(operator: Guest) -> None:
    """Nothing was stored, and another try is offered."""
    page = operator.get(operator.decide(operator.leave(), allow=False))

    assert page.status_code == 401
    assert "You chose not to connect" in page.text
    assert 'href="/connect"' in page.text
    assert operator.get("/").headers["location"] == "/connect"


def test_a_late_callback_is_told(operator: Guest) -> None:
    """After ten minutes a login has expired, and its code is not spent."""
    back = operator.decide(operator.leave())
    operator.sandbox.advance(601)
    operator.see_the_time()
    page = operator.get(back)

    assert "That took a little long" in page.text
    assert operator.exchanges == 0


def test_two_tabs_can_leave_at_once_but_not_any_number(operator: Guest) -> None:
    """Each login has a cookie of its own; of many, the browser keeps five."""
    first, second = operator.leave(), operator.leave()
    done = [
        operator.get(operator.decide(first)),
        operator.get(operator.decide(second, person="ha")),
    ]
    for _ in range(6):
        operator.leave()

    assert [answer.status_code for answer in done] == [303, 303]
    assert sum(name.startswith("login-") for name in operator.cookies) == 5


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://app.example.com@evil.example",
    "https://app.example.com:443@evil.example/",
    "https://app.example.com\\@evil.example",
    "https:app.example.com",
    "https:/app.example.com",
    "https:///app.example.com",
    "HTTPS://APP.EXAMPLE.COM",
    "https://app.example.com%2eevil.example",
    "https://app.example.com%00.evil.example",
    "https://app.example.comevil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "/%2f/evil.example",
    "/%5cevil.example",
    "/..//evil.example",
    "/./%2e%2e//evil.example",
    "/a\r\nset-cookie:x=1",
    "/a\nb",
    "/\x00",
    " /a",
    "/é",
    "https://app.example.com/\u202e",
    "",
    "?a",
    "#a",
    "a/b",
    "ftp://app.example.com/",
    "/a//b",
    "https://\u0430pp.example.com/",
    "//app.example.com",
    "https://app.example.com:8443/",
    "https://user@app.example.com/",
    "https://app.example.com /",
    "/" + "a" * 2_000,
]
PREFIXES = ["", "//", "\\", "%2f", " ", "\t"]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_nothing_leads_to_strangers(settings: ServiceSettings, url: str) -> None:
    """Whatever browsers, proxies or parsers make of an address: it is a path, or begins right."""
    for prefix in PREFIXES:
        with pytest.raises(ValidationError, match="next_url"):
            invite(settings, next_url=prefix + url)


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/a/b?next=//x#y",
        ALLOWED_ORIGIN,
        f"{ALLOWED_ORIGIN}/a?b=c",
        f"{ALLOWED_ORIGIN}?a",
        f"{ALLOWED_ORIGIN}#a",
    ],
)
def test_paths_and_return_addresses_are_allowed(settings: ServiceSettings, url: str) -> None:
    """What the settings name, to the letter."""
    assert invite(settings, next_url=url).startswith("/connect/")


@pytest.mark.parametrize(
    "more",
    [
        {"user_id": ""},
        {"user_id": "a\nb"},
        {"user_id": "x" * 256},
        {"client_key": "other"},
        {"until": 0.0},
        {"until": 9e12},
    ],
)
def test_an_invitation_is_judged_when_it_is_made(
    settings: ServiceSettings, more: dict[str, object]
) -> None:
    """A wrong name, a stranger's app, no time or too much of it."""
    values = {"until": time.time() + 60, "client_key": settings.apps[0].client_key} | more
    with pytest.raises(ValidationError):
        make_invitation(settings, SESSION_KEY, Invitation(**values))  # type: ignore[arg-type]  # as a row of the table has them
