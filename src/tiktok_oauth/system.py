"""The real world's time and dice."""

from __future__ import annotations

import random
import secrets
import threading
import time


class SystemDice:
    """Randomness from the operating system; jitter needs no secure source."""

    def token_hex(self, count: int) -> str:
        """``count`` random bytes in hex."""
        return secrets.token_hex(count)

    def token_urlsafe(self, count: int) -> str:
        """``count`` random bytes in base64url without padding."""
        return secrets.token_urlsafe(count)

    def roll(self) -> float:
        """A number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter is no secret


class ThreadClock:
    """Time for blocking code. A pause ends at once when the client is closed."""

    def __init__(self) -> None:
        self._pauses: set[threading.Event] = set()
        self._stopped = False

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    async def pause(self, seconds: float) -> None:
        """Block this thread, in an ``async def`` that never awaits."""
        over = threading.Event()
        self._pauses.add(over)
        if not self._stopped:
            over.wait(seconds)
        self._pauses.discard(over)

    def stop(self) -> None:
        """End every pause, from any thread."""
        self._stopped = True
        for over in tuple(self._pauses):
            over.set()
