"""Every transport behind one small harness, so that one suite holds for blocking and awaiting."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
from tiktok_oauth.transport.aiohttp import AiohttpTransport
from tiktok_oauth.transport.httpx2 import AsyncHttpx2Transport, Httpx2Transport
from tiktok_oauth.transport.pyreqwest import PyreqwestTransport
from tiktok_oauth.transport.urllib3 import Urllib3Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import AsyncTransport, Transport

BLOCKING: dict[str, Callable[[ConnectionSettings], Transport]] = {
    "urllib3": Urllib3Transport,
    "httpx2": Httpx2Transport,
}
AWAITING: dict[str, Callable[[ConnectionSettings], AsyncTransport]] = {
    "aiohttp": AiohttpTransport,
    "httpx2-async": AsyncHttpx2Transport,
    "pyreqwest": PyreqwestTransport,
}

_T = TypeVar("_T")

HEADERS = (
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "tiktok-oauth/test"),
    ("Authorization", "Bearer act.s3cret"),
)
BODY = b"client_secret=s3cret&code=s3cret"


def request(url: str, method: str = "POST") -> HttpRequest:
    """Build the request the suite sends, full of secrets that nothing may repeat."""
    return HttpRequest(method, url, HEADERS, BODY if method == "POST" else None)


class Caller(Protocol):
    """A transport as the suite uses it, and what its attempts run on."""

    def start(
        self, url: str, *, method: str = "POST", timeout: float = 5, limit: int = 65536
    ) -> Future[HttpResponse]:
        """Begin an attempt; the future holds its outcome."""

    def another(self) -> Caller:
        """Give a second client, with equal settings, on the same threads or the same loop."""

    def close(self) -> None:
        """Close the transport, from another thread than the one that attempts."""

    def leave(self) -> None:
        """Close it, and end the threads and loops it ran on."""


class BlockingCaller:
    """Makes attempts in threads."""

    def __init__(
        self, make: Callable[[], Transport], threads: ThreadPoolExecutor | None = None
    ) -> None:
        self._make = make
        self._transport = make()
        self._threads = threads or ThreadPoolExecutor(64)

    def start(
        self, url: str, *, method: str = "POST", timeout: float = 5, limit: int = 65536
    ) -> Future[HttpResponse]:
        """Begin an attempt in a thread."""
        return self._threads.submit(
            self._transport.send, request(url, method), timeout=timeout, limit=limit
        )

    def another(self) -> Caller:
        """Give a second client on the same threads."""
        return BlockingCaller(self._make, self._threads)

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def leave(self) -> None:
        """Close it and end the threads."""
        self.close()
        self._threads.shutdown()


class LoopThread:
    """A loop that runs in a thread of its own until it is told to end."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        self._ready.wait()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._ready.set()
        await self._end.wait()

    def start(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Run a coroutine as a task."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def end(self) -> None:
        """End the loop as ``asyncio.run`` does."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()


class AwaitingCaller:
    """Makes attempts in tasks of a loop, which runs in a thread of its own."""

    def __init__(self, make: Callable[[], AsyncTransport], loop: LoopThread | None = None) -> None:
        self._make = make
        self.transport = make()
        self.loop = loop or LoopThread()

    def start(
        self, url: str, *, method: str = "POST", timeout: float = 5, limit: int = 65536
    ) -> Future[HttpResponse]:
        """Begin an attempt in a task."""
        attempt = self.transport.send(request(url, method), timeout=timeout, limit=limit)
        return self.loop.start(attempt)

    def another(self) -> Caller:
        """Give a second client on the same loop."""
        return AwaitingCaller(self._make, self.loop)

    def close(self) -> None:
        """Close the transport from another loop than the one that attempts."""
        asyncio.run(self.transport.aclose())

    def leave(self) -> None:
        """Close it and end the loop."""
        self.close()
        self.loop.end()


def caller(name: str, settings: ConnectionSettings) -> Caller:
    """Make a transport by its name and put it behind the harness."""
    if name in BLOCKING:
        return BlockingCaller(lambda: BLOCKING[name](settings))
    return AwaitingCaller(lambda: AWAITING[name](settings))
