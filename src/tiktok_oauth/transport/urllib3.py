"""The blocking transport: urllib3's connections under a deadline, a cap and a shared pool."""

from __future__ import annotations

import errno
import functools
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import HTTPError
from urllib3.util import Url, make_headers, parse_url

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.transport import answers, failures
from tiktok_oauth.transport.heads import head_of
from tiktok_oauth.transport.idle import shared_pool
from tiktok_oauth.transport.origins import Origin, host_of, split
from tiktok_oauth.transport.sockets import Attempt, TcpSocket, TlsSocket, connect, current
from tiktok_oauth.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

_FAILURES = (OSError, HTTPException, HTTPError, ValueError, *answers.FAILURES)


class Urllib3Transport:
    """One client's blocking way out.

    Uses urllib3's connections (proxies, TLS) without its pool, retries and response objects:
    those cost as much again as all the rest, and know neither deadlines nor forks.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._pool = shared_pool(HTTPConnection, settings)
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
            return self._exchange(request, attempt, limit)
        except _FAILURES as error:
            failure = failures.explain(error, attempt)
        finally:
            self._pool.leave(attempt)
            current.attempt = outer
        raise failure

    def close(self) -> None:
        """End this client's attempts at once and refuse new ones; idle connections stay."""
        self._closed = True
        self._pool.end_attempts(self)

    def _exchange(self, request: HttpRequest, attempt: Attempt, limit: int) -> HttpResponse:
        origin, _ = split(request.url)
        connection = self._connect(origin, attempt)
        reusable = False
        try:
            head = self._head(connection, request)
            attempt.phase = Phase.EXCHANGE
            sock: Any = connection.sock
            sock.sendall(head + (request.body or b""))
            has_body = request.method != "HEAD"
            response, reusable = answers.read_answer(sock, limit, has_body=has_body)
        finally:
            attempt.let_go()
            if reusable:
                self._pool.give(origin, connection)
            else:
                connection.close()
        return response

    def _head(self, connection: HTTPConnection, request: HttpRequest) -> bytes:
        origin, target = split(request.url)
        host, proxy = host_of(origin), self._settings.proxy
        if proxy is None or not connection.proxy_is_forwarding:
            return head_of(request, target, host)
        return head_of(request, request.url, host, _proxy(proxy)[1].items())

    def _connect(self, origin: Origin, attempt: Attempt) -> HTTPConnection:
        attempt.left()
        while (kept := self._pool.take(origin)) is not None:
            if _wire(kept).is_quiet():
                return kept
            kept.close()
        connection = _new_connection(origin, self._settings)
        try:
            connection.connect()
            if origin[0] == "https":
                _require_encryption(connection)
        except BaseException:
            attempt.let_go()
            connection.close()
            raise
        return connection


class _Plain(HTTPConnection):
    def _new_conn(self) -> TcpSocket:
        return connect(self._dns_host, self.port)


class _Secure(_Plain, HTTPSConnection):
    pass


@functools.lru_cache(maxsize=16)
def _proxy(url: str) -> tuple[Url, dict[str, str]]:
    proxy = parse_url(url)
    headers = make_headers(proxy_basic_auth=unquote(proxy.auth)) if proxy.auth else {}
    return proxy, headers


def _new_connection(origin: Origin, settings: ConnectionSettings) -> HTTPConnection:
    scheme, host, port = origin
    if settings.proxy is None:
        if scheme == "http":
            return _Plain(host, port)
        return _Secure(host, port, ssl_context=_tls(settings))
    proxy, headers = _proxy(settings.proxy)
    if scheme == proxy.scheme == "http":
        return _Plain(proxy.host or "", proxy.port, proxy=proxy)
    context = _tls(settings)
    connection = _Secure(
        proxy.host or "",
        proxy.port or (443 if proxy.scheme == "https" else 80),
        proxy=proxy,
        proxy_config=ProxyConfig(context, False, None, None),  # noqa: FBT003 (a named tuple)
        ssl_context=context,
    )
    if scheme == "https":
        connection.set_tunnel(host, port, headers, scheme=proxy.scheme or "http")
    return connection


def _tls(settings: ConnectionSettings) -> ssl.SSLContext:
    context = tls_context(settings.ca_file)
    context.sslsocket_class = TlsSocket
    return context


def _require_encryption(connection: HTTPConnection) -> None:
    """Refuse a socket that broke just before its handshake: Python leaves it in clear text."""
    sock: Any = connection.sock
    if sock.version() is None:
        raise ConnectionResetError(errno.ECONNRESET, "lost before the handshake")


def _wire(connection: HTTPConnection) -> TcpSocket | TlsSocket:
    """Return the socket of ours that a connection uses."""
    sock: Any = connection.sock
    # Through a proxy that speaks TLS itself, urllib3 wraps ours once more.
    return sock if isinstance(sock, (TcpSocket, TlsSocket)) else sock.socket
