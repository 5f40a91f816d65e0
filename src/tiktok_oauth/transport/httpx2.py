"""Optional transports over httpx2, for programs that bring their own client.

Given a client, they send through it: its mocks, its instrumentation, its proxies and its TLS.
The settings do not apply then, and in the blocking world the deadline is looked at between two
reads only, and ``close`` refuses new attempts without ending those under way. Without a client,
connections are the transport's own and every promise holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.transport import failures
from tiktok_oauth.transport.idle import shared_pool
from tiktok_oauth.transport.loops import Idle, pool_here
from tiktok_oauth.transport.origins import split
from tiktok_oauth.transport.sockets import Attempt, TlsSocket, connect, current
from tiktok_oauth.transport.tasks import AwaitingTransport
from tiktok_oauth.transport.tls import tls_context

try:
    import httpx2
    from httpcore2 import AsyncNetworkStream, NetworkStream, SyncBackend
    from httpcore2._backends.sync import SyncStream  # there is no public one that wraps a socket
except ImportError as _missing:
    raise ImportError(
        "httpx2 is not installed: run `pip install tiktok-oauth[httpx]`"
    ) from _missing

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.transport.tasks import Attempt as TaskAttempt

_FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError)
_ONE_CONNECTION = httpx2.Limits(max_connections=1, keepalive_expiry=None)


class Httpx2Transport:
    """One client's blocking way out, over httpx2."""

    def __init__(self, settings: ConnectionSettings, client: httpx2.Client | None = None) -> None:
        self._settings = settings
        self._client = client
        self._pool = shared_pool(_Lane, settings)
        self._closed = False

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt (see ``engine.ports.Transport``).

        Raises:
            TransportError: there was no whole answer.
        """
        attempt = Attempt(timeout, owner=self)
        outer, current.attempt = current.attempt, attempt
        self._pool.enter(attempt)
        failure: TransportError
        try:
            if self._closed:
                attempt.end()
            built = _build(request, attempt.left())
            built.extensions["trace"] = lambda event, info: _follow(attempt, event, info)
            with self._answer(built, attempt) as answer:
                body = b""
                for part in answer.iter_raw():
                    body += part
                    attempt.left()
                    if len(body) > limit:
                        break
            return _response(answer, body, limit)
        except _FAILURES as error:
            failure = _explain(error, attempt)
        finally:
            self._pool.leave(attempt)
            current.attempt = outer
        raise failure

    def close(self) -> None:
        """End this client's attempts at once and refuse new ones; idle connections stay."""
        self._closed = True
        self._pool.end_attempts(self)

    @contextlib.contextmanager
    def _answer(self, request: httpx2.Request, attempt: Attempt) -> Iterator[httpx2.Response]:
        if self._client is not None:
            attempt.phase = Phase.EXCHANGE  # until its trace tells better
            answer = self._client.send(request, auth=None, follow_redirects=False, stream=True)
            with contextlib.closing(answer):
                yield answer
            return
        origin, _ = split(str(request.url))
        lane = self._pool.take(origin) or _Lane(self._settings)
        reusable = False
        try:
            with contextlib.closing(lane.handle_request(request)) as answer:
                yield answer
            reusable = _is_clean(lane)
        finally:
            attempt.let_go()
            if reusable:
                self._pool.give(origin, lane)
            else:
                lane.close()


class AsyncHttpx2Transport(AwaitingTransport):
    """One client's awaiting way out, over httpx2."""

    _failures: ClassVar[tuple[type[Exception], ...]] = _FAILURES

    def __init__(
        self, settings: ConnectionSettings, client: httpx2.AsyncClient | None = None
    ) -> None:
        super().__init__(settings)
        self._client = client

    def _explain(self, error: Exception, attempt: TaskAttempt) -> TransportError:
        return _explain(error, attempt)

    async def _exchange(
        self, request: HttpRequest, attempt: TaskAttempt, limit: int
    ) -> HttpResponse:
        opened: list[AsyncNetworkStream] = []

        async def follow(event: str, info: dict[str, Any]) -> None:
            _follow(attempt, event, info)
            if event.endswith("connect_tcp.complete"):
                opened.append(info["return_value"])

        built = _build(request, attempt.timeout)
        built.extensions["trace"] = follow
        try:
            async with self._answer(built, attempt) as answer:
                body = b""
                async with contextlib.aclosing(answer.aiter_raw()) as parts:
                    async for part in parts:
                        body += part
                        if len(body) > limit:
                            break
        except BaseException:
            # A cancel within a TLS handshake makes httpcore2 forget the connection unclosed.
            for stream in opened:
                await stream.aclose()
            raise
        return _response(answer, body, limit)

    @contextlib.asynccontextmanager
    async def _answer(
        self, request: httpx2.Request, attempt: TaskAttempt
    ) -> AsyncIterator[httpx2.Response]:
        if self._client is not None:
            attempt.phase = Phase.EXCHANGE  # until its trace tells better
            answer = await self._client.send(
                request, auth=None, follow_redirects=False, stream=True
            )
            async with contextlib.aclosing(answer):
                yield answer
            return
        pool = await pool_here(_Lanes, self._settings)
        origin, _ = split(str(request.url))
        lane = pool.idle.take(origin) or _AsyncLane(self._settings)
        reusable = False
        try:
            async with contextlib.aclosing(await lane.handle_async_request(request)) as answer:
                yield answer
            reusable = _is_clean(lane)
        finally:
            if reusable:
                pool.idle.give(origin, lane)
            else:
                await lane.aclose()


