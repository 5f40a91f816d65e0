"""Every fault, as a client on the wire sees it, and what the world has done meanwhile."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.faults import FAULTS
from tiktok_oauth.sandbox.mint import open_id
from tiktok_oauth.sandbox.rules import parse_rule

if TYPE_CHECKING:
    from tests.sandbox.visitor import Answer, Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow
"""Starts servers."""

INFO = "/v2/user/info/?fields=open_id,display_name"


@pytest.fixture
def tokens(guest: Visitor) -> dict[str, str]:
    """What an exchange gave before anything went wrong."""
    issued: dict[str, str] = guest.exchange().json
    return issued


def refresh(guest: Visitor, tokens: dict[str, str]) -> Answer:
    """Refresh once."""
    return guest.refresh(tokens["refresh_token"])


def is_dead(guest: Visitor, tokens: dict[str, str]) -> bool:
    """Whether the refresh token no longer works."""
    return "error" in refresh(guest, tokens).json


@pytest.mark.parametrize("fault", ["drop_after", "reset_after", "half_body"])
def test_an_answer_that_is_lost_has_rotated_all_the_same(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str], fault: str
) -> None:
    """TikTok rotated, and nobody heard: the worst that can happen to a token."""
    own_sandbox.fault(fault, count=1)

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        refresh(guest, tokens)

    assert is_dead(guest, tokens)
    assert own_sandbox.requests()[-2].outcome == "ok"


@pytest.mark.parametrize("fault", ["drop_before", "reset_before"])
def test_a_call_that_never_arrived_changes_nothing(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str], fault: str
) -> None:
    """The same token works once the line is up again."""
    own_sandbox.fault(fault, count=1)

    with pytest.raises(ConnectionError):
        refresh(guest, tokens)

    assert not is_dead(guest, tokens)


def test_a_reset_is_one(own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]) -> None:
    """RST, not FIN: clients treat them differently."""
    own_sandbox.fault("reset_after")
    with pytest.raises(ConnectionResetError):
        refresh(guest, tokens)
    own_sandbox.clear_faults()
    own_sandbox.fault("drop_after")
    with pytest.raises(http.client.RemoteDisconnected):
        refresh(guest, tokens)


@pytest.mark.parametrize("fault", ["slow:seconds=0.05", "trickle:seconds=0.001"])
def test_an_answer_can_take_its_time(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str], fault: str
) -> None:
    """It is whole when it comes."""
    own_sandbox.add_fault(parse_rule(fault))
    began = time.monotonic()

    answer = refresh(guest, tokens)

    assert "access_token" in answer.json
    assert time.monotonic() - began >= 0.05


def test_fewer_bytes_than_promised(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """The connection stays open, so that a client waits for the rest."""
    own_sandbox.fault("wrong_length")

    with pytest.raises(TimeoutError):
        guest.send("GET", INFO, None, [("Authorization", tokens["access_token"])], timeout=0.1)


@pytest.mark.parametrize(
    ("fault", "status", "begin"),
    [
        ("garbage", 200, b"\xff"),
        ("html", 502, b"<!doctype html>"),
        ("wrong_types", 200, b'{"access_token":76,"expires_in":"7200"'),
        ("missing_field", 200, b'{"expires_in"'),
        ("missing_field:field=open_id", 200, b'{"access_token"'),
        ("unknown_code", 400, b'{"error":"something_new"'),
        ("rate_limited", 429, b'{"error":"rate_limit_exceeded"'),
        ("server_error:status=503", 503, b'{"error":"server_error"'),
    ],
)
def test_answers_that_are_wrong(
    own_sandbox: Sandbox,
    guest: Visitor,
    tokens: dict[str, str],
    fault: str,
    status: int,
    begin: bytes,
) -> None:
    """Each in its own way."""
    own_sandbox.add_fault(parse_rule(fault))

    answer = refresh(guest, tokens)

    assert answer.status == status
    assert answer.body.startswith(begin)
    assert b'"open_id"' not in answer.body or "field=" not in fault


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [
        ("missing_field", 200, ["error"]),
        ("unknown_code", 400, "something_new"),
        ("rate_limited", 429, "rate_limit_exceeded"),
        ("server_error", 500, "internal_error"),
        ("token_expired", 401, "access_token_invalid"),
        ("revoked_elsewhere", 401, "access_token_invalid"),
        ("family_killed", 401, "access_token_invalid"),
        ("clock_jump", 401, "access_token_invalid"),
    ],
)
def test_data_calls_go_wrong_in_their_own_envelope(
    own_sandbox: Sandbox,
    guest: Visitor,
    tokens: dict[str, str],
    fault: str,
    status: int,
    expected: object,
) -> None:
    """An error object, where OAuth has a string."""
    own_sandbox.fault(fault)

    answer = guest.get(INFO, tokens["access_token"])

    assert answer.status == status
    assert expected in (answer.json["error"].get("code"), list(answer.json))


def test_a_missing_field_is_found_within_data(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """By its name."""
    own_sandbox.fault("missing_field", field="user")

    assert guest.get(INFO, tokens["access_token"]).json["data"] == {}


def test_only_a_retry_after_that_was_asked_for_is_sent(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """TikTok was never seen to send one."""
    own_sandbox.fault("rate_limited", count=1)
    own_sandbox.fault("rate_limited", retry_after=7)

    assert "retry-after" not in guest.get(INFO, tokens["access_token"]).headers
    assert guest.get(INFO, tokens["access_token"]).headers["retry-after"] == "7"


def test_an_expired_token_can_be_refreshed_and_a_lost_grant_cannot(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """The three ways to lose a token differ in what still works."""
    own_sandbox.fault("token_expired", count=1)
    guest.get(INFO, tokens["access_token"])
    renewed = refresh(guest, tokens).json

    assert guest.get(INFO, renewed["access_token"]).status == 200
    own_sandbox.fault("family_killed", count=1)
    assert is_dead(guest, renewed)
    assert is_dead(guest, renewed)


def test_a_bomb_is_small_on_the_wire(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """And 64 MB once somebody unpacks it."""
    own_sandbox.fault("gzip_bomb")

    answer = guest.get(INFO, tokens["access_token"])

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) == 64 * 1024 * 1024


def test_a_fault_is_for_one_endpoint(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """``refresh`` is not ``exchange``; ``token`` is both."""
    own_sandbox.fault("server_error", endpoint="refresh")

    assert "access_token" in guest.exchange().json
    assert refresh(guest, tokens).status == 500
    own_sandbox.fault("server_error", endpoint="token")
    assert guest.exchange().status == 500
    assert guest.get(INFO, tokens["access_token"]).status == 200


@pytest.mark.parametrize("account", ["mina", open_id(DEFAULT_APP.client_key, "mina")])
def test_a_fault_is_for_one_account(own_sandbox: Sandbox, guest: Visitor, account: str) -> None:
    """By person or by open_id; a code, a refresh token and an access token all tell whose."""
    own_sandbox.fault("server_error", account=account)
    code = guest.code()

    assert guest.exchange(code=code).status == 500
    own_sandbox.clear_faults()
    tokens = guest.exchange(code=code).json
    own_sandbox.fault("server_error", account="ha")
    assert guest.get(INFO, tokens["access_token"]).status == 200
    own_sandbox.fault("server_error", account=account)
    assert guest.get(INFO, tokens["access_token"]).status == 500
    assert refresh(guest, tokens).status == 500


def test_chances_are_the_same_in_every_run(
    own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]
) -> None:
    """A seed makes a flaky network repeatable."""
    runs = []
    for _ in range(2):
        own_sandbox.clear_faults()
        own_sandbox.fault("server_error", probability=0.5, seed=7)
        runs.append([guest.get(INFO, tokens["access_token"]).status for _ in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_burst_is_a_count(own_sandbox: Sandbox, guest: Visitor, tokens: dict[str, str]) -> None:
    """Five times, and then it is over; the ledger tells which calls it hit."""
    own_sandbox.fault("server_error", count=5)

    statuses = [guest.get(INFO, tokens["access_token"]).status for _ in range(6)]

    assert statuses == [500] * 5 + [200]
    assert [entry.fault for entry in own_sandbox.requests()[-6:]] == ["server_error"] * 5 + [""]


@pytest.mark.parametrize(
    "text",
    [
        "sloow",
        "slow:endpoint=nowhere",
        "slow:seconds=-1",
        "slow:seconds=soon",
        "slow:colour=red",
        "slow:count=0",
        "slow:probability=2",
        "html:status=99",
        "",
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(ValidationError):
        parse_rule(text)


def test_every_fault_says_what_it_does() -> None:
    """In a sentence, and no two say the same."""
    meanings = [fault.meaning for fault in FAULTS.values()]

    assert all(meaning.endswith(".") for meaning in meanings)
    assert len(set(meanings)) == len(meanings)
    assert json.dumps(meanings).isascii()
