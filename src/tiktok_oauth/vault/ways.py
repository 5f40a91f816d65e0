"""A client's way to TikTok as a vault needs it: one that never waits, and one that awaits.

Both are independent of the client: a refresh under way ends well after the client was closed.
"""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module
from typing import TYPE_CHECKING, cast

import msgspec

from tiktok_oauth.engine.core import Core
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import AsyncTransport, Transport
    from tiktok_oauth.protocol.http import HttpRequest

_SHORT_IDLE = 5.0


def blocking_core(client: object) -> Core:
    """A client's core whose way out never waits: it works in any thread, and outlives the client.

    Connections to TikTok are kept for five seconds only: on an older one TikTok may hang up just
    when a token is sent, and nobody could tell whether it was handled.

    Raises:
        ValidationError: it is no client.
    """
    core = getattr(client, "_core", None)
    if not isinstance(core, Core):
        raise invalid_argument("client must be a TikTokOAuth or an AsyncTikTokOAuth.")
    in_thread = getattr(core.clock, "in_thread", None)
    return msgspec.structs.replace(
        core,
        sender=ThreadSender(getattr(core.sender, "given", None), core.config.connection),
        clock=core.clock if in_thread is None else in_thread(),
    )


class ThreadSender:
    """A way out that never waits, over a client's own transport or a blocking one like it.

    Args:
        given: the transport object the client was made with, if any.
        settings: how to reach TikTok.
    """

    def __init__(
        self, given: Transport | AsyncTransport | None, settings: ConnectionSettings
    ) -> None:
        self._given = given
        self._settings = dataclasses.replace(settings, idle_timeout=_SHORT_IDLE)
        self._opened: Transport | None = None
        self.closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        if self._given is not None:
            answer = self._given.send(request, timeout=timeout, limit=limit)
            return answer if isinstance(answer, HttpResponse) else _wait_for(answer)
        if self._opened is None:
            module = import_module("tiktok_oauth.transport.urllib3")
            self._opened = module.Urllib3Transport(self._settings)
        return self._opened.send(request, timeout=timeout, limit=limit)

    def awaiting(self) -> AsyncTransport:
        """The same way out for a program that awaits; whoever asked for it closes it."""
        if self._given is None:
            module = import_module("tiktok_oauth.transport.aiohttp")
            opened: AsyncTransport = module.AiohttpTransport(self._settings)
            return opened
        return _Borrowed(self._given)


class _Borrowed:
    """A transport that a client was given, for awaiting code; closing it is the client's."""

    def __init__(self, given: Transport | AsyncTransport) -> None:
        self._given = given

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        import asyncio  # noqa: PLC0415 - a blocking program needs no event loop

        if inspect.iscoroutinefunction(self._given.send):
            awaiting = cast("AsyncTransport", self._given)
            return await awaiting.send(request, timeout=timeout, limit=limit)
        blocking = cast("Transport", self._given)
        return await asyncio.to_thread(blocking.send, request, timeout=timeout, limit=limit)

    async def aclose(self) -> None:
        pass


def _wait_for(answer: Coroutine[object, object, HttpResponse]) -> HttpResponse:
    """Run an awaiting transport in a thread that has no event loop of its own."""
    import asyncio  # noqa: PLC0415 - a blocking program needs no event loop

    return asyncio.run(answer)
