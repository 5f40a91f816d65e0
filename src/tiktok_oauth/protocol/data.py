"""Data endpoints: bearer requests out, TikTok's envelope in.

Source: developers.tiktok.com/doc/tiktok-api-v2-get-user-info and -error-handling (before
November 2026; recorded answers of August 2026 agree). Every answer is
``{"data": ..., "error": {"code": "ok", ...}}``, on success too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from tiktok_oauth.protocol.endpoints import DATA_LIMIT, USER_INFO, Endpoint
from tiktok_oauth.protocol.envelope import is_readable, refuse
from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
from tiktok_oauth.types import JsonObject, Secret, TikTokUserInfo

if TYPE_CHECKING:
    from tiktok_oauth.protocol.token import App


class _Error(msgspec.Struct):
    code: str = "ok"


class _Profile(msgspec.Struct):
    """Absent, null and present are all the same to the caller: a value or None."""

    open_id: str = ""
    union_id: str | None = None
    avatar_url: str | None = None
    avatar_url_100: str | None = None
    avatar_large_url: str | None = None
    display_name: str | None = None
    bio_description: str | None = None
    profile_deep_link: str | None = None
    profile_web_link: str | None = None
    is_verified: bool | None = None
    username: str | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None


class _ProfileData(msgspec.Struct):
    user: _Profile | None = None


class _ProfileAnswer(msgspec.Struct):
    data: _ProfileData | None = None
    error: _Error | None = None


class _AnyAnswer(msgspec.Struct):
    # Any is what msgspec calls "whatever JSON holds"; the caller gets it as JsonObject.
    data: dict[str, Any] | None = None
    error: _Error | None = None


_decode_profile = msgspec.json.Decoder(_ProfileAnswer).decode
_decode_any = msgspec.json.Decoder(_AnyAnswer).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def build_user_info(app: App, access_token: Secret, fields: tuple[str, ...]) -> HttpRequest:
    """Ask for a profile. ``fields`` is a comma list in the query."""
    query = urlencode({"fields": ",".join(fields)})
    return build_data(app, access_token, USER_INFO, query)


def build_data(
    app: App,
    access_token: Secret,
    endpoint: Endpoint,
    query: str = "",
    body: bytes | None = None,
) -> HttpRequest:
    """Any other v2 request: the token in the Authorization header, JSON in the body."""
    headers = (("Authorization", f"Bearer {access_token.reveal()}"), *app.data_headers)
    if body is not None:
        headers = (*headers, ("Content-Type", "application/json; charset=UTF-8"))
    url = app.base_url + endpoint.path
    return HttpRequest(endpoint.method, f"{url}?{query}" if query else url, headers, body)


def encode_body(json: JsonObject) -> bytes:
    """A JSON object as bytes.

    Raises:
        TypeError, ValueError, OverflowError, RecursionError: JSON has no word for it.
    """
    return msgspec.json.encode(json)


def data_endpoint(method: str, path: str, *, repeatable: bool) -> Endpoint:
    """An endpoint that has no constant of its own."""
    return Endpoint(method, path, limit=DATA_LIMIT, repeatable=repeatable)


def parse_user_info(response: HttpResponse) -> TikTokUserInfo:
    """The profile in an answer.

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    try:
        answer = _decode_profile(response.body) if is_readable(response) else None
    except _UNREADABLE:
        answer = None
    if answer is None or _failed(answer.error) or answer.data is None:
        refuse(response, "a profile")
    user = answer.data.user
    if user is None or not user.open_id:
        refuse(response, "a profile")
    return TikTokUserInfo(*(getattr(user, name) for name in _Profile.__struct_fields__))


def parse_data(response: HttpResponse) -> JsonObject:
    """The ``data`` object of any v2 answer.

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    try:
        answer = _decode_any(response.body) if is_readable(response) else None
    except _UNREADABLE:
        answer = None
    if answer is None or _failed(answer.error) or (answer.data is None and answer.error is None):
        refuse(response, "a data object")
    return answer.data or {}


def _failed(error: _Error | None) -> bool:
    return error is not None and error.code != "ok"
