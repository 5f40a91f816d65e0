"""The token and revoke endpoints over HTTP, word for word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import REDIRECT_URI

if TYPE_CHECKING:
    from tests.sandbox.visitor import Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

TOKEN = "/v2/oauth/token/"
MALFORMED = ("invalid_request", "The request parameters are malformed.")
ONLY_FORMS = (
    "invalid_request",
    "Only `application/x-www-form-urlencoded` is accepted as Content-Type.",
)


def test_an_exchange_answers_in_tiktoks_shape(visitor: Visitor) -> None:
    """Flat, sorted, integers for lifetimes, tokens with TikTok's look."""
    answer = visitor.exchange()

    fields = answer.json
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert list(fields) == sorted(fields)
    assert re.fullmatch(r"act\.[\w-]{64}![0-9]{4}\.u1", fields.pop("access_token"))
    assert re.fullmatch(r"rft\.[\w-]{64}![0-9]{4}\.u1", fields.pop("refresh_token"))
    assert re.fullmatch(r"-000[\w-]{32}", fields.pop("open_id"))
    assert fields == {
        "expires_in": 7_200,
        "refresh_expires_in": 15_552_000,
        "scope": "user.info.basic",
        "token_type": "Bearer",
    }


def test_a_code_has_characters_to_decode(visitor: Visitor) -> None:
    """A code ends in star, digit, bang, four digits and a data centre."""
    assert re.fullmatch(r"[\w-]{64}\*[0-9]![0-9]{4}\.u1", visitor.code())


def test_a_refresh_rotates_over_http(visitor: Visitor) -> None:
    """The new refresh token works, the old one is refused with status 200 and a log id."""
    first = visitor.exchange().json

    second = visitor.refresh(first["refresh_token"])
    again = visitor.refresh(first["refresh_token"])

    assert second.json["refresh_token"] != first["refresh_token"]
    assert again.status == 200
    assert again.json == {
        "error": "invalid_grant",
        "error_description": "Refresh token is invalid or expired.",
        "log_id": again.headers["x-tt-logid"],
    }


def test_client_credentials_give_a_client_token(visitor: Visitor) -> None:
    """No refresh token and no open_id come with it."""
    fields = visitor.call(TOKEN, grant_type="client_credentials").json

    assert fields.pop("access_token").startswith("clt.")
    assert fields == {"expires_in": 7_200, "token_type": "Bearer"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_key": ""}, MALFORMED),
        ({"client_secret": ""}, ("invalid_request", "Client secret is missed in request.")),
        ({"client_key": "unknown"}, ("invalid_client", "Client info is illegal or malformed.")),
        (
            {"client_secret": "sandbox-client-secret\n"},
            ("invalid_client", "Client info is illegal or malformed."),
        ),
        ({"client_secret": "wröng"}, ("invalid_client", "Client key or secret is incorrect.")),
        ({"grant_type": ""}, MALFORMED),
        (
            {"grant_type": "password"},
            ("unsupported_grant_type", "The grant type is not supported."),
        ),
        ({"code": "no-such-code"}, ("invalid_grant", "Authorization code is expired.")),
        ({"redirect_uri": ""}, MALFORMED),
        (
            {"redirect_uri": REDIRECT_URI + "/"},
            (
                "invalid_request",
                "Redirect_uri is not matched with the uri when requesting code.",
            ),
        ),
        (
            {"code_verifier": "wrong"},
            ("invalid_request", "Code verifier or code challenge is invalid."),
        ),
        (
            {"grant_type": "refresh_token", "refresh_token": ""},
            ("invalid_grant", "Refresh token is invalid or expired."),
        ),
        ({"grant_type": "refresh_token"}, MALFORMED),
    ],
)
def test_each_fault_has_tiktoks_words(
    visitor: Visitor, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    """An OAuth error is a 200 with error, description and log id."""
    answer = visitor.exchange(**changes)

    assert answer.status == 200
    assert list(answer.json) == ["error", "error_description", "log_id"]
    assert (answer.json["error"], answer.json["error_description"]) == expected


def test_a_code_survives_a_failed_authentication(visitor: Visitor) -> None:
    """A wrong secret does not spend the code."""
    code = visitor.code()
    visitor.exchange(code=code, client_secret="wrong")

    assert "access_token" in visitor.exchange(code=code).json


@pytest.mark.parametrize(
    "content_types",
    [
        [],
        ["application/json"],
        ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded"],
        ["application/x-www-form-urlencoded, application/x-www-form-urlencoded"],
    ],
)
def test_only_one_form_content_type_is_accepted(visitor: Visitor, content_types: list[str]) -> None:
    """JSON and a doubled header are refused, in the words that were seen."""
    headers = [("Content-Type", value) for value in content_types]

    answer = visitor.send("POST", TOKEN, b"client_key=k", headers)

    assert (answer.json["error"], answer.json["error_description"]) == ONLY_FORMS


def test_a_charset_beside_the_content_type_is_fine(visitor: Visitor) -> None:
    """``; charset=utf-8`` changes nothing."""
    headers = [("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")]

    answer = visitor.send("POST", TOKEN, b"client_key=k", headers)

    assert answer.json["error_description"] == "Client secret is missed in request."


def test_parameters_count_in_the_body_only(visitor: Visitor) -> None:
    """A query string does not stand in for the form."""
    answer = visitor.call(f"{TOKEN}?grant_type=client_credentials")

    assert answer.json["error_description"] == MALFORMED[1]


def test_unknown_parameters_are_ignored(visitor: Visitor) -> None:
    """Clients that send client_id, scope and more get their tokens."""
    answer = visitor.exchange(client_id="x", scope="video.list", token_type_hint="y")

    assert answer.json["scope"] == "user.info.basic"


def test_revoke_ends_the_grant(visitor: Visitor) -> None:
    """It answers an empty object; then neither token works, and revoking again is an error."""
    tokens = visitor.exchange().json

    revoked = visitor.call("/v2/oauth/revoke/", token=tokens["access_token"])
    again = visitor.call("/v2/oauth/revoke/", token=tokens["access_token"])

    assert (revoked.status, revoked.body) == (200, b"{}")
    assert visitor.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert again.json["error_description"] == "Access token is invalid or expired."


def test_revoke_needs_a_token(visitor: Visitor) -> None:
    """Without one the request is malformed."""
    assert visitor.call("/v2/oauth/revoke/").json["error_description"] == MALFORMED[1]


@pytest.mark.parametrize("body", [b"a=1&" * 200, b"x" * 70_000])
def test_a_body_that_no_client_sends_is_refused(visitor: Visitor, body: bytes) -> None:
    """Too many fields or too many bytes end in a 4xx, not in work."""
    headers = [("Content-Type", "application/x-www-form-urlencoded")]

    assert visitor.send("POST", TOKEN, body, headers).status in (400, 413)


def test_the_clock_ages_tokens(sandbox: Sandbox, visitor: Visitor) -> None:
    """Three hours later the access token is dead and the refresh token counts down."""
    tokens = visitor.exchange().json
    before = int(visitor.get("/").headers["x-sandbox-time"])

    sandbox.advance(10_800)

    info = visitor.get("/v2/user/info/?fields=open_id", tokens["access_token"])
    fresh = visitor.refresh(tokens["refresh_token"]).json
    assert info.status == 401
    assert 15_552_000 - fresh["refresh_expires_in"] in range(10_800, 10_810)
    assert int(info.headers["x-sandbox-time"]) - before in range(10_800, 10_810)
