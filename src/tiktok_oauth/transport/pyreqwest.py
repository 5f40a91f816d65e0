"""An optional awaiting transport: Rust's reqwest where it can keep the promises, else aiohttp.

reqwest cannot be told to end a request: a cancelled one goes on without its caller. So each
connection gets a client of its own, whose socket bears a mark by which it is found and broken.
Whether a kept connection is quiet is seen there too. Names are looked up here, because a look-up
within reqwest could not be ended either.

aiohttp takes over after a fork, which reqwest's threads do not survive; with a ``ca_file``, which
reqwest would trust besides the system's authorities instead of in their place; and on Windows,
where no process can look at its own sockets.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.transport import failures, marks
from tiktok_oauth.transport.aiohttp import FAILURES, AiohttpTransport
from tiktok_oauth.transport.loops import Idle, pool_here
from tiktok_oauth.transport.origins import split

try:
    from pyreqwest.client import ClientBuilder, SyncClientBuilder
    from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError
    from pyreqwest.proxy import ProxyBuilder
except ImportError as _missing:
    raise ImportError(
        "pyreqwest is not installed: run `pip install tiktok-oauth[turbo]`"
    ) from _missing

if TYPE_CHECKING:
    from pyreqwest.client import Client

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.transport.origins import Origin
    from tiktok_oauth.transport.tasks import Attempt

_CONNECTING = "client error (Connect)"
_UNREACHABLE = "tcp connect error"
_NET = 1.0
"""Seconds after its deadline at which reqwest itself gives an attempt up, whatever went wrong."""

_threads_of: set[int] = set()
"""The process that has reqwest's threads, once one has: this one, or one it was forked from."""
_of_parent: list[_Lane] = []


class PyreqwestTransport(AiohttpTransport):
    """One client's awaiting way out, over reqwest."""

    _failures: ClassVar[tuple[type[Exception], ...]] = (*FAILURES, PyreqwestError)

    async def _exchange(self, request: HttpRequest, attempt: Attempt, limit: int) -> HttpResponse:
        if self._settings.ca_file is not None or not marks.WORK or not _is_ours():
            return await super()._exchange(request, attempt, limit)
        pool = await pool_here(_Lanes, self._settings)
        origin, _ = split(request.url)
        lane = pool.take(origin)
        if lane is not None:
            return await pool.send(origin, lane, request, attempt, limit)
        return await pool.send_on_new(origin, request, attempt, limit)

    def _explain(self, error: Exception, attempt: Attempt) -> TransportError:
        if not isinstance(error, DetailedPyreqwestError):
            return super()._explain(error, attempt)
        words = _words(error)
        if _CONNECTING in words:
            attempt.phase = Phase.CONNECT if _UNREACHABLE in words else Phase.TLS
        if attempt.stopped or isinstance(error, TimeoutError):
            return super()._explain(TimeoutError(), attempt)
        reason = None if attempt.phase is Phase.EXCHANGE else words[-1]
        return failures.no_connection(attempt.phase, reason)


class _Lane:
    """Room for one connection."""

    def __init__(self, settings: ConnectionSettings, host: str, address: str) -> None:
        self.mark = marks.Mark()
        builder = (
            ClientBuilder()
            .follow_redirects(enable=False)
            .referer(enable=False)
            .gzip(enable=False)
            .brotli(enable=False)
            .zstd(enable=False)
            .deflate(enable=False)
            .no_proxy()
            .resolve(host, address, 0)
            .tcp_keepalive(timedelta(seconds=self.mark.seconds))
            .pool_idle_timeout(timedelta(seconds=settings.idle_timeout))
        )
        if settings.proxy is not None:
            builder = builder.proxy(ProxyBuilder.all(settings.proxy))
        _threads_of.add(os.getpid())
        self.client: Client = builder.build()


class _Lanes:
    """One loop's lanes."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._idle: Idle[_Lane] = Idle(settings.idle_timeout, _let_go)
        self._breaker = marks.Breaker()

    def take(self, origin: Origin) -> _Lane | None:
        """Take a lane whose connection is kept."""
        while (lane := self._idle.take(origin)) is not None:
            if lane.mark.is_quiet():
                return lane
        return None

    async def send_on_new(
        self, origin: Origin, request: HttpRequest, attempt: Attempt, limit: int
    ) -> HttpResponse:
        """Send a request to the first of the server's addresses that answers."""
        _, host, port = split(self._settings.proxy)[0] if self._settings.proxy else origin
        attempt.phase = Phase.RESOLVE
        addresses = await _look_up(host, port)
        for others in reversed(range(len(addresses))):
            lane = _Lane(self._settings, host, addresses[-1 - others])
            try:
                return await self.send(origin, lane, request, attempt, limit)
            except DetailedPyreqwestError as error:
                if not others or attempt.stopped or _UNREACHABLE not in _words(error):
                    raise
        raise socket.gaierror(socket.EAI_NONAME, "no address")

    async def send(
        self, origin: Origin, lane: _Lane, request: HttpRequest, attempt: Attempt, limit: int
    ) -> HttpResponse:
        """Send a request on a lane, and keep the lane if it was answered to the end."""
        builder = lane.client.request(request.method, request.url).headers(list(request.headers))
        builder = builder.timeout(timedelta(seconds=attempt.left() + _NET))
        if request.body is not None:
            builder = builder.body_bytes(request.body)
        attempt.phase = Phase.EXCHANGE  # until reqwest tells better
        attempt.cut = functools.partial(self._breaker.doom, lane.mark)
        try:
            async with builder.build_streamed() as answer:
                body = b""
                while len(body) <= limit:
                    part = await answer.body_reader.read(limit + 1 - len(body))
                    if not part:
                        break
                    body += part
                response = HttpResponse(
                    answer.status, answer.headers, body[:limit], len(body) > limit
                )
        except asyncio.CancelledError:
            attempt.cut()
            raise
        if not response.overflow:
            self._idle.give(origin, lane)
        return response

    async def close(self) -> None:
        """Close every connection."""
        self._idle.take_all()

    def forget(self) -> None:
        """Close every connection, unless they are a parent process's."""
        lanes = self._idle.take_all()
        if not _is_ours():
            _of_parent.extend(lanes)  # to end them takes threads that are not here


def _let_go(lane: _Lane) -> None:
    """Close a lane's connection, which takes no more than to forget the lane."""


async def _look_up(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


def _words(error: DetailedPyreqwestError) -> list[str]:
    """Return what reqwest says happened: its Python classes mix up the phases."""
    return [cause["message"] for cause in error.details["causes"] or []]


def _is_ours() -> bool:
    return _threads_of <= {os.getpid()}


@atexit.register
def _wait_for_callbacks() -> None:
    # reqwest's thread would abort the process if the interpreter went away while it still wakes
    # a loop. It does one thing after the other, so when it has refused this, it is done with that.
    if _threads_of == {os.getpid()}:
        with contextlib.suppress(PyreqwestError):
            SyncClientBuilder().build().get("nowhere:").build().send()
