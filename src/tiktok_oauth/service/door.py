"""What holds for every request: its host, its correlation ID, and what browsers may do."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse

from tiktok_oauth.correlation import correlation_id, is_correlation_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tiktok_oauth.service.settings import ServiceSettings

HEALTH_PATH = "/healthz"
CORRELATION_HEADER = "x-correlation-id"
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})


class Door:
    """ASGI middleware around the whole service.

    Another host name than our own is refused (a page elsewhere could otherwise have its name
    resolve to this machine and read what we serve). On loopback, a visitor who comes by the
    other name is sent to the one in the redirect URI, because that is where the cookies of a
    login have to be.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._origin = settings.origin
        self._host = urlsplit(settings.origin).hostname or ""
        self._hosts = {self._host}
        if self._host in _LOOPBACK_NAMES:
            self._hosts |= _LOOPBACK_NAMES
        self._headers = {
            "cache-control": "no-store",
            "content-security-policy": settings.content_security_policy,
            "cross-origin-opener-policy": "same-origin",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(CORRELATION_HEADER)
        call_id = given if given and is_correlation_id(given) else _new_correlation_id()

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer[CORRELATION_HEADER] = call_id
                for name, value in self._headers.items():
                    answer.setdefault(name, value)
            await send(message)

        with correlation_id(call_id):
            await self._choose(scope, headers)(scope, receive, send_guarded)

    def _choose(self, scope: Scope, headers: Headers) -> ASGIApp:
        try:
            asked = urlsplit(f"//{headers.get('host', '')}").hostname
        except ValueError:
            asked = None
        if scope["path"] == HEALTH_PATH:
            # Asked by address, by whatever watches over the process.
            return self._app
        if asked not in self._hosts:
            return PlainTextResponse("This host name is not served here.", 421)
        if asked != self._host and scope["method"] == "GET":
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(self._origin + scope["path"] + (f"?{query}" if query else ""))
        return self._app


def _new_correlation_id() -> str:
    return f"tiktok-{time.time_ns() // 1_000_000}-{secrets.token_hex(4)}"
