"""What the token and revoke endpoints may answer, and what we make of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.protocol.answers import (
    ACCESS,
    CLIENT,
    LOG_ID,
    REFRESH,
    TOKENS,
    answer,
    data_error,
    facts,
    oauth_error,
    refused,
)
from tests.protocol.contract import RATE, SERVER, TOKEN, UNKNOWN_SUCCESS, expected
from tiktok_oauth.protocol.token import (
    parse_client_token,
    parse_refresh,
    parse_revoke,
    parse_tokens,
)
from tiktok_oauth.types import Secret, TikTokClientToken, TikTokRefreshResponse, TikTokTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpResponse
    from tiktok_oauth.types import JsonObject

SENT = Secret("rft.the-one-that-was-sent")
VALUES = (ACCESS, REFRESH, 7200, 15552000, "-000person", "user.info.basic,video.list", "Bearer")
CLIENT_TOKEN: JsonObject = {"access_token": CLIENT, "expires_in": 7200, "token_type": "Bearer"}
parse_refreshed = partial(parse_refresh, sent=SENT)
PARSERS: dict[str, Callable[[HttpResponse], object]] = {
    "exchange": parse_tokens,
    "refresh": parse_refreshed,
    "client": parse_client_token,
}


def each(name: str, *values: object) -> list[tuple[str, object]]:
    """The same field with each of several values."""
    return [(name, value) for value in values]


def without(name: str) -> JsonObject:
    """A good answer that lacks one field."""
    return {key: value for key, value in TOKENS.items() if key != name}


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 429, 500, 503])
def test_tokens_are_tokens_at_every_status(status: int) -> None:
    """An answer that holds the tokens is a success whatever the HTTP status."""
    assert parse_tokens(answer(TOKENS, status)) == TikTokTokens(*VALUES)
    assert parse_refreshed(answer(TOKENS, status)) == TikTokRefreshResponse(*VALUES)


def test_client_token_is_read() -> None:
    """A client-credentials answer has a token and a lifetime, and nothing about a person."""
    assert parse_client_token(answer(CLIENT_TOKEN)) == TikTokClientToken(CLIENT, 7200)


@pytest.mark.parametrize("said", ["absent", None, ""])
def test_refresh_keeps_the_sent_token_when_none_comes_back(said: str | None) -> None:
    """A refresh that answers no refresh token keeps the one that was sent; an exchange fails."""
    body = without("refresh_token") if said == "absent" else TOKENS | {"refresh_token": said}

    assert parse_refreshed(answer(body)).refresh_token == SENT.reveal()
    assert facts(refused(parse_tokens, answer(body))) == UNKNOWN_SUCCESS


def test_exchange_and_refresh_take_null_scope_and_odd_bearer() -> None:
    """A scope of null is no scope, and the token type is compared without case."""
    body = TOKENS | {"scope": None, "token_type": "bearer", "new_field": {"a": [1]}}

    assert parse_tokens(answer(body)) == TikTokTokens(*VALUES[:5], "")


@pytest.mark.parametrize("escape", [r"\u0026", "&"])
def test_escaped_ampersand_is_the_same(escape: str) -> None:
    """TikTok's encoder writes an ampersand as an escape: the value is the same."""
    raw = f'{{"access_token":"a{escape}b","expires_in":7200}}'.encode()

    assert parse_client_token(answer(raw)).access_token == "a&b"


@pytest.mark.parametrize("name", ["access_token", "expires_in", "refresh_expires_in", "open_id"])
@pytest.mark.parametrize("parse", [parse_tokens, parse_refreshed], ids=["exchange", "refresh"])
def test_missing_field_is_not_repeated(parse: Callable[[HttpResponse], object], name: str) -> None:
    """A 2xx without a field we need spent its code or token, so it is not tried again."""
    error = refused(parse, answer(without(name), 200, {"x-tt-logid": LOG_ID}))

    assert facts(error) == UNKNOWN_SUCCESS
    assert (error.log_id, error.http_status, error.tiktok_code) == (LOG_ID, 200, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *each("access_token", None, 1, True, ["a"], {}, "", " ", "a\tb", "é"),
        *each("access_token", "a\n", "\x00", "a\x7f", "x" * 4097),
        *each("refresh_token", 1, [], "a b ", "a\r\nX: y", "x" * 4097),
        *each("expires_in", 0, -1, "7200", 7200.5, None, True, [], 10**12),
        *each("refresh_expires_in", 0, -5, "1", None, 10**30),
        *each("open_id", None, 5, "", "a\nb", []),
        *each("scope", 5, [], {}),
        *each("token_type", None, "mac", "", 1),
        *each("error", "invalid_thing", {"code": "odd"}),
    ],
)
@pytest.mark.parametrize("parse", [parse_tokens, parse_refreshed], ids=["exchange", "refresh"])
def test_wrong_type_or_value_is_typed(
    parse: Callable[[HttpResponse], object], name: str, value: object
) -> None:
    """A field of the wrong type or out of its range is a typed error, never repeated on 2xx."""
    body: dict[str, object] = TOKENS | {name: value}

    error = refused(parse, answer(body))

    assert not error.retryable


