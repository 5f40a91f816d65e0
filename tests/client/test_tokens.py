"""Exchange, refresh and client credentials, from both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import KEY, REDIRECT_URI, SECRET
from tests.support.scripted import (
    ACCESS_TOKEN,
    CLIENT_TOKEN,
    CODE,
    NEXT_REFRESH_TOKEN,
    OPEN_ID,
    REFRESH_TOKEN,
    REFRESHED,
    REFUSED,
    RESET,
    SILENCE,
    TOKENS,
    UNCONNECTED,
    VERIFIER,
    answer,
    oauth_error,
)
from tiktok_oauth import (
    InvalidTokenError,
    TikTokClientToken,
    TikTokRefreshResponse,
    TikTokTokens,
)

if TYPE_CHECKING:
    from tests.client.conftest import Shell
    from tests.support.scripted import Step

TOKEN_URL = "https://open.tiktokapis.com/v2/oauth/token/"


def test_a_code_becomes_tokens(shell: Shell) -> None:
    """The exchange returns what TikTok answered, lifetimes included."""
    shell.script.play(answer(TOKENS))
    tokens = shell.call("exchange_code_for_tokens", CODE)

    assert tokens == TikTokTokens(
        access_token=ACCESS_TOKEN,
        refresh_token=REFRESH_TOKEN,
        expires_in=7200,
        refresh_expires_in=15552000,
        open_id=OPEN_ID,
        scope="user.info.basic,video.upload",
    )
    assert tokens.scopes == {"user.info.basic", "video.upload"}


def test_an_exchange_is_one_form(shell: Shell) -> None:
    """The code goes out encoded once, with the secret in the body and nothing in the URL."""
    shell.script.play(answer(TOKENS))
    shell.call("exchange_code_for_tokens", CODE, code_verifier=VERIFIER)

    [attempt] = shell.script.attempts
    assert (attempt.request.method, attempt.request.url) == ("POST", TOKEN_URL)
    assert attempt.form == {
        "client_key": KEY,
        "client_secret": SECRET,
        "code": CODE,
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    assert attempt.headers["content-type"] == "application/x-www-form-urlencoded"
    assert attempt.headers["accept-encoding"] == "identity"
    assert attempt.headers["user-agent"].startswith("tiktok-oauth/")
    assert (attempt.timeout, attempt.limit) == (10.0, 64 * 1024)


def test_the_exchange_can_name_its_redirect_uri(shell: Shell) -> None:
    """The redirect URI of the login goes before the configured one."""
    shell.script.play(answer(TOKENS))
    shell.call("exchange_code_for_tokens", CODE, redirect_uri="https://other.example.com/cb")

    assert shell.script.attempts[0].form["redirect_uri"] == "https://other.example.com/cb"


def test_a_refresh_returns_the_token_to_keep(shell: Shell) -> None:
    """The new refresh token replaces the one that was sent."""
    shell.script.play(answer(REFRESHED))
    renewed = shell.call("refresh_access_token", REFRESH_TOKEN)

    assert isinstance(renewed, TikTokRefreshResponse)
    assert renewed.refresh_token == NEXT_REFRESH_TOKEN
    assert shell.script.attempts[0].form == {
        "client_key": KEY,
        "client_secret": SECRET,
        "grant_type": "refresh_token",
        "refresh_token": REFRESH_TOKEN,
    }


def test_a_refresh_without_a_new_token_keeps_the_old_one(shell: Shell) -> None:
    """The value always carries the refresh token to keep."""
    shell.script.play(answer({k: v for k, v in TOKENS.items() if k != "refresh_token"}))

    assert shell.call("refresh_access_token", "rft.old").refresh_token == "rft.old"


def test_a_client_token_belongs_to_the_app(shell: Shell) -> None:
    """The client-credentials grant needs no redirect URI and no person."""
    shell.script.play(answer(CLIENT_TOKEN))

    assert shell.call("get_client_access_token") == TikTokClientToken("clt.Example", 7200)
    assert shell.script.attempts[0].form == {
        "client_key": KEY,
        "client_secret": SECRET,
        "grant_type": "client_credentials",
    }


SPENDING = [
    ("exchange_code_for_tokens", CODE),
    ("refresh_access_token", REFRESH_TOKEN),
]


@pytest.mark.parametrize(("method", "grant"), SPENDING)
@pytest.mark.parametrize("lost", [RESET, SILENCE, answer(b"", 500), answer(b"<html>", 502)])
def test_a_grant_refused_after_a_lost_answer_was_probably_spent(
    shell: Shell, method: str, grant: str, lost: Step
) -> None:
    """The error says so, and that the person must consent again."""
    shell.script.play(lost, oauth_error("invalid_grant", "Authorization code is expired."))
    error = shell.refused(method, grant)

    assert isinstance(error, InvalidTokenError)
    assert (error.attempts, error.lost_in_flight) == (2, True)
    assert "lost on the way" in error.hint


@pytest.mark.parametrize(("method", "grant"), SPENDING)
@pytest.mark.parametrize("harmless", [REFUSED, UNCONNECTED, answer(b"", 429)])
def test_a_grant_refused_after_nothing_was_handled_is_just_dead(
    shell: Shell, method: str, grant: str, harmless: Step
) -> None:
    """What never reached TikTok, or was turned away at the door, spends nothing."""
    shell.script.play(harmless, oauth_error("invalid_grant", "Authorization code is expired."))
    error = shell.refused(method, grant)

    assert (error.attempts, error.lost_in_flight) == (2, False)


@pytest.mark.parametrize(("method", "grant"), SPENDING)
def test_a_grant_refused_at_once_was_not_lost(shell: Shell, method: str, grant: str) -> None:
    """Without an earlier attempt there is nothing to lose."""
    shell.script.play(oauth_error("invalid_grant", "Refresh token is invalid or expired."))
    error = shell.refused(method, grant)

    assert (error.attempts, error.lost_in_flight) == (1, False)
    assert (error.http_status, error.status_code) == (200, 401)
    assert (error.tiktok_code, error.log_id) == ("invalid_grant", "202609210000AAAA")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"<html>",
        b"[]",
        b'"text"',
        b"null",
        b'{"access_token":',
        b"{}",
        {**TOKENS, "access_token": None},
        {**TOKENS, "access_token": 5},
        {**TOKENS, "expires_in": "soon"},
        {**TOKENS, "expires_in": None},
        {**TOKENS, "open_id": ""},
        {**TOKENS, "token_type": "mac"},
        {**TOKENS, "access_token": "act.two\nlines"},
    ],
)
@pytest.mark.parametrize(("method", "grant"), SPENDING)
def test_an_answer_in_no_known_shape_is_not_repeated(
    shell: Shell, method: str, grant: str, body: object
) -> None:
    """TikTok handled the request: another attempt would burn the code or the token."""
    shell.script.play(answer(body))
    error = shell.refused(method, grant)

    assert (error.code, error.action) == ("API_ERROR", "fail")
    assert (error.status_code, error.http_status, error.retryable) == (502, 200, False)
    assert shell.sent == 1
