"""Awaiting connections: pooled per event loop and settings, closed when idle or their loop ends."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import os
import warnings
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.transport.origins import Origin

_C = TypeVar("_C")


class Idle(Generic[_C]):
    """One loop's connections at rest: the one used last is taken first, the others are closed."""

    def __init__(self, timeout: float, close: Callable[[_C], object]) -> None:
        """Keep connections.

        Args:
            timeout: seconds after which one that nobody took is closed.
            close: does that, at once or in a task of its own.
        """
        self._timeout = timeout
        self._close = close
        self._kept: dict[Origin, list[tuple[float, _C]]] = {}
        self._watched = False

    def take(self, origin: Origin) -> _C | None:
        """Take the connection that was used last, or none."""
        kept = self._kept.get(origin)
        return kept.pop()[1] if kept else None

    def give(self, origin: Origin, connection: _C) -> None:
        """Keep a connection for the next one who asks."""
        loop = asyncio.get_running_loop()
        self._kept.setdefault(origin, []).append((loop.time(), connection))
        if not self._watched:
            self._watched = True
            loop.call_later(self._timeout, self._close_oldest, loop)

    def take_all(self) -> list[_C]:
        """Take what there is."""
        everything = [connection for kept in self._kept.values() for _, connection in kept]
        self._kept.clear()
        return everything

    def _close_oldest(self, loop: asyncio.AbstractEventLoop) -> None:
        long_ago = loop.time() - self._timeout
        for origin, kept in tuple(self._kept.items()):
            while kept and kept[0][0] <= long_ago:
                self._close(kept.pop(0)[1])
            if not kept:
                del self._kept[origin]
        self._watched = bool(self._kept)
        if self._watched:
            oldest = min(kept[0][0] for kept in self._kept.values())
            loop.call_at(oldest + self._timeout, self._close_oldest, loop)


class LoopPool(Protocol):
    """One library's connections, on one loop, for one kind of settings."""

    def __init__(self, settings: ConnectionSettings) -> None: ...

    async def close(self) -> None:
        """Close every connection."""

    def forget(self) -> None:
        """Let go of every connection without the loop's help, and without a word to anybody."""


_Pool = TypeVar("_Pool", bound=LoopPool)


class _Pools:
    """One loop's pools. They are closed when the loop closes its asynchronous generators."""

    def __init__(self) -> None:
        self._pools: dict[tuple[type, ConnectionSettings], LoopPool] = {}
        self._keeper: AsyncGenerator[None] | None = None

    async def close_with(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the generator whose end closes the pools."""
        self._keeper = self._keep(loop)
        await anext(self._keeper)

    async def _keep(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            _by_loop.pop(loop, None)
            for pool in self._pools.values():
                await pool.close()

    def get(self, kind: type[_Pool], settings: ConnectionSettings) -> _Pool:
        """Return the pool of a kind for these settings, made on first use."""
        pool = self._pools.get((kind, settings))
        if not isinstance(pool, kind):
            pool = self._pools[kind, settings] = kind(settings)
        return pool

    def forget(self) -> None:
        """Drop everything without the loop's help."""
        for pool in self._pools.values():
            pool.forget()
        self._pools.clear()
        if self._keeper is not None:
            with contextlib.suppress(StopIteration):
                self._keeper.aclose().send(None)


_by_loop: dict[asyncio.AbstractEventLoop, _Pools] = {}
_of_parent: list[asyncio.AbstractEventLoop] = []


async def pool_here(kind: type[_Pool], settings: ConnectionSettings) -> _Pool:
    """Return the running loop's pool of a kind for these settings."""
    loop = asyncio.get_running_loop()
    pools = _by_loop.get(loop)
    if pools is None:
        _bury([loop for loop in tuple(_by_loop) if loop.is_closed()])
        pools = _by_loop[loop] = _Pools()
        await pools.close_with(loop)
    return pools.get(kind, settings)


def _bury(loops: Iterable[asyncio.AbstractEventLoop]) -> None:
    """Forget the pools of loops that were closed without closing their generators.

    On such a loop nothing can be closed properly any more, and asyncio's transports complain
    when they are collected unclosed. Their sockets are closed here: there is nothing to say.
    """
    forgotten = [pools for loop in loops if (pools := _by_loop.pop(loop, None))]
    if not forgotten:
        return
    for pools in forgotten:
        pools.forget()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del pools
        forgotten.clear()
        gc.collect()


@atexit.register
def _bury_at_exit() -> None:
    _bury([loop for loop in tuple(_by_loop) if not loop.is_running()])


def _after_fork_in_child() -> None:
    # A loop that is collected closes itself, and takes readers out of the epoll set that is
    # still the parent's. So the child keeps what it will never use.
    _of_parent.extend(_by_loop)
    _bury(tuple(_by_loop))


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