def test_longest_token_is_taken() -> None:
    """Tokens are opaque: 4,096 characters are fine."""
    assert parse_tokens(answer(TOKENS | {"access_token": "x" * 4096})).access_token == "x" * 4096


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("error", [oauth_error, data_error])
def test_error_in_either_shape_is_typed_by_its_string(
    name: str, error: Callable[[str], JsonObject]
) -> None:
    """``invalid_client`` is the same error at 200 and 401, as a string or as an object."""
    for status in (200, 400, 401, 500):
        response = answer(error("invalid_client"), status)

        raised = refused(PARSERS[name], response)

        assert facts(raised) == expected("invalid_client", status)
        assert (raised.tiktok_code, raised.log_id) == ("invalid_client", LOG_ID)
        assert (raised.message, raised.http_status) == ("Not today.", status)


def test_client_token_without_lifetime_is_no_token() -> None:
    """A client token nobody knows the lifetime of is an answer in no known shape."""
    error = refused(parse_client_token, answer({"access_token": CLIENT}))

    assert facts(error) == UNKNOWN_SUCCESS


def test_error_beside_tokens_is_an_error() -> None:
    """A 200 with tokens and an error string inside is the error."""
    error = refused(parse_tokens, answer(TOKENS | oauth_error("invalid_grant")))

    assert facts(error) == TOKEN


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}", b" {} "])
@pytest.mark.parametrize("status", [200, 204, 299])
def test_empty_answer_means_revoked(body: object, status: int) -> None:
    """A 2xx with an empty body or an empty object means that TikTok knew the token."""
    assert parse_revoke(answer(body, status)) is True


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("body", [oauth_error("invalid_grant"), data_error("access_token_invalid")])
def test_dead_token_counts_as_done(body: object, status: int) -> None:
    """A token TikTok does not know gives False instead of an error, at 200 too."""
    assert parse_revoke(answer(body, status)) is False


@pytest.mark.parametrize(
    "code", ["access_denied", "scope_not_authorized", "invalid_client", "invalid_request", "odd"]
)
def test_every_other_refusal_of_a_revoke_raises(code: str) -> None:
    """Nothing but a dead token counts as revoked."""
    for status in (200, 400, 401):
        error = refused(parse_revoke, answer(oauth_error(code), status))

        assert facts(error) == expected(code, status)


@pytest.mark.parametrize(
    "body",
    [
        *(b"<html></html>", b"[]", b"null", b"true", b'"ok"', b"{", b"\xff", b"[" * 10_000),
        {"data": {"error_code": 10002, "description": "no"}, "message": "error"},
    ],
)
def test_revoke_is_not_believed_in_another_shape(body: object) -> None:
    """A 2xx that is neither empty nor an empty object does not prove that anything was revoked."""
    assert facts(refused(parse_revoke, answer(body))) == UNKNOWN_SUCCESS


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (answer(b"{}", 404), SERVER),
        (answer(b"", 503), SERVER._replace(status_code=503)),
        (answer(b"", 429), RATE),
        (answer(b"", 302), UNKNOWN_SUCCESS),
        (answer(b"", 200, overflow=True), UNKNOWN_SUCCESS),
        (answer(b"", 200, {"content-encoding": "gzip"}), UNKNOWN_SUCCESS),
    ],
)
def test_revoke_needs_a_whole_answer(response: HttpResponse, wanted: object) -> None:
    """An empty body beside a failing status, cut or encoded, is no success."""
    assert facts(refused(parse_revoke, response)) == wanted
