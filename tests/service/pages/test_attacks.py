"""What strangers try on the pages, and what comes of it."""

from __future__ import annotations

import re
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.service.pages.conftest import LINK_TOKEN, Guest
from tests.service.site import ORIGIN, SESSION_KEY
from tests.support.leaks import shows
from tiktok_oauth.sandbox.catalog import Person
from tiktok_oauth.service.airlock.local import LocalAirlock
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.pages.invitations import Invitation, Return, make_invitation
from tiktok_oauth.service.signin.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth import Sandbox
    from tiktok_oauth.service.airlock.port import Finished
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings

pytestmark = pytest.mark.slow
"""Starts services."""

FORM = "application/x-www-form-urlencoded"
PRIVATE = [
    "/",
    "/accounts",
    "/accounts/a/b",
    "/connect",
    "/dashboard",
    "/webhooks",
    "/keys",
    "/settings",
]
PUBLIC = [
    "/signin",
    "/connect/forged",
    "/connect/done/forged",
    "/connect/return/forged",
    "/callback",
    "/nothing",
    "/static/style/ground.css",
    "/events",
]
BUTTONS = [
    "/connect",
    "/keys",
    "/keys/abc/revoke",
    "/accounts/a/b/refresh",
    "/accounts/a/b/disconnect",
    "/signout",
]
MARKUP = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "\"><svg onload=document.title='owned'>",
    "' autofocus onfocus=document.title='owned' x='",
    "</title><script>document.title='owned'</script>",
    "{{ 7 * 7 }}${7*7}<%= 7*7 %>",
    "javascript:document.title='owned'",
    "<a href=javascript:document.title='owned'>x</a>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "\\u003cscript\\u003edocument.title='owned'\\u003c/script\\u003e",
]


def state_of(url: str) -> str:
    """The state in an authorization URL."""
    return parse_qs(urlsplit(url).query)["state"][0]


@pytest.mark.parametrize("path", PRIVATE + PUBLIC)
def test_every_answer_is_guarded(stranger: Guest, settings: ServiceSettings, path: str) -> None:
    """No frame, no foreign script, no referrer, no cache: whatever the page."""
    headers = stranger.get(path).headers

    assert headers["content-security-policy"] == settings.content_security_policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    wanted = "no-cache" if path.startswith("/static") else "no-store"
    assert headers["cache-control"] == wanted


def test_the_policy_allows_no_inline_code(operator: Guest, settings: ServiceSettings) -> None:
    """Neither script nor style in a page, and forms lead nowhere but to consent."""
    operator.connect()
    policy = settings.content_security_policy

    assert "unsafe" not in policy
    assert "form-action 'self' http://127.0.0.1:4010;" in policy
    for path in PRIVATE:
        page = operator.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page), path


@pytest.mark.parametrize("path", PRIVATE)
def test_pages_want_a_sign_in(stranger: Guest, path: str) -> None:
    """Strangers are led to the door."""
    answer = stranger.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")


@pytest.mark.parametrize("path", BUTTONS)
def test_a_form_from_elsewhere_is_refused(
    operator: Guest, new_guest: Callable[[], Guest], path: str
) -> None:
    """No token, a wrong one, another browser's, another site's page, another kind of body."""
    other = new_guest()
    mine, theirs = operator.token("/keys"), other.token("/signin")
    tries = [
        operator.call("POST", path),
        operator.call("POST", path, data={"token": "0" * 64}),
        operator.call("POST", path, data={"token": "é"}),
        operator.call("POST", path, data={"token": theirs}),
        operator.call("POST", path, data={"token": mine}, headers={"sec-fetch-site": "cross-site"}),
        operator.call("POST", path, data={"token": mine}, headers={"sec-fetch-site": "same-site"}),
        operator.call(
            "POST", path, data={"token": mine}, headers={"origin": "https://evil.example"}
        ),
        operator.call("POST", path, json={"token": mine}),
        operator.call("POST", path, content=b"token=\xff", headers={"content-type": FORM}),
        operator.call("POST", path, data={"token": mine, "x": "y" * 20_000}),
    ]

    assert [answer.status_code for answer in tries] == [403] * len(tries)
    assert operator.get("/keys").status_code == 200