class _Backend(SyncBackend):
    """Opens sockets that know their attempt's deadline."""

    def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> NetworkStream:
        return SyncStream(connect(host, port))


class _Lane(httpx2.HTTPTransport):
    """Room for one blocking connection."""

    def __init__(self, settings: ConnectionSettings) -> None:
        context = tls_context(settings.ca_file)
        context.sslsocket_class = TlsSocket
        proxy = _proxy(settings, context)
        super().__init__(verify=context, trust_env=False, limits=_ONE_CONNECTION, proxy=proxy)
        self._pool._network_backend = _Backend()  # noqa: SLF001 (httpx2 does not pass one on)


class _AsyncLane(httpx2.AsyncHTTPTransport):
    """Room for one awaiting connection."""

    def __init__(self, settings: ConnectionSettings) -> None:
        context = tls_context(settings.ca_file)
        proxy = _proxy(settings, context)
        super().__init__(verify=context, trust_env=False, limits=_ONE_CONNECTION, proxy=proxy)


class _Lanes:
    """One loop's lanes."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.idle: Idle[_AsyncLane] = Idle(settings.idle_timeout, self._close_aside)
        self._closing: set[asyncio.Task[None]] = set()

    def _close_aside(self, lane: _AsyncLane) -> None:
        task = asyncio.get_running_loop().create_task(lane.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        for lane in self.idle.take_all():
            await lane.aclose()

    def forget(self) -> None:
        self.idle.take_all()


def _build(request: HttpRequest, timeout: float) -> httpx2.Request:
    return httpx2.Request(
        request.method,
        request.url,
        headers=list(request.headers),
        content=request.body,
        extensions={"timeout": httpx2.Timeout(timeout).as_dict()},
    )


def _response(answer: httpx2.Response, body: bytes, limit: int) -> HttpResponse:
    return HttpResponse(answer.status_code, answer.headers, body[:limit], len(body) > limit)


def _follow(attempt: Attempt | TaskAttempt, event: str, info: dict[str, Any]) -> None:
    """Note how far an attempt got, from what httpcore2 traces."""
    if event.endswith("connect_tcp.started"):
        attempt.phase = Phase.CONNECT
    elif event.endswith("start_tls.started"):
        attempt.phase = Phase.TLS
    elif event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
        attempt.phase = Phase.EXCHANGE


def _explain(error: BaseException, attempt: Attempt | TaskAttempt) -> TransportError:
    if isinstance(error, httpx2.TimeoutException):
        return failures.explain(TimeoutError(), attempt)
    return failures.explain(error, attempt)


def _is_clean(lane: _Lane | _AsyncLane) -> bool:
    """Tell whether a lane's connection is at rest, with nothing received beyond its answer.

    httpcore2 would take such bytes for the beginning of the next answer, and has no way to ask.
    """
    connections = lane._pool.connections  # noqa: SLF001
    if not connections or not connections[0].is_idle():
        return False
    inner: Any = connections[0]
    while hasattr(inner, "_connection"):
        inner = inner._connection  # noqa: SLF001
    return not inner._h11_state.trailing_data[0]  # noqa: SLF001


def _proxy(settings: ConnectionSettings, context: ssl.SSLContext) -> httpx2.Proxy | None:
    if settings.proxy is None:
        return None
    tls = settings.proxy.startswith("https:")
    return httpx2.Proxy(settings.proxy, ssl_context=context if tls else None)
