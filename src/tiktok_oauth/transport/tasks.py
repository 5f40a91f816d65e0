"""What ends an awaiting attempt: its deadline, its client's close, or a cancel from outside."""

from __future__ import annotations

import asyncio
import contextlib

from tiktok_oauth.engine.ports import ClosedError, Phase


class Attempt:
    """One request under way in the current task: until when, and how far.

    Deadline and close both cancel the task, as ``asyncio.timeout`` does, and ``finish``
    tells their cancellation from one that came from outside.
    """

    __slots__ = (
        "_cancelling",
        "_finished",
        "_loop",
        "_own_cancel",
        "_stopped",
        "_task",
        "_timer",
        "ended",
        "phase",
        "timeout",
    )

    def __init__(self, timeout: float) -> None:
        self.timeout: float = timeout
        self.phase: Phase = Phase.CONNECT
        self.ended: bool = False
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an attempt is made within a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._stopped = False
        self._own_cancel = False
        self._finished = False
        self._timer = self._loop.call_later(timeout, self._stop)

    def end(self) -> None:
        """Stop because the client was closed; from any thread."""
        self.ended = True
        with contextlib.suppress(RuntimeError):  # no loop runs here, or the attempt's is closed
            if asyncio.get_running_loop() is self._loop:
                self._stop()
                return
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if not self._finished and not self._stopped:
            self._stopped = True
            self._task.cancel()

    def finish(self) -> bool:
        """End the watch, and tell whether a cancellation just seen was the attempt's own."""
        if not self._finished:
            self._finished = True
            self._timer.cancel()
            self._own_cancel = self._stopped and self._task.uncancel() <= self._cancelling
        return self._own_cancel


class Attempts:
    """The attempts one client has under way, on whichever loops."""

    def __init__(self) -> None:
        self._under_way: set[Attempt] = set()
        self._closed = False

    def begin(self, timeout: float) -> Attempt:
        """Begin an attempt in the current task.

        Raises:
            ClosedError: the client was closed.
        """
        attempt = Attempt(timeout)
        self._under_way.add(attempt)
        if self._closed:
            self.finish(attempt)
            raise ClosedError("the client is closed", phase=attempt.phase)
        return attempt

    def finish(self, attempt: Attempt) -> None:
        """Forget an attempt that is over."""
        attempt.finish()
        self._under_way.discard(attempt)

    def close(self) -> None:
        """End all of them, and refuse new ones."""
        self._closed = True
        for attempt in tuple(self._under_way):
            attempt.end()
