"""Code exchange, refresh, client credentials and revoke: forms out, tokens in.

Source: developers.tiktok.com/doc/oauth-get-a-user-access-token, /docs/en/oauth-refresh-a-user-
access-token and /docs/en/oauth-revoke-a-user-access-token (2 November 2026): POST with a form
body, ``client_key`` instead of ``client_id``, no HTTP Basic, flat JSON back.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote_plus

import msgspec

from tiktok_oauth.errors import InvalidTokenError, TokenExpiredError
from tiktok_oauth.protocol import endpoints
from tiktok_oauth.protocol.envelope import is_readable, refuse
from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
from tiktok_oauth.types import Secret, TikTokClientToken, TikTokRefreshResponse, TikTokTokens

if TYPE_CHECKING:
    from tiktok_oauth.protocol.endpoints import Endpoint

_TEN_YEARS = 10 * 366 * 24 * 3600
_LONGEST_TOKEN = 4096
_RESERVED = re.compile(r"[^A-Za-z0-9_.~-]")
_SUCCESS = range(200, 300)
_DEAD_TOKEN = frozenset({"invalid_grant", "access_token_invalid"})

Lifetime = Annotated[int, msgspec.Meta(ge=1, le=_TEN_YEARS)]
_COMMON_HEADERS = (
    ("Accept", "application/json"),
    # An answer that needs no unpacking cannot be a decompression bomb.
    ("Accept-Encoding", "identity"),
)


class App(msgspec.Struct, frozen=True):
    """Who is asking: where TikTok is, and the app's credentials. Make it with ``make_app``.

    Attributes:
        base_url: TikTok's origin.
        client_key: the app's key.
        client_secret: the app's secret.
        form: key and secret as the beginning of a form, encoded once for all requests.
        form_headers: the headers of every form request.
        data_headers: the headers of every data request, but for the token.
    """

    base_url: str
    client_key: str
    client_secret: Secret
    form: Secret
    form_headers: tuple[tuple[str, str], ...]
    data_headers: tuple[tuple[str, str], ...]


def make_app(base_url: str, client_key: str, client_secret: Secret, user_agent: str) -> App:
    """An app, with everything prepared that all of its requests share."""
    form_headers, data_headers = _headers(user_agent)
    return App(
        base_url,
        client_key,
        client_secret,
        Secret(
            f"client_key={form_encode(str(client_key))}"
            f"&client_secret={form_encode(str(client_secret.reveal()))}"
        ),
        form_headers,
        data_headers,
    )


@lru_cache(maxsize=4)
def _headers(user_agent: str) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    shared = (*_COMMON_HEADERS, ("User-Agent", user_agent))
    return (("Content-Type", "application/x-www-form-urlencoded"), *shared), shared


class _TokenAnswer(msgspec.Struct):
    """Every success and every error of the token endpoint in one shape."""

    access_token: str = ""
    refresh_token: str | None = None
    expires_in: Lifetime | None = None
    refresh_expires_in: Lifetime | None = None
    open_id: str = ""
    scope: str | None = None
    token_type: str = "Bearer"  # noqa: S105 - a scheme, not a password
    error: object = None

    def __repr__(self) -> str:
        return "<token answer>"


_decode_token = msgspec.json.Decoder(_TokenAnswer).decode
_decode_object = msgspec.json.Decoder(dict[str, object]).decode
_EMPTY = frozenset({"log_id", "error", "data"})
"""What an answer may hold that says nothing."""


def build_form(app: App, endpoint: Endpoint, form: str) -> HttpRequest:
    """A form request: everything secret is in the body."""
    return HttpRequest(
        endpoint.method, app.base_url + endpoint.path, app.form_headers, form.encode("ascii")
    )


def build_exchange(
    app: App, code: Secret, *, redirect_uri: str, code_verifier: Secret | None = None
) -> HttpRequest:
    """Exchange an authorization code. ``code`` is decoded; the form encodes it once."""
    # A code verifier consists of unreserved characters: there is nothing to encode in it.
    return build_form(
        app,
        endpoints.TOKEN,
        f"{app.form.reveal()}&grant_type=authorization_code&code={form_encode(code.reveal())}"
        f"&redirect_uri={_encode_uri(redirect_uri)}"
        f"{f'&code_verifier={code_verifier.reveal()}' if code_verifier else ''}",
    )


def form_encode(text: str) -> str:
    """A text as the value of a form's field; as ``quote_plus``, at a third of its cost."""
    if text.isascii():
        return text if text.isalnum() else _RESERVED.sub(_percent, text)
    # What cannot be encoded is refused before the first call; until then it must not raise.
    return quote_plus(text, errors="replace")


