"""Calls to TikTok through the service: with an account's token, which the caller never sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.api.conftest import problem_of
from tiktok_oauth.sandbox.catalog import DEFAULT_APP

if TYPE_CHECKING:
    from tests.service.api.conftest import Caller


def test_a_call_goes_through(caller: Caller) -> None:
    """Query and JSON body are passed on, TikTok's data comes back."""
    account = caller.connect()

    answer = caller.call(
        "POST",
        f"/accounts/{account.open_id}/proxy/v2/video/list/",
        "token",
        params={"fields": "id,title", "client_key": DEFAULT_APP.client_key},
        json={"max_count": 2},
    )

    videos = answer.json()["data"]["videos"]
    assert [set(video) for video in videos] == [{"id", "title"}] * 2
    assert len(caller.sandbox.requests(endpoint="video_list")) == 1


def test_a_call_without_a_body_goes_through(caller: Caller) -> None:
    """Reading needs none."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}/proxy/v2/user/info/?fields=open_id"

    assert caller.get(path).json()["data"]["user"]["open_id"] == account.open_id


def test_what_tiktok_refuses_is_a_problem(caller: Caller) -> None:
    """With TikTok's own string and log ID."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}/proxy"

    refused = caller.call("POST", f"{path}/v2/video/list/?fields=shoe_size", json={})
    problem = problem_of(refused, 400)
    assert problem["tiktok_code"] == "invalid_params"
    assert problem["log_id"]
    scope = problem_of(caller.get(f"{path}/v2/user/info/?fields=follower_count"), 401)
    assert scope["tiktok_code"] == "scope_not_authorized"
    assert "/connect/" in scope["login_url"]


def test_a_failure_of_tiktoks_says_when_to_try_again(caller: Caller) -> None:
    """Retried by the service first, as its settings have it."""
    account = caller.connect()
    caller.sandbox.fault("rate_limited", endpoint="user_info", retry_after=40)

    answer = caller.get(f"/accounts/{account.open_id}/user")

    problem = problem_of(answer, 429)
    assert (problem["code"], problem["retry_after"]) == ("RATE_LIMIT", 40)
    assert problem["type"].endswith(":rate-limit")
    assert answer.headers["retry-after"] == "40"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"{"])
def test_a_body_is_an_object(caller: Caller, body: bytes) -> None:
    """TikTok takes nothing else."""
    account = caller.connect()

    answer = caller.call(
        "POST",
        f"/accounts/{account.open_id}/proxy/v2/video/list/",
        content=body,
        headers={"content-type": "application/json"},
    )

    problem_of(answer, 400)
    assert caller.sandbox.requests(endpoint="video_list") == []
