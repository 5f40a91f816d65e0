"""The log of each call, key by key, as JSON lines."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.test_webhook import BODY, signed
from tests.support.scripted import (
    ACCESS_TOKEN,
    CLIENT_TOKEN,
    CODE,
    OPEN_ID,
    PROFILE,
    REFRESH_TOKEN,
    REFRESHED,
    RESET,
    SILENCE,
    TOKENS,
    answer,
    data_error,
    oauth_error,
    silence_logging,
)
from tiktok_oauth import configure_logging, correlation_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client.conftest import Shell
    from tests.support.scripted import Step
    from tiktok_oauth.protocol.http import HttpResponse

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The library's log at its lowest level, one object per line."""
    stream = io.StringIO()
    configure_logging(json=True, level="debug", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    silence_logging()


def said(lines: Lines) -> list[tuple[str, str, dict[str, Any]]]:
    """Level, message without its prefix, and data without time and ID, of each line."""
    told = []
    for line in lines():
        assert line.keys() == {"level", "message", "data"}
        data = dict(line["data"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", data.pop("timestamp"))
        assert data.pop("correlationId")
        told.append((line["level"], line["message"].removeprefix("[TikTokOAuth] "), data))
    return told


def test_an_exchange_has_three_lines(shell: Shell, lines: Lines) -> None:
    """Start, answer and success, with the contract's keys and words."""
    shell.script.play(answer(TOKENS, x_tt_logid="2026092100000001"))
    shell.call("exchange_code_for_tokens", CODE)

    name = "exchange_code_for_tokens"
    url = "https://open.tiktokapis.com/v2/oauth/token/"
    assert said(lines) == [
        ("info", f"{name} - Starting request", {"url": url, "method": "POST"}),
        (
            "info",
            f"{name} - Response received",
            {"status": 200, "duration": "0ms", "attempt": 1, "logId": "2026092100000001"},
        ),
        (
            "info",
            f"{name} - Success",
            {"openId": OPEN_ID, "expiresIn": "7200s", "scopes": "user.info.basic,video.upload"},
        ),
    ]


def test_the_duration_is_the_attempts_own(shell: Shell, lines: Lines) -> None:
    """Whole milliseconds from sending to the answer, without the waits between attempts."""

    def slow(_: object) -> HttpResponse:
        shell.clock.advance(0.245)
        return answer(PROFILE)

    shell.script.play(RESET, slow)
    shell.call("get_user_info", ACCESS_TOKEN)

    received = [data for _, text, data in said(lines) if text.endswith("Response received")]
    assert received == [
        {"status": 200, "duration": "245ms", "attempt": 2, "logId": "202609210000CCCC"}
    ]


@pytest.mark.parametrize(
    ("failure", "log_id"),
    [
        (oauth_error("temporarily_unavailable", status=503), "202609210000AAAA"),
        (data_error("internal_error", status=500), "202609210000BBBB"),
    ],
)
def test_the_log_id_comes_from_the_body_when_no_header_has_it(
    shell: Shell,
    lines: Lines,
    failure: Step,
    log_id: str,
) -> None:
    """Both of TikTok's error shapes carry one, and so do the lines about them."""
    shell.script.play(failure)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    ids = [data["logId"] for _, _, data in said(lines) if "logId" in data]
    assert error.log_id == log_id
    assert set(ids) == {log_id}


def test_every_attempt_and_wait_has_its_line(shell: Shell, lines: Lines) -> None:
    """Failures at level error, waits at level debug, and the success at the end."""
    shell.script.play(SILENCE, answer(b"", 429, retry_after="2"), answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)

    told = said(lines)
    assert [(level, text.removeprefix("get_user_info - ")) for level, text, _ in told] == [
        ("info", "Starting request"),
        ("error", "Error (attempt 1/3)"),
        ("debug", "Retrying"),
        ("info", "Response received"),
        ("error", "Error (attempt 2/3)"),
        ("debug", "Retrying"),
        ("info", "Response received"),
        ("info", "Success"),
    ]
    assert told[2][2] == {"delay": "100ms", "attempt": 2}
    assert told[5][2] == {"delay": "2000ms", "attempt": 3}
    assert told[1][2].items() >= {"code": "TIMEOUT_ERROR", "retryable": True}.items()
    assert told[1][2]["error"].startswith("TikTok gave no whole answer within 10 s")


def test_the_url_is_logged_without_its_query(shell: Shell, lines: Lines) -> None:
    """Fields and parameters stay out of the log."""
    shell.script.play(answer(PROFILE), answer({"data": {}}))
    shell.call("get_user_info", ACCESS_TOKEN)
    shell.call("request", ACCESS_TOKEN, "GET", "/v2/video/list/", params={"fields": "id"})

    started = [data for _, text, data in said(lines) if text.endswith("Starting request")]
    assert started == [
        {"url": "https://open.tiktokapis.com/v2/user/info/", "method": "GET"},
        {"url": "https://open.tiktokapis.com/v2/video/list/", "method": "GET"},
    ]


SUCCESSES: list[tuple[str, tuple[object, ...], object, dict[str, str]]] = [
    (
        "get_authorization_url",
        ("user.info.basic,video.list",),
        b"",
        {"scopes": "user.info.basic,video.list"},
    ),
    (
        "refresh_access_token",
        (REFRESH_TOKEN,),
        REFRESHED,
        {"openId": OPEN_ID, "expiresIn": "7200s", "scopes": "user.info.basic,video.upload"},
    ),
    (
        "get_user_info",
        (ACCESS_TOKEN,),
        PROFILE,
        {"openId": OPEN_ID, "fields": "open_id,union_id,avatar_url,display_name"},
    ),
    ("revoke_access", (ACCESS_TOKEN,), b"", {}),
    ("get_client_access_token", (), CLIENT_TOKEN, {"expiresIn": "7200s"}),
    ("validate_credentials", (), b"", {"online": "false"}),
    ("verify_webhook", (signed(), BODY), b"", {"event": "authorization.removed"}),
]


@pytest.mark.parametrize(("method", "args", "body", "data"), SUCCESSES)
def test_success_has_the_keys_of_its_method(
    shell: Shell,
    lines: Lines,
    method: str,
    args: tuple[object, ...],
    body: object,
    data: dict[str, str],
) -> None:
    """What came of a call, without a secret."""
    shell.script.play(answer(body))
    shell.call(method, *args)

    assert said(lines)[-1] == ("info", f"{method} - Success", data)


def test_a_refused_call_has_one_line(shell: Shell, lines: Lines) -> None:
    """It counts no attempt, and says what to mend."""
    shell.refused("get_authorization_url", state="")

    assert said(lines) == [
        (
            "error",
            "get_authorization_url - Error (attempt 0/3)",
            {
                "error": "state must be a string of 1 to 1024 characters.",
                "code": "VALIDATION_ERROR",
                "retryable": False,
                "hint": "Leave it out to get 64 random hex characters.",
            },
        )
    ]


def test_tiktoks_own_words_are_on_the_line(shell: Shell, lines: Lines) -> None:
    """Its string and its log ID help a support request."""
    shell.script.play(data_error("access_token_invalid", "The access token is invalid"))
    shell.refused("get_user_info", ACCESS_TOKEN)

    level, _, data = said(lines)[-1]
    assert level == "error"
    assert (
        data.items()
        >= {
            "error": "The access token is invalid",
            "code": "TOKEN_EXPIRED",
            "retryable": False,
            "tiktokCode": "access_token_invalid",
            "logId": "202609210000BBBB",
        }.items()
    )


FORGED = "a\nINFO forged\r\x1b[31m red \x85 \u2028 \u2029 \u202e \x00 end"


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("method", ["get_user_info", "refresh_access_token"])
def test_tiktoks_words_cannot_forge_a_line(shell: Shell, method: str, as_json: bool) -> None:
    """Newlines, escape codes and line separators end in neither the log nor the error."""
    stream = io.StringIO()
    configure_logging(json=as_json, level="debug", stream=stream)
    refusals = (data_error(FORGED, FORGED), oauth_error(FORGED, FORGED))
    shell.script.play(refusals[method != "get_user_info"])
    error = shell.refused(method, ACCESS_TOKEN)
    silence_logging()

    written = stream.getvalue()
    assert written.count("\n") == len(written.splitlines()) == 3
    assert all(line.isascii() and line.isprintable() for line in written.splitlines())
    assert str(error).isprintable()


def test_granted_values_cannot_forge_a_line(shell: Shell, lines: Lines) -> None:
    """What TikTok calls scope or open_id is quoted, whatever is in it."""
    shell.script.play(answer({**TOKENS, "scope": FORGED}, x_tt_logid=FORGED))
    with correlation_id("forge"):
        shell.call("exchange_code_for_tokens", CODE)

    assert len(lines()) == 3
    assert lines()[1]["data"]["logId"] is None
