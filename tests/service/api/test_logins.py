"""Links that connect accounts, made over the API and followed by a person."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.service.api.conftest import problem_of
from tiktok_oauth.sandbox.catalog import DEFAULT_APP

if TYPE_CHECKING:
    from tests.service.api.conftest import Caller
    from tiktok_oauth.service.settings import ServiceSettings

SHOP = "https://shop.example.com"


@pytest.fixture
def settings(settings: ServiceSettings) -> ServiceSettings:
    """A service that may lead on to a shop."""
    return replace(settings, return_origins=(SHOP,))


@pytest.mark.slow
def test_a_link_is_made_for_a_person(caller: Caller) -> None:
    """It is the service's own, good for as long as was asked, and leads to a page."""
    body = {
        "client_key": DEFAULT_APP.client_key,
        "scopes": ["user.info.basic", "video.list"],
        "user_id": "u-1",
        "next_url": f"{SHOP}/done?step=2",
        "expires_in": 600,
    }
    answer = caller.call("POST", "/logins", "token", json=body)

    login = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert login["url"].startswith(f"{caller.office.settings.public_url}/connect/")
    assert abs(login["expires_at"] - time.time() - 600) < 5
    assert caller.http.get(login["url"]).status_code == 200


def test_everything_has_a_default(caller: Caller) -> None:
    """The first app, its own scopes, a day."""
    login = caller.call("POST", "/logins", json={}).json()

    assert abs(login["expires_at"] - time.time() - 86_400) < 5


@pytest.mark.parametrize(
    "body",
    [
        {"next_url": "https://evil.example/"},
        {"next_url": "//evil.example/"},
        {"client_key": "awunknown"},
        {"scopes": []},
        {"scopes": ["user.info.basic,video.list"]},
        {"scopes": "user.info.basic"},
        {"user_id": ""},
        {"user_id": "two\nlines"},
        {"expires_in": 0},
        {"expires_in": 90 * 86_400},
        {"state": "mine"},
        [],
    ],
)
def test_what_makes_no_sense_is_refused(caller: Caller, body: object) -> None:
    """A field that nobody knows is refused, too."""
    problem = problem_of(caller.call("POST", "/logins", json=body), 400)

    assert problem["code"] == "VALIDATION_ERROR"


@pytest.mark.slow
def test_a_body_is_json_and_says_so(caller: Caller) -> None:
    """A form, half a body or none is none."""
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = caller.call("POST", "/logins", content=b"{}", headers=headers)
        assert problem_of(answer, 415)["type"].endswith(":not-json")
    json = {"content-type": "application/json; charset=utf-8"}
    for body in (b"", b"{", b'{"user_id": "\xff"}', b"[" * 100_000):
        problem_of(caller.call("POST", "/logins", content=body, headers=json), 400)
    zipped = {**json, "content-encoding": "gzip"}
    problem_of(caller.call("POST", "/logins", content=b"{}", headers=zipped), 415)
