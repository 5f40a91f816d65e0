"""What ends an awaiting attempt: its deadline, its client's close, or a cancel from outside."""

from __future__ import annotations

import asyncio
import contextlib
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from tiktok_oauth.engine.ports import ClosedError, Phase
from tiktok_oauth.transport import failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

_TICK = 0.001
"""Seconds by which a loop's timers may come too soon."""


class Attempt:
    """One request under way in the current task: until when, and how far.

    Deadline and close both cancel the task, as ``asyncio.timeout`` does, and ``finish``
    tells their cancellation from one that came from outside.

    Attributes:
        timeout: seconds from its beginning to its deadline.
        deadline: the loop's time by which it is over.
        phase: how far it got.
        ended: whether its client was closed.
        stopped: whether its deadline has passed or its client was closed.
        cut: breaks the connection, so that the library ends by itself; then the task is not
            cancelled. For a library that tells only so how far it came.
    """

    __slots__ = (
        "_cancelling",
        "_finished",
        "_loop",
        "_own_cancel",
        "_task",
        "_watch",
        "cut",
        "deadline",
        "ended",
        "phase",
        "stopped",
        "timeout",
    )

    def __init__(self, timeout: float) -> None:
        self.timeout: float = timeout
        self.phase: Phase = Phase.CONNECT
        self.ended: bool = False
        self.stopped: bool = False
        self.cut: Callable[[], object] | None = None
        self._loop = asyncio.get_running_loop()
        self.deadline: float = self._loop.time() + timeout
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an attempt is made within a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._own_cancel = False
        self._finished = False
        self._watch = _watches.get(self._loop) or _watches.setdefault(self._loop, _Watch())
        self._watch.add(self, self._loop)

    def left(self) -> float:
        """Return the seconds left, which may be none."""
        return self.deadline - self._loop.time()

    def end(self) -> None:
        """Stop because the client was closed; from any thread."""
        self.ended = True
        with contextlib.suppress(RuntimeError):  # no loop runs here, or the attempt's is closed
            if asyncio.get_running_loop() is self._loop:
                self.stop()
                return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.stop)

    def stop(self) -> None:
        """Stop now; in the attempt's own thread."""
        if self._finished or self.stopped:
            return
        self.stopped = True
        if self.cut is not None:
            self.cut()
        else:
            self._own_cancel = self._task.cancel()

    def finish(self) -> bool:
        """End the watch, and tell whether a cancellation just seen was the attempt's own."""
        if not self._finished:
            self._finished = True
            self._watch.discard(self)
            self._own_cancel = self._own_cancel and self._task.uncancel() <= self._cancelling
        return self._own_cancel


class _Watch:
    """Stops the attempts of one loop when their time is up.

    One timer serves all of them: a timer for each, with all it refers to, was a sixth of what
    the garbage collector had to look at while many calls were under way.
    """

    def __init__(self) -> None:
        self._attempts: set[Attempt] = set()
        self._next = math.inf

    def add(self, attempt: Attempt, loop: asyncio.AbstractEventLoop) -> None:
        self._attempts.add(attempt)
        self._look_at(attempt.deadline, loop)

    def discard(self, attempt: Attempt) -> None:
        self._attempts.discard(attempt)

    def _look_at(self, when: float, loop: asyncio.AbstractEventLoop) -> None:
        if when < self._next:
            self._next = when
            loop.call_at(when, self._look, loop, when)

    def _look(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        if when != self._next:  # a sooner look was asked for later, and took over
            return
        self._next = math.inf
        now = loop.time() + _TICK
        for attempt in tuple(self._attempts):
            if attempt.deadline <= now:
                self.discard(attempt)
                attempt.stop()
            else:
                self._look_at(attempt.deadline, loop)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()


class AwaitingTransport(ABC):
    """One client's awaiting way out: the part that every library's has in common.

    May be used from several loops, each in its thread.
    """

    _failures: ClassVar[tuple[type[Exception], ...]] = (OSError, ValueError)
    """What the library raises when there is no whole answer."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._under_way: set[Attempt] = set()
        self._closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt (see ``engine.ports.AsyncTransport``).

        Raises:
            TransportError: there was no whole answer.
        """
        attempt = Attempt(timeout)
        self._under_way.add(attempt)
        failure: TransportError
        try:
            if self._closed:
                raise ClosedError("the client is closed", phase=attempt.phase)
            return await self._exchange(request, attempt, limit)
        except asyncio.CancelledError:
            if not attempt.finish():
                raise
            failure = failures.explain(TimeoutError(), attempt)
        except self._failures as error:
            failure = self._explain(error, attempt)
        finally:
            attempt.finish()
            self._under_way.discard(attempt)
        raise failure

    async def aclose(self) -> None:
        """End this client's attempts at once, on every loop, and refuse new ones."""
        self._closed = True
        for attempt in tuple(self._under_way):
            attempt.end()

    @abstractmethod
    async def _exchange(self, request: HttpRequest, attempt: Attempt, limit: int) -> HttpResponse:
        """Send a request and read its answer, noting in the attempt how far it came."""

    def _explain(self, error: Exception, attempt: Attempt) -> TransportError:
        return failures.explain(error, attempt)
