"""One event loop of a vault's own, for an awaiting transport that its client was given.

What such a transport opens belongs to the loop it was opened on: with a loop for every call, the
second call finds it dead, and may have spent a refresh token by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_PATIENCE = 10.0
"""Seconds that closing waits for what a transport does when it is cancelled."""
_ALL: weakref.WeakSet[OwnLoop] = weakref.WeakSet()
_of_parent: list[object] = []


class _Running(NamedTuple):
    """A loop, how to end it, and its thread."""

    loop: asyncio.AbstractEventLoop
    stop: Callable[[], object]
    thread: threading.Thread


class OwnLoop:
    """Runs coroutines of any thread, all on one loop: begun when first needed, and after a fork.

    It ends with ``close``, or with the last one who holds it.
    """

    def __init__(self) -> None:
        self.start_afresh()
        _ALL.add(self)

    def start_afresh(self) -> None:
        """Forget the loop: in a forked child its thread is the parent's."""
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._end: weakref.finalize[..., OwnLoop] | None = None

    def begin(self, story: Callable[[], Coroutine[object, object, T]]) -> Future[T]:
        """Begin a coroutine on the loop, in the context of whoever asks.

        Raises:
            RuntimeError: no thread could be started. Nothing has begun.
            OSError: no loop could be made. Nothing has begun.
        """
        with self._lock:
            if self._running is None or not self._running.thread.is_alive():
                self._running = _start()
                self._end = weakref.finalize(self, _ask, self._running)
                # A program that ends waits for its refreshes, which need the loop until then.
                self._end.atexit = False
            return asyncio.run_coroutine_threadsafe(story(), self._running.loop)

    def close(self) -> None:
        """End the loop and what still runs on it; another one is begun if need be."""
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                _ask(running)
                running.thread.join(_PATIENCE)

    def leave_to_parent(self) -> None:
        """In a forked child: have no part in what the parent's thread still uses."""
        if self._end is not None:
            self._end.detach()
        # A loop that is collected closes itself, and takes readers out of the epoll set that is
        # still the parent's. So the child keeps what it will never use.
        _of_parent.append(self._running)
        self.start_afresh()


def _start() -> _Running:
    begun: Future[tuple[asyncio.AbstractEventLoop, Callable[[], object]]] = Future()

    async def stay() -> None:
        over = asyncio.Event()
        begun.set_result((asyncio.get_running_loop(), over.set))
        await over.wait()

    def work() -> None:
        try:
            asyncio.run(stay())
        except BaseException as error:
            if begun.done():
                raise
            begun.set_exception(error)

    thread = threading.Thread(target=work, name="tiktok-oauth-loop", daemon=True)
    thread.start()
    return _Running(*begun.result(), thread)


def _ask(running: _Running) -> None:
    with contextlib.suppress(RuntimeError):  # It is closed already.
        running.loop.call_soon_threadsafe(running.stop)


def _after_fork_in_child() -> None:
    for loop in tuple(_ALL):
        loop.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork_in_child)
