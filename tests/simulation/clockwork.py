"""Virtual time in one thread: coroutines of processes that can crash, be stopped and go on.

Nothing here waits: time jumps to whatever comes next, so six hours pass in milliseconds. The
order of everything is that of (time, number), so a run is the same each time.
"""

from __future__ import annotations

import heapq
from types import coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tiktok_oauth.errors import TikTokAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

T = TypeVar("T")


class Loop:
    """Things that happen at their time, in order.

    Attributes:
        now: virtual seconds since the run began.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, when: float, happen: Callable[[], None]) -> None:
        """Let something happen at a time, or as soon as possible after it."""
        self._number += 1
        heapq.heappush(self._queue, (max(when, self.now), self._number, happen))

    def run(self, until: float) -> None:
        """Let things happen until a moment, or until there are none."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            self.now, _, happen = heapq.heappop(queue)
            happen()

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
        self.works: dict[_Work, None] = {}

    def spawn(self, steps: Coroutine[Moment[Any] | float, None, T]) -> Moment[T]:
        """Begin a coroutine; what it returns or raises."""
        work = _Work(self, steps)
        self.works[work] = None
        self.loop.at(self.loop.now, work)
        return work.end

    def crash(self) -> None:
        """Die. Whatever it had in memory is gone; nothing of it is run, not even a ``finally``."""
        self.alive = False

    def bury(self) -> None:
        """Close what is left of its coroutines, once the run is over."""
        for work in self.works:
            work.steps.close()
        self.works.clear()


@coroutine
def sleep(seconds: float) -> Generator[float, None, None]:
    """Let time pass in a coroutine of a ``Process``."""
    yield seconds


class _Work:
    """A coroutine of a process, which goes on when it is called."""

    __slots__ = ("_process", "end", "steps")

    def __init__(self, process: Process, steps: Coroutine[Moment[Any] | float, None, Any]) -> None:
        self._process = process
        self.steps = steps
        self.end: Moment[Any] = Moment()

    def __call__(self) -> None:
        process = self._process
        if not process.alive or self.end.done:  # It may have been cancelled.
            return
        loop = process.loop
        if loop.now < process.stopped_until:
            loop.at(process.stopped_until, self)
            return
        try:
            waits_for = self.steps.send(None)
        except StopIteration as stop:
            del process.works[self]
            self.end.come(stop.value)
        except TikTokAPIError as error:  # Whoever awaits it gets it; any other is a bug.
            del process.works[self]
            self.end.fail(error)
        else:
            if isinstance(waits_for, Moment):
                waits_for.then(self._go_on)
            else:
                loop.at(loop.now + waits_for, self)

    def _go_on(self) -> None:
        self._process.loop.at(self._process.loop.now, self)
