"""Any other v2 endpoint, from both clients, and what may be made twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import ACCESS_TOKEN, REFUSED, RESET, answer, data_error

if TYPE_CHECKING:
    from tests.client.conftest import Shell
    from tests.support.scripted import Step

INIT = "/v2/post/publish/video/init/"
OK = answer({"data": {"videos": []}, "error": {"code": "ok"}})
BUSY = answer(b"", 500)
SLOW_DOWN = answer(b"", 429)


def test_a_request_returns_its_data(shell: Shell) -> None:
    """Query, JSON body and token go where they belong; the ``data`` object comes back."""
    shell.script.play(OK)
    got = shell.call(
        "request",
        ACCESS_TOKEN,
        "post",
        "/v2/video/list/",
        params={"fields": "id,title", "debug": True, "n": 1.5, "page": 2},
        json={"max_count": 20},
    )

    [attempt] = shell.script.attempts
    assert got == {"videos": []}
    assert attempt.request.method == "POST"
    assert attempt.request.url == (
        "https://open.tiktokapis.com/v2/video/list/?fields=id%2Ctitle&debug=true&n=1.5&page=2"
    )
    assert json.loads(attempt.request.body or b"") == {"max_count": 20}
    assert attempt.headers["authorization"] == f"Bearer {ACCESS_TOKEN}"
    assert attempt.headers["content-type"] == "application/json; charset=UTF-8"


READS = [
    ("GET", "/v2/research/anything/"),
    ("POST", "/v2/video/list/"),
    ("POST", "/v2/video/query"),
    ("POST", "/v2/post/publish/creator_info/query/"),
    ("POST", "/v2/post/publish/status/fetch/"),
]


@pytest.mark.parametrize(("method", "path"), READS)
@pytest.mark.parametrize("failure", [RESET, BUSY])
def test_what_only_reads_is_repeated(shell: Shell, method: str, path: str, failure: Step) -> None:
    """GET and the POST endpoints that only read may be made twice."""
    shell.script.play(failure, OK)

    assert shell.call("request", ACCESS_TOKEN, method, path) == {"videos": []}
    assert shell.sent == 2


@pytest.mark.parametrize("failure", [RESET, BUSY])
@pytest.mark.parametrize(
    ("method", "path", "idempotent"),
    [("POST", INIT, None), ("POST", INIT, False), ("GET", "/v2/video/list/", False)],
)
def test_a_video_is_not_posted_twice(
    shell: Shell, method: str, path: str, idempotent: bool | None, failure: Step
) -> None:
    """What TikTok may have handled is not repeated, though the error stays retryable."""
    shell.script.play(failure, OK)
    error = shell.refused("request", ACCESS_TOKEN, method, path, json={}, idempotent=idempotent)

    assert (shell.sent, error.attempts, error.never_sent) == (1, 1, False)
    assert error.retryable


@pytest.mark.parametrize("idempotent", [None, False])
@pytest.mark.parametrize("failure", [REFUSED, SLOW_DOWN])
def test_what_was_certainly_not_handled_is_repeated(
    shell: Shell, idempotent: bool | None, failure: Step
) -> None:
    """What never left, and what was turned away with 429, may be tried again."""
    shell.script.play(failure, OK)
    shell.call("request", ACCESS_TOKEN, "POST", INIT, json={}, idempotent=idempotent)

    assert shell.sent == 2


@pytest.mark.parametrize("failure", [RESET, BUSY, REFUSED, SLOW_DOWN])
def test_the_caller_may_say_that_a_call_is_harmless(shell: Shell, failure: Step) -> None:
    """``idempotent=True`` repeats any POST."""
    shell.script.play(failure, OK)
    shell.call("request", ACCESS_TOKEN, "POST", INIT, json={}, idempotent=True)

    assert shell.sent == 2


def test_an_error_of_an_endpoint_is_typed(shell: Shell) -> None:
    """TikTok's own string is on the error, and a hint says what to do."""
    shell.script.play(data_error("spam_risk_too_many_posts", "Daily limit", 403))
    error = shell.refused("request", ACCESS_TOKEN, "POST", INIT, json={})

    assert (error.code, error.tiktok_code) == ("VALIDATION_ERROR", "spam_risk_too_many_posts")
    assert (error.status_code, error.http_status) == (400, 403)
    assert "post tomorrow" in error.hint


def test_never_sent_tells_whether_tiktok_saw_it(shell: Shell) -> None:
    """After the last attempt the caller knows whether posting again is safe."""
    shell.script.play(REFUSED)

    assert shell.refused("request", ACCESS_TOKEN, "POST", INIT).never_sent
