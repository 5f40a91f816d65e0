"""Virtual time in one thread: coroutines of processes that can crash, be stopped and go on.

Nothing here waits: time jumps to whatever comes next, so six hours pass in milliseconds. The
order of everything is that of (time, number), so a run is the same each time.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

from tiktok_oauth.errors import TikTokAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class Loop:
    """Things that happen at their time, in order.

    Attributes:
        now: virtual seconds since the run began.
        steps: how many things have happened.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.steps = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, when: float, happen: Callable[[], None]) -> None:
        """Let something happen at a time, or as soon as possible after it."""
        self._number += 1
        heapq.heappush(self._queue, (max(when, self.now), self._number, happen))

    def run(self, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Let time pass until a moment, or until it is enough."""
        while self._queue and self._queue[0][0] <= until and not enough():
            self.now, _, happen = heapq.heappop(self._queue)
            self.steps += 1
            happen()
        if not enough():
            self.now = max(self.now, until)

    def clear(self) -> None:
        """Let nothing more happen."""
        self._queue.clear()


class Moment(Generic[T]):
    """Something that will be known later. Awaited by coroutines on a ``Process``."""

    __slots__ = ("_error", "_result", "_waiting", "done")

    def __init__(self) -> None:
        self.done = False
        self._result: T | None = None
        self._error: BaseException | None = None
        self._waiting: list[Callable[[], None]] = []

    def come(self, result: T) -> None:
        """It is known now."""
        self._finish(result, None)

    def fail(self, error: BaseException) -> None:
        """It will never be known, and why."""
        self._finish(None, error)

    def then(self, happen: Callable[[], None]) -> None:
        """Do something once it is known."""
        if self.done:
            happen()
        else:
            self._waiting.append(happen)

    def _finish(self, result: T | None, error: BaseException | None) -> None:
        if self.done:
            return
        self.done, self._result, self._error = True, result, error
        waiting, self._waiting = self._waiting, []
        for happen in waiting:
            happen()

    def __await__(self) -> Generator[Moment[T], None, T]:
        if not self.done:
            yield self
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set with done


class Process:
    """Runs coroutines, unless it is stopped (SIGSTOP) or dead.

    Attributes:
        alive: False after a crash: none of its coroutines ever goes on.
        stopped_until: virtual time until which nothing of it goes on.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.alive = True
        self.stopped_until = 0.0
        self._works: dict[Moment[object], Coroutine[Moment[object], None, object]] = {}

    def spawn(self, work: Coroutine[Moment[object], None, T]) -> Moment[T]:
        """Begin a coroutine; what it returns or raises."""
        end: Moment[T] = Moment()
        self._works[end] = work  # type: ignore[index]  # one of any kind
        self.loop.at(self.loop.now, lambda: self._step(work, end))
        return end

    def sleep(self, seconds: float) -> Moment[None]:
        """Let time pass."""
        over: Moment[None] = Moment()
        self.loop.at(self.loop.now + seconds, lambda: over.come(None))
        return over

    def crash(self) -> None:
        """Die. Whatever it had in memory is gone; nothing of it is run, not even a ``finally``."""
        self.alive = False

    def bury(self) -> None:
        """Close what is left of its coroutines, once the run is over."""
        for work in self._works.values():
            work.close()
        self._works.clear()

    def _step(self, work: Coroutine[Moment[object], None, T], end: Moment[T]) -> None:
        if not self.alive or end.done:  # It may have been cancelled.
            return
        if self.loop.now < self.stopped_until:
            self.loop.at(self.stopped_until, lambda: self._step(work, end))
            return
        try:
            moment = work.send(None)
        except StopIteration as stop:
            self._works.pop(end, None)  # type: ignore[arg-type]  # as above
            end.come(stop.value)
        except TikTokAPIError as error:  # Whoever awaits it gets it; any other is a bug.
            self._works.pop(end, None)  # type: ignore[arg-type]  # as above
            end.fail(error)
        else:
            moment.then(lambda: self.loop.at(self.loop.now, lambda: self._step(work, end)))
