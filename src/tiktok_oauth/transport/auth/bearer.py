"""Which requests get an account's token, and when one is made again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from tiktok_oauth.config import DEFAULT_BASE_URL, check_base_url

if TYPE_CHECKING:
    from tiktok_oauth.types import Secret

HEADER = "Authorization"
REFUSED_STATUS = 401
_REFUSED = "access_token_invalid"


class HasToken(Protocol):
    """An ``Account``, as far as a blocking HTTP client needs it."""

    def access_token(self, *, refused: str | None = None) -> str:
        """A token that is valid now, and not the one TikTok refused."""
        ...


class AsyncHasToken(Protocol):
    """An ``AsyncAccount``, as far as an awaiting HTTP client needs it."""

    async def access_token(self, *, refused: str | None = None) -> str:
        """A token that is valid now, and not the one TikTok refused."""
        ...


class _Error(msgspec.Struct):
    code: object = None


class _Envelope(msgspec.Struct):
    error: _Error | None = None


_decode = msgspec.json.Decoder(_Envelope).decode


class Bearer:
    """The one origin that may see a token, and the header it goes into.

    Args:
        base_url: the API's origin; ``TIKTOK_BASE_URL`` when not given, else TikTok's.

    Raises:
        ValidationError: it is no origin, or neither https nor on this machine.
    """

    def __init__(self, base_url: str | None = None) -> None:
        given = base_url or os.environ.get("TIKTOK_BASE_URL") or DEFAULT_BASE_URL
        self._origin = _origin(check_base_url(given))

    def may_see_token(self, url: str) -> bool:
        """Whether a request goes to the API. A redirect elsewhere must not take the token along."""
        return _origin(url) == self._origin


def header_of(token: Secret) -> str:
    """The header's value."""
    return f"Bearer {token.reveal()}"


def is_refused(status: int, body: bytes) -> bool:
    """Whether TikTok refused the token itself: a 401 for a scope that is missing is none.

    Read in the error table of TikTok's user-info page, November 2026.
    """
    if status != REFUSED_STATUS:
        return False
    try:
        error = _decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return error is not None and error.code == _REFUSED


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", "", None
    return parts.scheme, (parts.hostname or "").rstrip("."), port
