"""The real world's time and dice."""

from __future__ import annotations

import random
import secrets
import threading
import time


class SystemDice:
    """Randomness from the operating system; jitter needs no secure source."""

    token_hex = staticmethod(secrets.token_hex)
    token_urlsafe = staticmethod(secrets.token_urlsafe)
    roll = staticmethod(random.random)


class ThreadClock:
    """Time for blocking code. A pause ends at once when the client is closed."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._stop = threading.Event()

    async def pause(self, seconds: float) -> None:
        """Block this thread, in an ``async def`` that never awaits."""
        self._stop.wait(seconds)

    def stop(self) -> None:
        """End every pause."""
        self._stop.set()
