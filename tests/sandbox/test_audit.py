"""What the sandbox tells a test that compares a token store with it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest

from tiktok_oauth.sandbox.mint import open_id

if TYPE_CHECKING:
    from tests.sandbox.visitor import Answer, Visitor

JSON = [("Content-Type", "application/json")]


def post(guest: Visitor, name: str, **fields: object) -> Answer:
    """Post JSON to a control."""
    return guest.send("POST", f"/_sandbox/{name}", json.dumps(fields).encode(), JSON)


def fingerprint(token: str) -> str:
    """Return the SHA-256 of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def refreshes(guest: Visitor) -> list[tuple[Any, ...]]:
    """Return of each refresh what was sent, what was issued and how much went out."""
    calls = guest.get("/_sandbox/requests?endpoint=refresh").json["requests"]
    return [(one["sent"], one["issued"], one["delivered"], one["outcome"]) for one in calls]


def test_a_grant_tells_which_refresh_token_lives(guest: Visitor) -> None:
    """By its generation and its fingerprint; the token itself is never told."""
    first = guest.exchange().json
    second = guest.refresh(first["refresh_token"]).json

    listed = guest.get("/_sandbox/grants")

    assert listed.json["grants"] == [
        {
            "grant_id": 1,
            "client_key": guest.sandbox.client_key,
            "person_id": "mina",
            "open_id": first["open_id"],
            "scopes": ["user.info.basic"],
            "dies": guest.sandbox.grants()[0].dies,
            "generation": 1,
            "refresh_token_sha256": fingerprint(second["refresh_token"]),
        }
    ]
    assert second["refresh_token"] not in listed.text


def test_the_ledger_tells_what_became_of_each_rotation(guest: Visitor) -> None:
    """Delivered, dropped before it was handled, dropped after it: three different rows."""
    token = guest.exchange().json["refresh_token"]
    token = guest.refresh(token).json["refresh_token"]
    for fault in ("drop_before", "drop_after"):
        post(guest, "faults", fault=fault, endpoint="refresh", count=1)
        with pytest.raises(http.client.HTTPException):
            guest.refresh(token)
    guest.refresh(token)
    guest.refresh("made elsewhere")

    assert refreshes(guest) == [
        (0, 1, "whole", "ok"),
        (1, None, "nothing", "not handled"),
        (1, 2, "nothing", "ok"),
        (1, None, "whole", "invalid_grant"),
        (None, None, "whole", "invalid_grant"),
    ]
    assert guest.sandbox.grants()[0].generation == 2


@pytest.mark.parametrize(
    ("fault", "delivered"),
    [("slow", "late"), ("half_body", "partial"), ("garbage", "changed"), ("html", "whole")],
)
def test_a_fault_says_how_much_went_out(guest: Visitor, fault: str, delivered: str) -> None:
    """Whether or not the token was rotated."""
    token = guest.sandbox.grant().refresh_token
    guest.sandbox.fault(fault, endpoint="refresh", count=1, seconds=0)
    with contextlib.suppress(http.client.HTTPException):
        guest.refresh(token)

    entry = guest.sandbox.requests()[-1]
    assert (entry.grant_id, entry.sent, entry.delivered) == (1, 0, delivered)
    assert entry.issued == (None if fault == "html" else 1)


def test_five_hundred_people_connect_at_once(guest: Visitor) -> None:
    """Each with tokens of their own, ready to be put into a store."""
    answer = post(guest, "grants", new_people=500, scopes=["video.list"]).json["grants"]
    more = post(guest, "grants", new_people=1).json["grants"]

    assert len({one["refresh_token"] for one in answer}) == 500
    assert {one["scope"] for one in answer} == {"user.info.basic,video.list"}
    assert answer[0]["open_id"] == open_id(guest.sandbox.client_key, answer[0]["person_id"])
    assert more[0]["person_id"] == "person-501"
    assert [one.refresh_token_sha256 for one in guest.sandbox.grants(limit=500)] == [
        fingerprint(one["refresh_token"]) for one in answer
    ]


def test_long_lists_come_in_pages(guest: Visitor) -> None:
    """By the number of the last one that is known."""
    guest.sandbox.populate(5)
    for _ in range(3):
        guest.refresh("x")

    grants = guest.get("/_sandbox/grants?after=3&limit=1").json["grants"]
    calls = guest.get("/_sandbox/requests?after=1&limit=1").json

    assert [one["grant_id"] for one in grants] == [4]
    assert [one["number"] for one in calls["requests"]] == [2]
    assert (calls["count"], calls["forgotten"]) == (3, 0)
    assert [c["number"] for c in guest.get("/_sandbox/requests?limit=2").json["requests"]] == [2, 3]


def test_a_grant_that_is_over_is_not_listed(guest: Visitor) -> None:
    """Revoked or expired."""
    guest.sandbox.populate(2)
    guest.sandbox.disconnect("person-1")
    assert [one.person_id for one in guest.sandbox.grants()] == ["person-2"]

    guest.sandbox.advance(15_552_000)
    assert guest.sandbox.grants() == []


@pytest.mark.slow
def test_chances_are_the_same_in_every_run_and_each_endpoint_has_its_own(guest: Visitor) -> None:
    """Two faults with seeds: calls on the one endpoint do not change the other's chances."""
    played: list[list[str]] = []
    for extra in (0, 7):
        post(guest, "reset")
        post(guest, "faults", fault="server_error", endpoint="refresh", probability=0.3, seed=7)
        post(guest, "faults", fault="unknown_code", endpoint="user_info", probability=0.5, seed=8)
        for _ in range(20):
            guest.refresh("x")
            for _ in range(extra):
                guest.get("/v2/user/info/?fields=open_id", "x")
        played.append([one.fault for one in guest.sandbox.requests(endpoint="refresh")])

    assert played[0] == played[1]
    assert 0 < played[0].count("server_error") < 20