def test_no_button_works_by_a_link(operator: Guest) -> None:
    """What changes something is a POST: a picture on another site can start nothing."""
    path = operator.connect()

    for button in (f"{path}/refresh", f"{path}/disconnect", "/signout", "/keys/abc/revoke"):
        assert operator.get(button).status_code == 405, button
    assert operator.get(path).status_code == 200


def test_a_session_has_another_id_after_each_step(stranger: Guest) -> None:
    """Who plants a cookie before somebody signs in is left with a stranger's session."""
    stranger.get("/signin")
    planted = dict(stranger.cookies)
    stranger.sign_in()
    signed_in = dict(stranger.cookies)
    stranger.press("/keys", "/signout")

    assert len({planted["session"], signed_in["session"], stranger.cookies["session"]}) == 3
    assert stranger.get("/keys").headers["location"] == "/signin"
    stranger.cookies = planted
    assert stranger.get("/keys").headers["location"] == "/signin"


def test_a_session_cannot_be_written_by_others(operator: Guest) -> None:
    """A changed letter anywhere, or nothing but the text, is nobody's session."""
    cookie = operator.cookies["session"]
    for place in range(0, len(cookie), 7):
        letter = "A" if cookie[place] != "A" else "B"
        operator.cookies = {"session": cookie[:place] + letter + cookie[place + 1 :]}
        assert operator.get("/keys").headers.get("location") == "/signin", place
    operator.cookies = {"session": f"{cookie}="}
    assert operator.get("/keys").headers.get("location") == "/signin"


def test_only_the_browser_that_left_comes_back(
    operator: Guest, new_guest: Callable[[], Guest]
) -> None:
    """Sixteen pairs of state and cookie: absent, wrong, another login's, the right one."""
    attacker = new_guest()
    attacker.sign_in()
    theirs = attacker.leave()
    other_cookie = next(v for n, v in attacker.cookies.items() if n.startswith("login-"))
    mine = operator.leave()
    name, cookie = next(one for one in operator.cookies.items() if one[0].startswith("login-"))
    code = operator.decide(mine).partition("code=")[2].partition("&")[0]
    states = {"absent": "", "wrong": "f" * 64, "other": state_of(theirs), "right": state_of(mine)}
    cookies = {"absent": "", "wrong": "x" * 43, "other": other_cookie, "right": cookie}
    passed = []
    for state_name, state in states.items():
        for cookie_name, value in cookies.items():
            session = operator.cookies["session"]
            operator.cookies = {"session": session} | ({name: value} if value else {})
            if operator.get(f"/callback?code={code}&state={state}").status_code == 303:
                passed.append((state_name, cookie_name))

    assert passed == [("right", "right")]
    assert operator.exchanges == 1


def test_a_stolen_callback_is_refused_in_another_browser(operator: Guest, stranger: Guest) -> None:
    """It gets a page that says so; the code is not spent, and its owner still comes in."""
    back = operator.decide(operator.leave())

    stolen = stranger.get(back)

    assert stolen.status_code == 400
    assert "another browser" in stolen.text
    assert operator.exchanges == 0
    assert operator.get(back).status_code == 303


def test_a_second_callback_leads_to_the_same_page(operator: Guest) -> None:
    """Loaded twice, one after the other or at once, a callback exchanges one code."""
    back = operator.decide(operator.leave())
    first, again = operator.get(back), operator.get(back)
    other = operator.decide(operator.leave(), person="ha")
    cookies = dict(operator.cookies)
    with ThreadPoolExecutor(2) as threads:
        guests = [Guest(operator.http, operator.office, operator.sandbox, cookies)] * 2
        both = list(threads.map(lambda guest: guest.get(other), guests))

    assert first.headers["location"] == again.headers["location"]
    assert {answer.headers["location"] for answer in both} == {both[0].headers["location"]}
    assert operator.exchanges == 2


def test_an_invitation_cannot_be_forged(stranger: Guest, office_link: str) -> None:
    """Changed, cut short, or signed for something else, it is no invitation."""
    text = office_link.rpartition("/")[2]
    other_kind = Signer(SESSION_KEY, Return).sign(Return(until=9e9, url="https://evil.example"))
    forged = [text[:-1], f"{text}A", "A" * 9_000, "é", other_kind]
    forged += [
        text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        for at in range(0, len(text), 11)
    ]

    assert stranger.get(f"/connect/{text}").status_code == 200
    for one in forged:
        assert stranger.get(f"/connect/{one}").status_code == 404, one


