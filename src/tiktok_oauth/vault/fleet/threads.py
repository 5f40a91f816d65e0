"""Worker threads for blocking work of an event loop.

Plain threads: an executor takes no more work once the interpreter begins to end, and a refresh
under way then still has an answer to write.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Threads:
    """A few threads that work for one event loop. Made inside of it.

    Args:
        count: how many; each is started when it is first needed.
    """

    def __init__(self, count: int = 4) -> None:
        self._loop = asyncio.get_running_loop()
        self._count = count
        self._idle = 0
        self._started: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    async def do(self, work: Callable[[], T]) -> T:
        """Do something that blocks. It is done even if the task that asked is cancelled."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._submit(partial(self._work, work, done))
        return await done

    def close(self) -> None:
        """Wait until everything is done."""
        for _ in self._started:
            self._jobs.put(None)
        for thread in self._started:
            thread.join()
        self._started.clear()

    def _submit(self, job: Callable[[], None]) -> None:
        if self._idle:
            self._idle -= 1
        elif len(self._started) < self._count:
            thread = threading.Thread(target=self._run, name="tiktok-oauth-vault", daemon=True)
            thread.start()
            self._started.append(thread)
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _work(self, work: Callable[[], T], done: asyncio.Future[T]) -> None:
        say: Callable[[], None]
        try:
            say = partial(done.set_result, work())
        except BaseException as error:  # noqa: BLE001 - it belongs to the task that waits
            say = partial(done.set_exception, error)
        with contextlib.suppress(RuntimeError):  # The loop was closed: nobody waits any more.
            self._loop.call_soon_threadsafe(self._finish, done, say)

    def _finish(self, done: asyncio.Future[T], say: Callable[[], None]) -> None:
        self._idle += 1
        if not done.done():
            say()
