"""What the protocol tests share: an app, ready answers, and how to look at an error whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, ParamSpec

import pytest

from tiktok_oauth.errors import ErrorAction, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.protocol.token import make_app
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.types import JsonObject

P = ParamSpec("P")

ACCESS = "act.f00dCafe0123456789*abc!6431.u1"
REFRESH = "rft.beefBabe0123456789*xyz!6431.u1"
CLIENT = "clt.deadFeed0123456789*ijk!6431.va"
CODE = "Xy_-9aBcDeFgHiJkLmNoP*1!6431.u1"
CLIENT_SECRET = "sEcr3t&=+ %/0123456789"
TICKET = "t1ck3t-made-by-us"
STATE = "ab" * 32
LOG_ID = "20260827204430ABCDEF0123456789ABCD"

APP = make_app(
    "https://open.tiktokapis.com", "awkey0123", Secret(CLIENT_SECRET), "tiktok-oauth/test"
)

TOKENS: JsonObject = {
    "access_token": ACCESS,
    "expires_in": 7200,
    "open_id": "-000person",
    "refresh_expires_in": 15552000,
    "refresh_token": REFRESH,
    "scope": "user.info.basic,video.list",
    "token_type": "Bearer",
}
OK: JsonObject = {"code": "ok", "message": "", "log_id": LOG_ID}


def answer(
    body: object = b"",
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    overflow: bool = False,
) -> HttpResponse:
    """An answer; anything but bytes becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, raw, overflow)


def oauth_error(error: str, description: str = "Not today.") -> JsonObject:
    """An error as the OAuth endpoints say it: ``error`` is a string."""
    return {"error": error, "error_description": description, "log_id": LOG_ID}


def data_error(code: str, message: str = "Not today.") -> JsonObject:
    """An error as the data endpoints say it: ``error`` is an object."""
    return {"data": {}, "error": {"code": code, "message": message, "log_id": LOG_ID}}


class Facts(NamedTuple):
    """What a caller branches on."""

    kind: type[TikTokAPIError]
    code: TikTokErrorCode
    retryable: bool
    status_code: int
    action: ErrorAction


def facts(error: TikTokAPIError) -> Facts:
    """What a caller of ours branches on, as one value."""
    return Facts(type(error), error.code, error.retryable, error.status_code, error.action)


def refused(parse: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> TikTokAPIError:
    """The error that a parser raises, which is one of ours and says what to do."""
    with pytest.raises(TikTokAPIError) as caught:
        parse(*arguments, **options)
    assert caught.value.hint
    return caught.value
