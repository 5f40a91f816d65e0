"""Answers that are documented or reported in words only, in the shapes they would have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.protocol.answers import (
    ACCESS,
    CODE,
    LOG_ID,
    OK,
    REFRESH,
    TOKENS,
    Facts,
    answer,
    facts,
    refused,
)
from tests.protocol.contract import CREDENTIALS, EXPIRED, RATE, SCOPE, TOKEN, VALIDATION
from tiktok_oauth.protocol.authorize import callback_error, parse_callback
from tiktok_oauth.protocol.data import parse_data, parse_user_info
from tiktok_oauth.protocol.token import parse_refresh, parse_revoke, parse_tokens
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpResponse

parse_refreshed = partial(parse_refresh, sent=Secret("rft.sent"))


@pytest.mark.parametrize(
    ("parse", "status", "error", "sentence", "wanted"),
    [
        (
            *(parse_tokens, 200, "invalid_request"),
            "Only `application/x-www-form-urlencoded` is accepted as Content-Type.",
            VALIDATION,
        ),
        (
            *(parse_tokens, 200, "invalid_request"),
            "Code verifier or code challenge is invalid.",
            VALIDATION,
        ),
        (
            *(parse_tokens, 200, "invalid_client", "Client key or secret is incorrect."),
            CREDENTIALS,
        ),
        (
            *(parse_tokens, 401, "invalid_client", "Client info is illegal or malformed."),
            CREDENTIALS,
        ),
        (parse_tokens, 200, "unsupported_grant_type", "", VALIDATION),
        (parse_refreshed, 200, "invalid_grant", "Refresh token is invalid or expired.", TOKEN),
        (parse_revoke, 200, "invalid_request", "The request parameters are malformed.", VALIDATION),
    ],
)
def test_reported_oauth_refusal(
    parse: Callable[[HttpResponse], object],
    status: int,
    error: str,
    sentence: str,
    wanted: Facts,
) -> None:
    """What developers report of the OAuth endpoints is typed, at HTTP 200 too."""
    body = {"error": error, "error_description": sentence, "log_id": LOG_ID}

    raised = refused(parse, answer(body, status))

    assert facts(raised) == wanted
    assert (raised.tiktok_code, raised.log_id) == (error, LOG_ID)


def test_reported_revoke_of_a_dead_token() -> None:
    """TikTok answers 200 with invalid_grant when it does not know the token to revoke."""
    raw = (
        b'{"error":"invalid_grant","error_description":"Access token is invalid or expired.",'
        b'"log_id":"20250915120000ABCDEF0123456789ABCD"}'
    )

    assert parse_revoke(answer(raw)) is False


@pytest.mark.parametrize(
    ("status", "raw", "wanted"),
    [
        (
            401,
            (
                b'{"error":{"code":"scope_not_authorized","message":"The user did not authorize '
                b'the scope required for completing this request.","log_id":"L"}}'
            ),
            SCOPE,
        ),
        (
            400,
            b'{"error":{"code":"scope_permission_missed","message":"","log_id":"L"}}',
            SCOPE,
        ),
        (
            401,
            (
                b'{"data":{},"error":{"code":"access_token_invalid","message":"The access token is '
                b'invalid or not found in the request.","log_id":"L"}}'
            ),
            EXPIRED,
        ),
        (
            429,
            b'{"data":{},"error":{"code":"rate_limit_exceeded","message":"","log_id":"L"}}',
            RATE,
        ),
        (
            400,
            (
                b'{"data":{"user":{}},"error":{"code":"invalid_params","message":"Invalid fields: '
                b'email","log_id":"L"}}'
            ),
            VALIDATION,
        ),
    ],
)
def test_reported_data_refusal(status: int, raw: bytes, wanted: Facts) -> None:
    """What developers report of the data endpoints is typed, with and without ``data``."""
    for parse in (parse_user_info, parse_data):
        raised = refused(parse, answer(raw, status))

        assert facts(raised) == wanted
        assert raised.log_id == "L"


@pytest.mark.parametrize(
    "held",
    [
        {"videos": [{"id": "7123456789012345678", "title": "é 🎬", "duration": 15}], "cursor": 1},
        {"cursor": 1643332803000, "has_more": True, "videos": []},
        {
            "publish_id": "v_pub_file~v2-1.7",
            "upload_url": "https://open-upload.tiktokapis.com/?a=1&b=2",
        },
        {"status": "FAILED", "fail_reason": "picture_size_check_failed", "uploaded_bytes": 10},
        {"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": [7123456789012345678]},
        {"privacy_level_options": [], "max_video_post_duration_sec": 600},
    ],
)
def test_documented_data_arrives_unchanged(held: dict[str, object]) -> None:
    """Video lists, publish answers and 64-bit ids are handed over as TikTok sent them."""
    assert parse_data(answer({"data": held, "error": OK})) == held


def test_escaped_signed_url_keeps_its_ampersands() -> None:
    """A signed avatar URL, escaped the way TikTok's encoder does it, is a working URL."""
    raw = (
        rb'{"data":{"user":{"avatar_url":"https://p16.example/a.webp?x-expires=1\u0026'
        rb'x-signature=b%3D","open_id":"o"}},"error":{"code":"ok","message":"","log_id":"L"}}'
    )

    url = parse_user_info(answer(raw)).avatar_url

    assert url == "https://p16.example/a.webp?x-expires=1&x-signature=b%3D"


def test_lifetimes_come_from_the_answer() -> None:
    """Two hours or a day, 180 days or the rest of a year: what TikTok says is what counts."""
    for expires_in, refresh_expires_in in ((7200, 15552000), (86400, 31536000), (1, 31535980)):
        lifetimes = {"expires_in": expires_in, "refresh_expires_in": refresh_expires_in}

        tokens = parse_tokens(answer(TOKENS | lifetimes))

        assert (tokens.expires_in, tokens.refresh_expires_in) == (expires_in, refresh_expires_in)
        assert (tokens.access_token, tokens.refresh_token) == (ACCESS, REFRESH)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("error=access_denied&error_type=non_sandbox_target&state=s", TOKEN),
        ("error=param_error&errCode=10007&error_type=code_challenge", VALIDATION),
        ("error=param_error&errCode=10008&error_type=code_challenge_method", VALIDATION),
        ("error=unauthorized_client&error_type=client_key&logid=2026", CREDENTIALS),
        (
            (
                "error=invalid_client&errCode=10033&error_description=App%20certificate%20does%20not"
                "%20match%20configurations."
            ),
            CREDENTIALS,
        ),
    ],
)
def test_reported_authorization_error(query: str, wanted: Facts) -> None:
    """What TikTok's authorization page is reported to say is typed, errCode or not."""
    raised = callback_error(parse_callback(query))

    assert facts(raised) == wanted
    assert raised.message
    assert raised.hint


def test_mobile_callback_is_read_too() -> None:
    """The mobile SDK adds fields of its own to the callback: they do no harm."""
    callback = parse_callback(
        {"code": CODE, "state": "s", "scopes": "user.info.basic", "from_platform": "tiktokopensdk"}
        | {"request_id": "1", "response_id": "2", "error": "", "errCode": "0"}
    )

    assert (callback.code, callback.error) == (Secret(CODE), None)
