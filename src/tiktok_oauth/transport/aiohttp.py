"""The awaiting transport: aiohttp's connections and parser under a deadline and a cap."""

from __future__ import annotations

import asyncio
import errno
import functools
import select
import socket
import weakref
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from aiohttp import ClientError, ClientRequest, ClientTimeout, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError
from yarl import URL

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.transport.heads import head_of
from tiktok_oauth.transport.loops import Idle, pool_here
from tiktok_oauth.transport.origins import Origin, split
from tiktok_oauth.transport.tasks import AwaitingTransport
from tiktok_oauth.transport.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import AddrInfoType, StreamReader
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.transport.tasks import Attempt

FAILURES = (ClientError, HttpProcessingError, OSError, ValueError)
_NO_TIMEOUT = ClientTimeout()
"""The attempt's own deadline covers everything."""
_TURNS_TO_READ = 5
"""Turns of the loop after which everything that has arrived was certainly looked at."""
_TURNS_TO_CLOSE = 3
"""Turns of the loop after which everything that was dropped is closed."""


class AiohttpTransport(AwaitingTransport):
    """One client's awaiting way out.

    Uses aiohttp's connections (names, proxies, TLS) and its parser without its session, its
    request and response objects and its pool: those cost twice as much again, and a GET that was
    cut off they would silently send once more.
    """

    _failures: ClassVar[tuple[type[Exception], ...]] = FAILURES

    async def _exchange(self, request: HttpRequest, attempt: Attempt, limit: int) -> HttpResponse:
        pool = await pool_here(_Pool, self._settings)
        origin, target = split(request.url)
        connection, way = await pool.connect(origin)
        reusable = False
        try:
            protocol = _write(connection, request, target, way)
            attempt.phase = Phase.EXCHANGE
            message: RawResponseMessage
            content: StreamReader
            message, content = await protocol.read()
            while message.code // 100 == 1:
                message, content = await protocol.read()
            body = await content.read(limit + 1)
            while len(body) <= limit and not content.at_eof():
                body += await content.read(limit + 1 - len(body))
            overflow = len(body) > limit
            reusable = not overflow and not protocol.should_close
        finally:
            if reusable:
                pool.idle.give(origin, connection)
            else:
                _drop(connection)
        return HttpResponse(message.code, message.headers, body[:limit], overflow)


def _write(
    connection: Connection, request: HttpRequest, target: str, way: ClientRequest
) -> ResponseHandler:
    """Send a request, at once and as it is.

    Returns:
        What reads the answer.

    Raises:
        ValueError: a header holds a line break. Nothing was sent.
    """
    forwarded = way.proxy is not None and way.url.scheme == "http"
    if forwarded:
        target = request.url
    passes = way.headers.get("Proxy-Authorization") if forwarded else None
    further = () if passes is None else (("Proxy-Authorization", passes),)
    head = head_of(request, target, way.url.host_port_subcomponent or "", further)
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None:
        raise ConnectionResetError(errno.ECONNRESET, "lost")
    if isinstance(protocol, _Reader):
        protocol.is_ours = True
    protocol.set_response_params(
        skip_payload=request.method == "HEAD", read_until_eof=True, auto_decompress=False
    )
    transport.write(head + (request.body or b""))
    return protocol


def _drop(connection: Connection) -> None:
    """Close a connection at once: a farewell over TLS would wait for the other side's."""
    transport = connection.transport
    connection.close()
    if transport is not None:
        transport.abort()


class _Pool:
    """The connections of one loop for one kind of settings."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._proxy = None if settings.proxy is None else URL(settings.proxy)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._ways: dict[Origin, ClientRequest] = {}
        self._connector = _Connector(self._open_socket)
        self.idle: Idle[Connection] = Idle(settings.idle_timeout, _drop)

    async def connect(self, origin: Origin) -> tuple[Connection, ClientRequest]:
        """Take a connection that is kept, or open one.

        Returns:
            The connection, and aiohttp's description of the way to it.
        """
        way = self._ways.get(origin) or self._ways.setdefault(origin, self._way(origin))
        while (kept := self.idle.take(origin)) is not None:
            if await _is_quiet(kept):
                return kept, way
        return await self._connector.connect(way, [], _NO_TIMEOUT), way

    def _way(self, origin: Origin) -> ClientRequest:
        scheme, host, port = origin
        proxy = self._proxy
        tls = scheme == "https" or (proxy is not None and proxy.scheme == "https")
        return ClientRequest(
            "POST",
            URL.build(scheme=scheme, host=host, port=port),
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
        for connection in self.idle.take_all():
            _drop(connection)
        await self._connector.close()
        # What was dropped is closed in the loop's next turns, and these may be its last.
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    def forget(self) -> None:
        """Close every connection without the loop's help, and without a word to the other side."""
        for opened in self._sockets:
            opened.close()
        self._connector.forget()
        for connection in self.idle.take_all():
            connection.close()  # its connector knows it no more, so nothing else happens


class _Head(NamedTuple):
    """What is wanted of an answer beside its body."""

    code: int
    headers: Mapping[str, str]


class _Reader(ResponseHandler):
    """Reads answers, and lets go of all that the parser made of ours as soon as one is whole.

    That is two tuples for every header. Were they kept until the answer's turn comes, then with
    five hundred under way the garbage collector would take a quarter of all time.

    Attributes:
        is_ours: whether the request is; those for tunnels are aiohttp's own.
    """

    is_ours = False
    _content: StreamReader | None = None

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take an answer's head, and the body as far as it is there."""
        message, content = data
        if self.is_ours:
            data = cast("RawResponseMessage", _Head(message.code, message.headers)), content
            if message.code // 100 != 1:  # The parser has more to read after such a one.
                self._content = content
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        super().data_received(data)
        if self._content is not None and self._content.is_eof():
            self._content = self._parser = None


class _Connector(TCPConnector):
    """Opens connections, and keeps none: only an attempt knows whether one is fit to be kept."""

    def __init__(self, socket_factory: Callable[[AddrInfoType], socket.socket]) -> None:
        super().__init__(limit=0, socket_factory=socket_factory)
        reader = functools.partial(_Reader, loop=asyncio.get_running_loop())
        self._factory = cast("functools.partial[ResponseHandler]", reader)

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
            _drop(connection)
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
