"""What is measured: one code exchange, as each library does it at its best.

Every subject keeps its connection. A peer gets TikTok's two oddities (``client_key``, no HTTP
Basic) through its own official hook, with everything prepared that can be.
"""

# ruff: noqa: PLC0415 - a process imports only what it measures
# ruff: noqa: ANN401 - Authlib has no types

from __future__ import annotations

import http.client
import io
import json
import logging
import ssl
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = "awq1w2e3r4t5y6u7"
SECRET = "z9Y8x7W6v5U4t3S2r1Q0p9O8n7M6l5K4"
REDIRECT = "https://app.example.com/auth/tiktok/callback"
CODE = "kQ7xRm2Vd9" * 7 + "*0!6431.va"
PATH = "/v2/oauth/token/"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the calls go.

    Attributes:
        origin: the server's.
        ca_file: the authority to trust, if the origin is over TLS.
    """

    origin: str
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Blocking:
    """A subject that blocks: called once per measured call."""

    make: Callable[[Target], Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A subject that is awaited. It is made inside the running loop."""

    make: Callable[[Target], Callable[[], Awaitable[object]]]


def _http_client(target: Target) -> Callable[[], object]:
    parts = urlsplit(target.origin)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"client_key": KEY, "client_secret": SECRET, "code": CODE}).encode()

    def call() -> object:
        connection.request("POST", PATH, body, headers)
        return json.loads(connection.getresponse().read())

    return call


def _settings(target: Target) -> dict[str, Any]:
    return {
        "client_key": KEY,
        "client_secret": SECRET,
        "redirect_uri": REDIRECT,
        "base_url": target.origin,
        "ca_file": target.ca_file,
    }


def _ours(transport: str | None = None) -> Callable[[Target], Callable[[], object]]:
    def make(target: Target) -> Callable[[], object]:
        from tiktok_oauth import TikTokOAuth

        client = TikTokOAuth(**_settings(target), transport=transport)  # type: ignore[arg-type]
        return lambda: client.exchange_code_for_tokens(CODE)

    return make


def _ours_new(target: Target) -> Callable[[], object]:
    from tiktok_oauth import TikTokOAuth

    settings = _settings(target)

    def call() -> object:
        with TikTokOAuth(**settings) as client:
            return client.exchange_code_for_tokens(CODE)

    return call


def _ours_awaiting(
    transport: str | None = None,
) -> Callable[[Target], Callable[[], Awaitable[object]]]:
    def make(target: Target) -> Callable[[], Awaitable[object]]:
        from tiktok_oauth import AsyncTikTokOAuth

        client = AsyncTikTokOAuth(**_settings(target), transport=transport)  # type: ignore[arg-type]
        return lambda: client.exchange_code_for_tokens(CODE)

    return make


def _ours_awaiting_new(target: Target) -> Callable[[], Awaitable[object]]:
    from tiktok_oauth import AsyncTikTokOAuth

    settings = _settings(target)

    async def call() -> object:
        async with AsyncTikTokOAuth(**settings) as client:
            return await client.exchange_code_for_tokens(CODE)

    return call


def _url(target: Target) -> Callable[[], object]:
    from tiktok_oauth import TikTokOAuth

    return TikTokOAuth(**_settings(target)).get_authorization_url


