"""What a refresher does beside refreshing, now and then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_JITTER = 0.2


class _Chore:
    def __init__(self, every: float, work: Callable[[], Awaitable[None]], at: float) -> None:
        self.every = every
        self.work = work
        self.at = at
        self.task: asyncio.Task[None] | None = None

    def is_due(self, now: float) -> bool:
        return now >= self.at and (self.task is None or self.task.done())


class Chores:
    """Work to be done every so many seconds, give or take a tenth; no two hosts do it in step.

    Args:
        monotonic: seconds that never jump.
        roll: a number in [0, 1), each time another one.
    """

    def __init__(self, monotonic: Callable[[], float], roll: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._roll = roll
        self._chores: list[_Chore] = []

    def add(
        self, every: float, work: Callable[[], Awaitable[None]], *, at_once: bool = True
    ) -> None:
        """Do something from now on: ``work`` raises nothing.

        Args:
            every: seconds from one time to the next.
            work: what to do.
            at_once: whether to begin with it; else some time within the first interval.
        """
        wait = 0.0 if at_once else self._roll() * every
        self._chores.append(_Chore(every, work, self._monotonic() + wait))

    def start_due(self) -> None:
        """Start what is due, unless it is still being done."""
        now = self._monotonic()
        for chore in self._chores:
            if chore.is_due(now):
                chore.at = now + chore.every * (1 + _JITTER * (self._roll() - 0.5))
                chore.task = asyncio.ensure_future(chore.work())

    async def finish(self) -> None:
        """Wait for what is being done."""
        tasks = [chore.task for chore in self._chores if chore.task is not None]
        await asyncio.gather(*tasks)
