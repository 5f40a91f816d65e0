"""An optional awaiting transport: Rust's reqwest.

It keeps some promises less well than the default. An attempt that ran out of time or was closed
always counts as possibly sent. The connection of a cancelled attempt stays open until the
attempt's deadline. An answer that a server sends unasked on a kept connection can be taken for
the next one's. ``ca_file`` adds to the system's authorities instead of replacing them. Every
request carries ``Accept: */*``.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.transport import failures
from tiktok_oauth.transport.aiohttp import AiohttpTransport
from tiktok_oauth.transport.tasks import Attempts

try:
    from pyreqwest.client import Client, ClientBuilder
    from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError
    from pyreqwest.proxy import ProxyBuilder
except ImportError as _missing:
    raise ImportError(
        "pyreqwest is not installed: run `pip install tiktok-oauth[turbo]`"
    ) from _missing

if TYPE_CHECKING:
    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.transport.tasks import Attempt

_FAILURES = (PyreqwestError, OSError, ValueError)
_clients: dict[ConnectionSettings, Client] = {}
_of_parent: list[Client] = []


class PyreqwestTransport:
    """One client's awaiting way out, over reqwest.

    reqwest's threads do not survive a fork, and it hangs without them. So in a child of a
    process that used it, attempts go through aiohttp.
    """

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._instead: AiohttpTransport | None = None
        self._attempts = Attempts()

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt (see ``engine.ports.AsyncTransport``).

        Raises:
            TransportError: there was no whole answer.
        """
        if _of_parent:
            return await self._aiohttp().send(request, timeout=timeout, limit=limit)
        attempt = self._attempts.begin(timeout)
        failure: TransportError
        try:
            client = _client(self._settings)
            attempt.phase = Phase.EXCHANGE  # as far as anybody can tell
            return await _exchange(client, request, timeout, limit)
        except asyncio.CancelledError:
            if not attempt.finish():
                raise
            failure = failures.explain(TimeoutError(), attempt)
        except _FAILURES as error:
            failure = _explain(error, attempt)
        finally:
            self._attempts.finish(attempt)
        raise failure

    async def aclose(self) -> None:
        """End this client's attempts at once, on every loop, and refuse new ones."""
        self._attempts.close()
        if self._instead is not None:
            await self._instead.aclose()

    def _aiohttp(self) -> AiohttpTransport:
        if self._instead is None:
            self._instead = AiohttpTransport(self._settings)
        return self._instead


async def _exchange(
    client: Client, request: HttpRequest, timeout: float, limit: int
) -> HttpResponse:
    builder = client.request(request.method, request.url)
    # Its own timeout closes the connection, which a cancel does not.
    builder = builder.headers(list(request.headers)).timeout(timedelta(seconds=timeout))
    if request.body is not None:
        builder = builder.body_bytes(request.body)
    async with builder.build_streamed() as answer:
        body = b""
        while len(body) <= limit:
            part = await answer.body_reader.read(limit + 1 - len(body))
            if not part:
                break
            body += part
        return HttpResponse(answer.status, answer.headers, body[:limit], len(body) > limit)


def _explain(error: BaseException, attempt: Attempt) -> TransportError:
    """Tell from reqwest's own words what happened: its Python classes mix up the phases."""
    causes = error.details["causes"] or [] if isinstance(error, DetailedPyreqwestError) else []
    words = [cause["message"] for cause in causes]
    if attempt.ended or isinstance(error, TimeoutError) or "client error (Connect)" not in words:
        return failures.explain(error, attempt)
    if "dns error" in words:
        return failures.no_connection(Phase.RESOLVE, words[-1])
    if "tcp connect error" in words:
        return failures.no_connection(Phase.CONNECT, words[-1])
    return failures.no_connection(Phase.TLS, words[-1])


def _client(settings: ConnectionSettings) -> Client:
    """Return the process's client for these settings, built on first use."""
    client = _clients.get(settings)
    if client is None:
        builder = (
            ClientBuilder()
            .follow_redirects(enable=False)
            .referer(enable=False)
            .gzip(enable=False)
            .brotli(enable=False)
            .zstd(enable=False)
            .deflate(enable=False)
            .pool_idle_timeout(timedelta(seconds=settings.idle_timeout))
            .no_proxy()
        )
        if settings.proxy is not None:
            builder = builder.proxy(ProxyBuilder.all(settings.proxy))
        if settings.ca_file is not None:
            builder = builder.add_root_certificate_pem(Path(settings.ca_file).read_bytes())
        client = _clients.setdefault(settings, builder.build())
    return client


@atexit.register
def _rest_at_exit() -> None:
    # A thread of reqwest's that still calls back when the interpreter goes away aborts the
    # process. Closing clients does not prevent it (9 of 40 processes died), a pause does.
    if _clients:
        time.sleep(0.05)


def _after_fork_in_child() -> None:
    # They are kept, not closed: closing waits for the threads that are not there.
    _of_parent.extend(_clients.values())
    _clients.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