class _Discard(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Do nothing with it."""


def _log_into_nothing() -> None:
    logger = logging.getLogger("tiktok_oauth")
    logger.addHandler(_Discard())
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _own_share(target: Target) -> Callable[[], object]:
    from tiktok_oauth import TikTokOAuth
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

    found = http.client.parse_headers(io.BytesIO(answer.HEAD + b"\r\n"))
    headers = {name.lower(): value for name, value in found.items()}  # as the transport has them

    class Memory:
        def send(  # the port's own names
            self,
            request: HttpRequest,  # noqa: ARG002
            *,
            timeout: float,  # noqa: ARG002
            limit: int,  # noqa: ARG002
        ) -> HttpResponse:
            return HttpResponse(200, headers, answer.BODY)

        def close(self) -> None:
            """Nothing is open."""

    _log_into_nothing()
    client = TikTokOAuth(**_settings(target), transport=Memory())
    return lambda: client.exchange_code_for_tokens(CODE)


def _own_share_awaiting(target: Target) -> Callable[[], Awaitable[object]]:
    from multidict import CIMultiDict, CIMultiDictProxy

    from tiktok_oauth import AsyncTikTokOAuth
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

    headers = CIMultiDictProxy(CIMultiDict(answer.HEADERS))

    class Memory:
        async def send(  # the port's own names
            self,
            request: HttpRequest,  # noqa: ARG002
            *,
            timeout: float,  # noqa: ARG002
            limit: int,  # noqa: ARG002
        ) -> HttpResponse:
            return HttpResponse(200, headers, answer.BODY)

        async def aclose(self) -> None:
            """Nothing is open."""

    _log_into_nothing()
    client = AsyncTikTokOAuth(**_settings(target), transport=Memory())
    return lambda: client.exchange_code_for_tokens(CODE)


def _aiohttp(target: Target) -> Callable[[], Awaitable[object]]:
    import aiohttp
    from yarl import URL

    session = aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=("User-Agent", "Accept-Encoding")
    )
    url = URL(target.origin + PATH)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"client_key": KEY, "client_secret": SECRET, "code": CODE}).encode()

    async def call() -> object:
        async with session.post(url, data=body, headers=headers) as answer:
            return json.loads(await answer.read())

    return call


def _tiktok_auth(_client: Any, _method: str, uri: str, headers: Any, body: Any) -> Any:
    """Authlib's hook for client authentication, as TikTok wants it."""
    extra = f"&client_key={KEY}&client_secret={SECRET}"
    return uri, headers, body + (extra if isinstance(body, str) else extra.encode())


def _session(session_class: Any, settings: dict[str, Any]) -> Any:
    return session_class(
        KEY,
        SECRET,
        token_endpoint_auth_method=_tiktok_auth,
        redirect_uri=REDIRECT,
        **settings,
    )


def authlib_session(**settings: Any) -> Any:
    """Authlib's session on requests, for whatever else it can do."""
    from authlib.integrations.requests_client import OAuth2Session

    return _session(OAuth2Session, settings)


def _authlib(session_class: Any, target: Target, verify: dict[str, Any]) -> Callable[[], Any]:
    session = _session(session_class, verify)
    url = target.origin + PATH
    return lambda: session.fetch_token(url, code=CODE, grant_type="authorization_code")


def _authlib_requests(target: Target) -> Callable[[], object]:
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

    return _authlib(OAuth2Session, target, {"verify": target.ca_file} if target.ca_file else {})


def _authlib_requests_new(target: Target) -> Callable[[], object]:
    def call() -> object:
        return _authlib_requests(target)()

    return call


def _authlib_httpx2(target: Target) -> Callable[[], Awaitable[object]]:
    from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]

    context = ssl.create_default_context(cafile=target.ca_file) if target.ca_file else None
    return _authlib(AsyncOAuth2Client, target, {"verify": context} if context else {})


def _authlib_httpx(target: Target) -> Callable[[], Awaitable[object]]:
    # Authlib takes the older httpx only where httpx2 is missing, and says that it is outdated.
    sys.modules["httpx2"] = None  # type: ignore[assignment]
    warnings.simplefilter("ignore")
    return _authlib_httpx2(target)


SUBJECTS: dict[str, Blocking | Awaiting] = {
    "http.client": Blocking(_http_client),
    "aiohttp": Awaiting(_aiohttp),
    "blocking": Blocking(_ours()),
    "blocking httpx2": Blocking(_ours("httpx2")),
    "blocking, new client": Blocking(_ours_new),
    "awaiting": Awaiting(_ours_awaiting()),
    "awaiting pyreqwest": Awaiting(_ours_awaiting("pyreqwest")),
    "awaiting httpx2": Awaiting(_ours_awaiting("httpx2")),
    "awaiting, new client": Awaiting(_ours_awaiting_new),
    "authorization URL": Blocking(_url),
    "own share, blocking": Blocking(_own_share),
    "own share, awaiting": Awaiting(_own_share_awaiting),
    "Authlib on requests": Blocking(_authlib_requests),
    "Authlib on requests, new client": Blocking(_authlib_requests_new),
    "Authlib on httpx2": Awaiting(_authlib_httpx2),
    "Authlib on httpx": Awaiting(_authlib_httpx),
}
