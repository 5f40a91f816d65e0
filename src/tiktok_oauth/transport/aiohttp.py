"""The awaiting transport: aiohttp's connections and parser under a deadline and a cap."""

from __future__ import annotations

import asyncio
import errno
import functools
import select
import socket
import weakref
from time import monotonic
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientRequest, ClientTimeout, TCPConnector
from aiohttp.http import HttpProcessingError
from yarl import URL

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.transport import failures
from tiktok_oauth.transport.loops import pool_here
from tiktok_oauth.transport.tasks import Attempts
from tiktok_oauth.transport.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import AddrInfoType, StreamReader
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.tracing import Trace

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.transport.tasks import Attempt

_FAILURES = (ClientError, HttpProcessingError, OSError, ValueError)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NO_TIMEOUT = ClientTimeout()
"""The attempt's own deadline covers everything."""
_NO_ROUNDING = 86400.0
_TURNS_TO_READ = 5
"""Turns of the loop after which everything that has arrived was certainly looked at."""


class AiohttpTransport:
    """One client's awaiting way out. May be used from several loops, each in its thread.

    Uses aiohttp's connections (names, proxies, TLS) and its parser without its session and its
    request and response objects: those cost twice as much again, and a GET that was cut off
    they would silently send once more.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._attempts = Attempts()

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt (see ``engine.ports.AsyncTransport``).

        Raises:
            TransportError: there was no whole answer.
        """
        attempt = self._attempts.begin(timeout)
        failure: TransportError
        try:
            return await self._exchange(request, attempt, limit)
        except asyncio.CancelledError:
            if not attempt.finish():
                raise
            failure = failures.explain(TimeoutError(), attempt)
        except _FAILURES as error:
            failure = failures.explain(error, attempt)
        finally:
            self._attempts.finish(attempt)
        raise failure

    async def aclose(self) -> None:
        """End this client's attempts at once, on every loop, and refuse new ones."""
        self._attempts.close()

    async def _exchange(self, request: HttpRequest, attempt: Attempt, limit: int) -> HttpResponse:
        pool = await pool_here(_Pool, self._settings)
        url = _parse(request.url)
        connection, way = await pool.connect(url.origin())
        response = None
        try:
            _write(connection, request, url, way)
            attempt.phase = Phase.EXCHANGE
            response = await _read(connection, limit)
        finally:
            if response is not None and not response.overflow:
                connection.release()
            else:
                transport = connection.transport
                connection.close()
                if transport is not None:
                    transport.abort()  # a farewell over TLS would wait for the other side's
        return response


@functools.lru_cache(maxsize=256)
def _parse(url: str) -> URL:
    return URL(url, encoded=True)


def _write(connection: Connection, request: HttpRequest, url: URL, way: ClientRequest) -> None:
    """Send a request, at once and as it is.

    Raises:
        ValueError: a header holds a line break. Nothing was sent.
    """
    forwarded = way.proxy is not None and url.scheme == "http"
    target = request.url if forwarded else url.raw_path_qs
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {url.host_port_subcomponent}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    if forwarded and "Proxy-Authorization" in way.headers:
        lines.append(f"Proxy-Authorization: {way.headers['Proxy-Authorization']}")
    if request.body is not None or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body or b'')}")
    lines += ("", "")
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) - 1:
        raise ValueError("a header holds a line break")
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise ConnectionResetError(errno.ECONNRESET, "lost")
    protocol.set_response_params(
        skip_payload=request.method == "HEAD", read_until_eof=True, auto_decompress=False
    )
    transport.write(head.encode("latin-1") + (request.body or b""))


async def _read(connection: Connection, limit: int) -> HttpResponse:
    protocol = connection.protocol
    if protocol is None:
        raise ConnectionResetError(errno.ECONNRESET, "lost")
    message: RawResponseMessage
    content: StreamReader
    message, content = await protocol.read()
    while message.code // 100 == 1:
        message, content = await protocol.read()
    body = await content.read(limit + 1)
    while len(body) <= limit and not content.at_eof():
        body += await content.read(limit + 1 - len(body))
    return HttpResponse(message.code, message.headers, body[:limit], len(body) > limit)


class _Pool:
    """The connections of one loop for one kind of settings."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._proxy = None if settings.proxy is None else URL(settings.proxy)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._ways: dict[URL, ClientRequest] = {}
        self._connector = _Connector(settings.idle_timeout, self._open_socket)

    async def connect(self, origin: URL) -> tuple[Connection, ClientRequest]:
        """Take a connection that is kept, or open one.

        Returns:
            The connection, and aiohttp's description of the way to it.
        """
        way = self._ways.get(origin) or self._ways.setdefault(origin, self._way(origin))
        while True:
            connection = await self._connector.connect(way, [], _NO_TIMEOUT)
            if self._connector.is_new(connection) or await _is_quiet(connection):
                return connection, way

    def _way(self, origin: URL) -> ClientRequest:
        proxy = self._proxy
        tls = origin.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        return ClientRequest(
            "POST",
            origin,
            proxy=proxy,
            ssl=tls_context(self._settings.ca_file) if tls else True,
            loop=asyncio.get_running_loop(),
        )

    def _open_socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, proto, _, _ = address
        opened = socket.socket(family, kind, proto)
        self._sockets.add(opened)
        return opened

    async def close(self) -> None:
        """Close every connection."""
        await self._connector.close()

    def forget(self) -> None:
        """Close every connection without the loop's help, and without a word to the other side."""
        for opened in self._sockets:
            opened.close()
        self._connector.forget()


class _Connector(TCPConnector):
    """Knows which connections are new, and closes idle ones on time.

    aiohttp itself looks for idle ones only once per idle timeout.
    """

    def __init__(
        self, idle_timeout: float, open_socket: Callable[[AddrInfoType], socket.socket]
    ) -> None:
        super().__init__(
            limit=0,
            keepalive_timeout=idle_timeout,
            timeout_ceil_threshold=_NO_ROUNDING,
            socket_factory=open_socket,
        )
        self._new: set[ResponseHandler] = set()

    async def _create_connection(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> ResponseHandler:
        protocol = await super()._create_connection(req, traces, timeout)
        self._new.add(protocol)
        return protocol

    def is_new(self, connection: Connection) -> bool:
        """Tell whether a connection is asked about for the first time."""
        if connection.protocol not in self._new:
            return False
        self._new.discard(connection.protocol)
        return True

    def _cleanup(self) -> None:
        super()._cleanup()
        if self._cleanup_handle is not None and self._keepalive_timeout is not None:
            self._cleanup_handle.cancel()
            oldest = min(since for idle in self._conns.values() for _, since in idle)
            wait = oldest + self._keepalive_timeout - monotonic()
            self._cleanup_handle = self._loop.call_later(max(wait, 0), self._cleanup)

    def forget(self) -> None:
        """Let go of all connections without touching their loop: it ended, or is the parent's."""
        self._closed = True
        self._conns.clear()
        self._acquired.clear()


async def _is_quiet(connection: Connection) -> bool:
    """Tell whether a kept connection is open and nothing came that nobody asked for."""
    protocol = connection.protocol
    quiet = False
    try:
        if protocol is not None:
            if _is_readable(protocol):
                for _ in range(_TURNS_TO_READ):
                    await asyncio.sleep(0)
            quiet = protocol.is_connected() and not protocol.should_close
    finally:
        if not quiet:
            connection.close()
    return quiet


def _is_readable(protocol: ResponseHandler) -> bool:
    sock = protocol.transport and protocol.transport.get_extra_info("socket")
    if not sock:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))