@pytest.fixture
def office_link(unclosed_office: Office) -> str:
    """An invitation."""
    key = unclosed_office.settings.apps[0].client_key
    invitation = Invitation(until=time.time() + 60, client_key=key)
    return make_invitation(unclosed_office.settings, SESSION_KEY, invitation).url


def test_an_expired_invitation_says_so(stranger: Guest, settings: ServiceSettings) -> None:
    """It was ours; its button starts nothing."""
    invitation = Invitation(until=time.time() - 1, client_key=settings.apps[0].client_key)
    path = f"/connect/{Signer(SESSION_KEY, Invitation).sign(invitation)}"

    page = stranger.get(path)

    assert page.status_code == 410
    assert "has expired" in page.text
    token = stranger.token("/signin")
    assert stranger.call("POST", path, data={"token": token}).status_code == 410


@pytest.mark.parametrize("text", MARKUP)
def test_a_name_is_never_markup(operator: Guest, sandbox: Sandbox, text: str) -> None:
    """Name, user name and bio come out as text on every page that shows them."""
    sandbox.add_person(Person("strange", text, "strange", text))
    path = operator.connect(person="strange")

    pages = operator.get(path).text + operator.get("/accounts").text

    assert "<script>" not in pages
    assert not re.search(r"<(img|svg|a|meta)[^>]*owned", pages)
    assert not re.search(r"<[^>]*\son\w+=", pages)
    assert "evil.example>" not in pages


def test_pictures_are_never_fetched_here(operator: Guest, sandbox: Sandbox) -> None:
    """The service asks TikTok for profiles, and nobody for pictures."""
    path = operator.connect()
    picture = re.search(r'<img class="avatar" src="([^"]+)"', operator.get(path).text)

    assert picture is not None
    assert {call.endpoint for call in sandbox.requests()} <= {"exchange", "user_info"}


def test_no_page_shows_a_secret(operator: Guest, settings: ServiceSettings) -> None:
    """Tokens, secrets, verifiers and session keys stay inside."""
    path = operator.connect()
    pages = "".join(operator.get(each).text for each in (*PRIVATE, path, "/accounts?q=mina"))

    for mark in (
        "act.",
        "rft.",
        settings.apps[0].client_secret.reveal(),
        SESSION_KEY.reveal(),
        "code_verifier",
        LINK_TOKEN,
    ):
        assert mark not in pages, mark


def test_the_code_stays_in_no_address(operator: Guest) -> None:
    """The answer to the callback leads to a clean one, which no page reveals by its referrer."""
    back = operator.get(operator.decide(operator.leave()))

    assert back.status_code == 303
    assert "code" not in back.headers["location"]
    assert back.headers["referrer-policy"] == "no-referrer"


class BrokenAirlock(LocalAirlock):
    """One with a bug."""

    async def finish_login(self, query: str, binding: str) -> Finished:
        """Fails."""
        raise RuntimeError


def test_a_bug_shows_nobodys_code(unclosed_office: Office) -> None:
    """The page that handles it names it in no local: reports of errors may hold them."""
    office = replace(unclosed_office, airlock=BrokenAirlock(unclosed_office.vault))
    with (
        TestClient(create_app(office), base_url=ORIGIN) as http,
        pytest.raises(RuntimeError) as caught,
    ):
        http.get("/callback?state=s&code=CANARY")
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    [page] = [frame for frame in frames if frame.f_code.co_name == "come_back"]

    assert not shows(repr(page.f_locals))


@pytest.mark.parametrize(
    "path",
    [
        "/callback?state=%FF&code=%FF",
        "/callback?" + "a=1&" * 2_000,
        "/accounts/%FF%0D%0AX-Evil:1/x",
        "/accounts/..%2F..%2Fetc%2Fpasswd/x",
        "/accounts?after=%00%20%00&status='--",
        "/accounts?q=%25_%00%F0%9F%98%80",
        "/webhooks?before=99999999999999999999",
        "/static/../pages/routes.py",
        "/static/%2e%2e/words/common.py",
        "/%2F%2Fevil.example",
    ],
)
def test_noise_is_no_crash(operator: Guest, path: str) -> None:
    """It ends in a page, and in no header."""
    answer = operator.get(path)

    assert answer.status_code in {200, 400, 404}
    assert "x-evil" not in answer.headers
