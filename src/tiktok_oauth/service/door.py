"""What holds for every request: host, sender, size, correlation ID, and the answer's headers."""

from __future__ import annotations

import ipaddress
import random
import secrets
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse

from tiktok_oauth.correlation import correlation_id, is_correlation_id
from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.requestlog import RequestLog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tiktok_oauth.service.api.problems import Kind
    from tiktok_oauth.service.settings import ServiceSettings

CORRELATION_HEADER = b"x-correlation-id"
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})
_ASKED_BY_ADDRESS = frozenset({"/healthz", "/readyz", "/metrics"})
"""By whatever watches over the process."""
_API = "/api/"
_NEVER_LED_AWAY = (_API, "/webhooks/tiktok")
"""Programs lose their API key on the way when they follow a redirect."""
_HSTS = b"max-age=31536000"
_LONGEST_CHAIN = 32


_WANTED = frozenset(
    {
        b"host",
        CORRELATION_HEADER,
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"content-length",
        b"transfer-encoding",
    }
)
_dice = random.Random(secrets.randbits(128))  # noqa: S311 - correlation IDs are no secrets


class _Head(NamedTuple):
    """What is looked at of a request's headers."""

    host: str
    correlation_id: str
    forwarded_for: str
    forwarded_proto: str
    length: str
    is_chunked: bool


class Door:
    """ASGI middleware around the whole service.

    Another host name than our own is refused (a page elsewhere could otherwise have its name
    resolve to this machine and read what we serve). On loopback, a visitor who comes by the
    other name is sent to our own, because that is where the cookies of a login have to be.

    Args:
        app: what is behind it.
        settings: the service's.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._origin = settings.public_url
        self._host = urlsplit(settings.public_url).hostname or ""
        self._hosts = {self._host}
        if is_loopback(self._host):
            self._hosts |= _LOOPBACK_NAMES
        self._is_https = settings.is_https
        self._limit = settings.body_limit
        self._proxies = tuple(
            ipaddress.ip_network(one, strict=False) for one in settings.trusted_proxies
        )
        self._headers = _headers(settings)
        self._named = frozenset(name for name, _ in self._headers)
        self._log = RequestLog() if settings.log_requests else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = _read(scope["headers"])
        given = head.correlation_id
        call_id = given if is_correlation_id(given) else _new_correlation_id()
        if self._proxies:
            self._believe(scope, head)
        dressed = self._dressed(send, call_id.encode())
        if self._log is not None:
            dressed = self._log.around(scope, dressed, call_id)
        with correlation_id(call_id):
            app = self._choose(scope, head)
            await app(scope, self._capped(receive, head), dressed)

    def _choose(self, scope: Scope, head: _Head) -> ASGIApp:
        path = scope["path"]
        if head.length.isdecimal() and int(head.length[:18]) > self._limit:
            return _refusal(path, problems.TOO_LARGE, f"{self._limit:,} bytes are taken at most.")
        if path in _ASKED_BY_ADDRESS:
            return self._app
        asked = _host_of(head.host)
        if asked not in self._hosts:
            return _refusal(path, problems.WRONG_HOST, "Ask by the service's public address.")
        is_away = asked != self._host or (self._is_https and head.forwarded_proto == "http")
        if is_away and scope["method"] == "GET" and not path.startswith(_NEVER_LED_AWAY):
            return RedirectResponse(self._origin + _target(scope))
        return self._app

    def _dressed(self, send: Send, call_id: bytes) -> Send:
        """Add the headers that an answer does not say itself, and the correlation ID."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                more = self._headers
                if said := self._named.intersection([name for name, _ in own]):
                    more = [pair for pair in more if pair[0] not in said]
                message["headers"] = [*own, *more, (CORRELATION_HEADER, call_id)]
            await send(message)

        return dressed

    def _believe(self, scope: Scope, head: _Head) -> None:
        """Take the visitor's address from the proxies that we trust, and from nobody else."""
        client = scope.get("client")
        if client is None or not self._is_proxy(client[0]):
            return
        chain = head.forwarded_for.split(",")[-_LONGEST_CHAIN:]
        for step in reversed(chain):
            address = step.strip()
            if not _is_address(address):
                break
            scope["client"] = (address, 0)
            if not self._is_proxy(address):
                break
        if head.forwarded_proto in {"http", "https"}:
            scope["scheme"] = head.forwarded_proto

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._proxies)

    def _capped(self, receive: Receive, head: _Head) -> Receive:
        """The body, as long as it is not too large; its length, where told, was judged before."""
        if not head.is_chunked:
            return receive
        left = self._limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, "This body is too large.")
            return message

        return counted


def _read(headers: Iterable[tuple[bytes, bytes]]) -> _Head:
    found = {name: value for name, value in headers if name in _WANTED}

    def text(name: bytes) -> str:
        value = found.get(name)
        return "" if value is None else value.decode("latin-1")

    return _Head(
        text(b"host"),
        text(CORRELATION_HEADER),
        text(b"x-forwarded-for"),
        text(b"x-forwarded-proto").strip().lower(),
        text(b"content-length"),
        b"transfer-encoding" in found,
    )


def _headers(settings: ServiceSettings) -> list[tuple[bytes, bytes]]:
    """What every answer carries, unless it says something else itself."""
    headers = [
        (b"cache-control", b"no-store"),
        (b"content-security-policy", settings.content_security_policy.encode()),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
    ]
    if settings.is_https:
        headers.append((b"strict-transport-security", _HSTS))
    return headers


def _refusal(path: str, kind: Kind, detail: str) -> Response:
    """What is refused without a look behind the door; its body, if there is one, is not read."""
    headers = {"connection": "close"}
    if path.startswith(_API):
        return problems.refused(RefusalError(kind, detail, headers=headers))
    return PlainTextResponse(f"{kind.title}.", kind.status, headers)


@lru_cache(maxsize=64)
def _host_of(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def _target(scope: Scope) -> str:
    """Path and query, as they came."""
    path = scope.get("raw_path") or b"/"
    query = scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("latin-1")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _new_correlation_id() -> str:
    return f"tiktok-{time.time_ns() // 1_000_000}-{_dice.getrandbits(32):08x}"
