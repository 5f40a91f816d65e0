"""The profile, from both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import ACCESS_TOKEN, OPEN_ID, PROFILE, answer, data_error
from tiktok_oauth import ScopeError, TikTokUserInfo, TokenExpiredError

if TYPE_CHECKING:
    from tests.client.conftest import Shell

USER_URL = "https://open.tiktokapis.com/v2/user/info/"


def test_a_profile_is_a_value(shell: Shell) -> None:
    """What was asked and granted is there, the rest is None."""
    shell.script.play(answer(PROFILE))

    assert shell.call("get_user_info", ACCESS_TOKEN) == TikTokUserInfo(
        open_id=OPEN_ID,
        union_id="union-1",
        avatar_url="https://p16.example.com/a.webp?x-expires=1",
        display_name="Ada",
    )


def test_the_token_travels_in_the_header(shell: Shell) -> None:
    """The default fields are in the query, the token is not."""
    shell.script.play(answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    [attempt] = shell.script.attempts
    assert attempt.request.method == "GET"
    assert (
        attempt.request.url == f"{USER_URL}?fields=open_id%2Cunion_id%2Cavatar_url%2Cdisplay_name"
    )
    assert attempt.request.body is None
    assert attempt.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
    assert attempt.limit == 1024 * 1024


@pytest.mark.parametrize(
    "fields", [["username", "is_verified"], "username, is_verified", ("username", "is_verified")]
)
def test_open_id_is_always_asked_for(shell: Shell, fields: object) -> None:
    """Fields are a list or a comma string, and ``open_id`` comes first."""
    shell.script.play(answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN, fields)

    assert shell.script.attempts[0].request.url == (
        f"{USER_URL}?fields=open_id%2Cusername%2Cis_verified"
    )


@pytest.mark.parametrize("code", ["scope_not_authorized", "scope_permission_missed"])
def test_a_missing_scope_is_named(shell: Shell, code: str) -> None:
    """401 for a scope is no dead token: the hint lists the scopes that the fields need."""
    shell.script.play(data_error(code, "The user did not authorize the scope required"))
    error = shell.refused("get_user_info", ACCESS_TOKEN, ["username", "video_count"])

    assert isinstance(error, ScopeError)
    assert (error.code, error.action, error.attempts) == ("INVALID_TOKEN", "fail", 1)
    assert error.hint.startswith(
        "These fields need user.info.basic, user.info.profile, user.info.stats. "
    )


def test_a_dead_token_asks_for_a_refresh(shell: Shell) -> None:
    """The other 401: the action is to refresh."""
    shell.script.play(data_error("access_token_invalid", "The access token is invalid"))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, TokenExpiredError)
    assert (error.action, error.status_code, error.http_status) == ("refresh", 401, 401)
    assert (error.method, error.log_id) == ("get_user_info", "202609210000BBBB")


def test_an_error_inside_a_200_is_an_error(shell: Shell) -> None:
    """TikTok's string decides, not the HTTP status."""
    shell.script.play(data_error("access_token_invalid", status=200))

    assert isinstance(shell.refused("get_user_info", ACCESS_TOKEN), TokenExpiredError)


@pytest.mark.parametrize(
    "body",
    [{}, {"data": {}}, {"data": {"user": {}}}, {"data": {"user": {"open_id": 7}}}, b"<html>"],
)
def test_a_profile_without_an_open_id_is_no_profile(shell: Shell, body: object) -> None:
    """Nothing but a typed error comes of it, after one attempt."""
    shell.script.play(answer(body))
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert (error.code, error.retryable, error.attempts) == ("API_ERROR", False, 1)