@lru_cache(maxsize=64)
def _encode_uri(uri: str) -> str:
    """A redirect URI in a form: an app sends the same few again and again."""
    return form_encode(uri)


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def build_refresh(app: App, refresh_token: Secret) -> HttpRequest:
    """Refresh. TikTok spends the token sent here as soon as it issues the next one."""
    return build_form(
        app,
        endpoints.TOKEN,
        f"{app.form.reveal()}&grant_type=refresh_token"
        f"&refresh_token={form_encode(refresh_token.reveal())}",
    )


def build_client_token(app: App) -> HttpRequest:
    """Ask for a token of the app itself (client credentials)."""
    form = f"{app.form.reveal()}&grant_type=client_credentials"
    return build_form(app, endpoints.CLIENT_TOKEN, form)


def build_revoke(app: App, access_token: Secret) -> HttpRequest:
    """Revoke. TikTok takes the access token and disconnects the whole grant."""
    form = f"{app.form.reveal()}&token={form_encode(access_token.reveal())}"
    return build_form(app, endpoints.REVOKE, form)


def parse_tokens(response: HttpResponse) -> TikTokTokens:
    """The tokens in the answer to a code exchange.

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    answer = _read_user_answer(response)
    if not answer.refresh_token:
        refuse(response, "a refresh token")
    return TikTokTokens(*_values(answer, answer.refresh_token))


def parse_refresh(response: HttpResponse, sent: Secret) -> TikTokRefreshResponse:
    """The tokens in the answer to a refresh.

    Args:
        response: TikTok's answer.
        sent: the refresh token that was sent: it stays the one to keep where TikTok answers
            none (RFC 6749 section 6).

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    answer = _read_user_answer(response)
    return TikTokRefreshResponse(*_values(answer, answer.refresh_token or sent.reveal()))


def parse_client_token(response: HttpResponse) -> TikTokClientToken:
    """The app's own token.

    Raises:
        TikTokAPIError: the answer is an error, or has no known shape.
    """
    answer = _read(response, "a client token")
    if answer.expires_in is None:
        refuse(response, "a lifetime")
    return TikTokClientToken(answer.access_token, answer.expires_in)


def parse_revoke(response: HttpResponse) -> bool:
    """Whether TikTok knew the token it was told to revoke. Its body is empty or ``{}`` then.

    Raises:
        TikTokAPIError: the answer is any other error, or has no known shape.
    """
    if _is_empty_answer(response):
        return True
    try:
        refuse(response, "an empty answer")
    except (InvalidTokenError, TokenExpiredError) as error:
        if error.tiktok_code not in _DEAD_TOKEN:
            raise
    return False


def _is_empty_answer(response: HttpResponse) -> bool:
    if response.status not in _SUCCESS or not is_readable(response):
        return False
    if not response.body.strip():
        return True
    try:
        answer = _decode_object(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return answer.keys() <= _EMPTY and not _is_error(answer.get("error"))


def _read(response: HttpResponse, expected: str) -> _TokenAnswer:
    try:
        answer = _decode_token(response.body) if is_readable(response) else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    if answer is None or _is_error(answer.error) or not is_token(answer.access_token):
        refuse(response, expected)
    if answer.token_type.lower() != "bearer":
        refuse(response, "a bearer token")
    return answer


def _read_user_answer(response: HttpResponse) -> _TokenAnswer:
    answer = _read(response, "tokens")
    if answer.expires_in is None or answer.refresh_expires_in is None:
        refuse(response, "lifetimes")
    if not (answer.open_id and answer.open_id.isprintable()):
        refuse(response, "an open_id")
    if answer.refresh_token and not is_token(answer.refresh_token):
        refuse(response, "a refresh token")
    return answer


def _values(answer: _TokenAnswer, refresh_token: str) -> tuple[str, str, int, int, str, str]:
    # Raises nothing: no traceback will ever show these tokens.
    return (
        answer.access_token,
        refresh_token,
        answer.expires_in or 0,
        answer.refresh_expires_in or 0,
        answer.open_id,
        answer.scope or "",
    )


def is_token(value: str) -> bool:
    """Whether it can travel in a header: no control character, not blank, not endless."""
    return (
        0 < len(value.strip()) == len(value) <= _LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
    )


def _is_error(error: object) -> bool:
    """Whether the value of ``error`` is one: on data endpoints it is also there on success."""
    if isinstance(error, dict):
        return error.get("code") != "ok"
    return bool(error)
