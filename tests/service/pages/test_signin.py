"""Ways in, and how often somebody may be wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.service.pages.conftest import LINK_TOKEN
from tests.service.site import SESSION_KEY, settings_for
from tiktok_oauth import KeyRing
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.office import open_office
from tiktok_oauth.service.signin.passwords import hash_password
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.service.pages.conftest import Guest

pytestmark = pytest.mark.slow
"""Starts services."""


def test_the_link_lets_one_browser_in_once(stranger: Guest, new_guest: Callable[[], Guest]) -> None:
    """Whoever comes second is told so; whoever is in already is led on."""
    opened = stranger.get(f"/signin/{LINK_TOKEN}")
    second = new_guest().get(f"/signin/{LINK_TOKEN}")

    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert stranger.get("/").headers["location"] == "/connect"
    assert second.status_code == 403
    assert "used already" in second.text
    assert stranger.get(f"/signin/{LINK_TOKEN}").headers["location"] == "/"


def test_looking_ahead_does_not_use_the_link_up(stranger: Guest) -> None:
    """A chat program's HEAD and a browser's prefetch leave it to the person."""
    looks = [
        stranger.call("HEAD", f"/signin/{LINK_TOKEN}"),
        stranger.get(f"/signin/{LINK_TOKEN}", **{"sec-purpose": "prefetch"}),
    ]

    assert [answer.status_code for answer in looks] == [204, 204]
    assert stranger.get(f"/signin/{LINK_TOKEN}").headers["location"] == "/"


@pytest.mark.parametrize("token", ["wrong", "é", "x" * 5_000, "%00"])
def test_another_link_lets_nobody_in(stranger: Guest, token: str) -> None:
    """However it looks."""
    assert stranger.get(f"/signin/{token}").status_code == 403
    assert stranger.get("/keys").headers["location"] == "/signin"


def test_a_key_lets_in_for_as_long_as_it_is_good(stranger: Guest) -> None:
    """Revoking it ends the sessions it has opened."""
    made = stranger.run(stranger.office.registry.create_key, "a", "admin")
    entered = stranger.press("/signin", "/signin", key=f" {made.secret.reveal()} ")

    assert entered.headers["location"] == "/"
    assert stranger.get("/keys").status_code == 200
    stranger.run(stranger.office.registry.revoke_key, made.key.key_id)
    assert stranger.get("/keys").headers["location"] == "/signin"


@pytest.mark.parametrize("scope", ["read", "token"])
def test_a_lesser_key_lets_nobody_in(stranger: Guest, scope: str) -> None:
    """Neither does one that was changed by a letter."""
    made = stranger.run(stranger.office.registry.create_key, "a", scope)
    admin = stranger.run(stranger.office.registry.create_key, "b", "admin").secret.reveal()
    changed = admin[:-1] + ("A" if admin[-1] != "A" else "B")

    for key in (made.secret.reveal(), changed, "tko_", ""):
        assert stranger.press("/signin", "/signin", key=key).status_code == 403
    assert stranger.get("/keys").headers["location"] == "/signin"


def test_guessing_ends_after_five_tries(stranger: Guest) -> None:
    """Then even the right key has to wait, and is told how long."""
    made = stranger.run(stranger.office.registry.create_key, "a", "admin")
    answers = [stranger.press("/signin", "/signin", key=f"guess {n}") for n in range(6)]
    right = stranger.press("/signin", "/signin", key=made.secret.reveal())

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 61


def test_links_are_not_guessed_either(stranger: Guest) -> None:
    """Wrong ones count like wrong keys."""
    answers = [stranger.get(f"/signin/guess-{number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]


def test_whoever_is_in_needs_no_door(operator: Guest) -> None:
    """The door leads on."""
    assert operator.get("/signin").headers["location"] == "/"


def test_signing_out_is_for_good(operator: Guest) -> None:
    """The browser's next page is the door, and a copy of its cookie opens nothing either."""
    copied = operator.cookies["session"]
    left = operator.press("/keys", "/signout")

    assert (left.headers["location"], left.headers["clear-site-data"]) == (
        "/signin",
        '"cache", "storage"',
    )
    assert operator.get("/keys").headers["location"] == "/signin"
    operator.cookies["session"] = copied
    assert operator.get("/keys").headers["location"] == "/signin"


@pytest.fixture
def behind_https(tmp_path: Path) -> Iterator[TestClient]:
    """A service that browsers reach by https, with a password."""
    origin = "https://login.example.com"
    settings = replace(
        settings_for(tmp_path, "memory:", origin=origin),
        password_hash=Secret(hash_password(Secret("correct horse"))),
    )
    office = open_office(settings, KeyRing.generate(), SESSION_KEY)
    with TestClient(create_app(office), base_url=origin, follow_redirects=False) as client:
        yield client


def test_a_password_lets_in_and_cookies_stay_with_https(behind_https: TestClient) -> None:
    """Every cookie is Secure, HttpOnly, Lax, of this host and of no domain."""
    page = behind_https.get("/signin")
    token = re.search(r'name="token" value="(\w+)"', page.text)
    assert token is not None
    wrong = behind_https.post("/signin", data={"token": token[1], "password": "wrong"})
    right = behind_https.post("/signin", data={"token": token[1], "password": "correct horse"})
    token = re.search(r'name="token" value="(\w+)"', behind_https.get("/connect").text)
    assert token is not None
    left = behind_https.post("/connect", data={"token": token[1]})

    assert (wrong.status_code, right.status_code, left.status_code) == (403, 303, 303)
    for answer, name in ((page, "session"), (right, "session"), (left, r"login-\w{16}")):
        [line] = answer.headers.get_list("set-cookie")
        assert re.fullmatch(
            rf"__Host-{name}=[\w-]+; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax; Secure", line
        )


def test_over_http_cookies_are_kept_from_scripts(stranger: Guest) -> None:
    """On loopback there is no https to tie them to."""
    line = stranger.get("/signin").headers["set-cookie"]

    assert re.fullmatch(r"session=[\w-]+; HttpOnly; Max-Age=43200; Path=/; SameSite=lax", line)
