"""A client's way to TikTok as a vault needs it: one that never waits, and one that awaits.

Both are independent of the client: a refresh under way ends well after the client was closed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

import msgspec

from tiktok_oauth.engine.core import Core
from tiktok_oauth.engine.ports import NoConnectionError, Phase, TransportError
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.vault.ownloop import OwnLoop

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import AsyncTransport, Transport
    from tiktok_oauth.protocol.http import HttpRequest

_SHORT_IDLE = 5.0


def blocking_core(client: object, loop: OwnLoop | None = None) -> Core:
    """A client's core whose way out never waits: it works in any thread, and outlives the client.

    Connections to TikTok are kept for five seconds only: on an older one TikTok may hang up just
    when a token is sent, and nobody could tell whether it was handled.

    Args:
        client: either client.
        loop: where a transport of its own that awaits is used; one for this core when not given.

    Raises:
        ValidationError: it is no client.
    """
    core = getattr(client, "_core", None)
    if not isinstance(core, Core):
        raise invalid_argument("client must be a TikTokOAuth or an AsyncTikTokOAuth.")
    in_thread = getattr(core.clock, "in_thread", None)
    return msgspec.structs.replace(
        core,
        sender=ThreadSender(
            getattr(core.sender, "given", None), core.config.connection, loop or OwnLoop()
        ),
        clock=core.clock if in_thread is None else in_thread(),
    )


class ThreadSender:
    """A way out that never waits, over a client's own transport or a blocking one like it.

    Args:
        given: the transport object the client was made with, if any.
        settings: how to reach TikTok.
        loop: where an object that awaits is used.
    """

    def __init__(
        self,
        given: Transport | AsyncTransport | None,
        settings: ConnectionSettings,
        loop: OwnLoop,
    ) -> None:
        self._given = None if given is None else _Given(given, loop)
        self._settings = dataclasses.replace(settings, idle_timeout=_SHORT_IDLE)
        self._opened: Transport | None = None
        self.closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        if self._given is not None:
            return self._given.send(request, timeout=timeout, limit=limit)
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


class _Given:
    """A transport of the program's own.

    Whatever it raises is a ``TransportError`` here: TikTok may have handled what was sent, and a
    refresh that ends otherwise would leave its claim open.
    """

    def __init__(self, given: Transport | AsyncTransport, loop: OwnLoop) -> None:
        self._given = given
        self._loop = loop
        self.awaits: bool = inspect.iscoroutinefunction(given.send)

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt, blocking this thread."""
        if self.awaits:
            return _judged(self.begin(request, timeout=timeout, limit=limit).result())
        given = cast("Transport", self._given)
        answer: object
        try:
            answer = given.send(request, timeout=timeout, limit=limit)
        except Exception as error:  # noqa: BLE001 - it is none of ours
            answer = error
        return _judged(answer)

    def begin(self, request: HttpRequest, *, timeout: float, limit: int) -> Future[object]:
        """Begin an attempt of one that awaits, on the vault's own loop; ``_judged`` ends it."""
        try:
            return self._loop.begin(partial(self._attempt, request, timeout, limit))
        except (OSError, RuntimeError):
            pass
        raise NoConnectionError("no event loop could be started", phase=Phase.CONNECT)

    async def _attempt(self, request: HttpRequest, timeout: float, limit: int) -> object:
        given = cast("AsyncTransport", self._given)
        try:
            return await given.send(request, timeout=timeout, limit=limit)
        # Where this task itself is cancelled, nobody waits for what it returns.
        except BaseException as error:  # noqa: BLE001 - it is none of ours
            return error


def _judged(answer: object) -> HttpResponse:
    """An answer; of anything else the kind is told only: its text may quote what was sent.

    Raises:
        TransportError: it is none.
    """
    if isinstance(answer, HttpResponse):
        return answer
    if isinstance(answer, TransportError):
        raise answer
    verb = "raised" if isinstance(answer, BaseException) else "returned"
    kind = type(answer).__name__
    raise NoConnectionError(f"the client's transport {verb} {kind}", phase=Phase.EXCHANGE)


class _Borrowed:
    """A transport that a client was given, for awaiting code; closing it is the client's."""

    def __init__(self, given: _Given) -> None:
        self._given = given

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        if self._given.awaits:
            begun = self._given.begin(request, timeout=timeout, limit=limit)
            return _judged(await asyncio.wrap_future(begun))
        return await asyncio.to_thread(self._given.send, request, timeout=timeout, limit=limit)

    async def aclose(self) -> None:
        pass
