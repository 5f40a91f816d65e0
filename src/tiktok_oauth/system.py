"""The real world's time and dice.

Without ``secrets``, which takes the same bytes from the same place: it loads OpenSSL, and that
takes a program that only wants an authorization URL longer than the rest.
"""

from __future__ import annotations

import os
import random
import threading
import time
from base64 import urlsafe_b64encode


class SystemDice:
    """Randomness from the operating system; jitter needs no secure source."""

    def token_hex(self, count: int) -> str:
        """``count`` random bytes in hex."""
        return os.urandom(count).hex()

    def token_urlsafe(self, count: int) -> str:
        """``count`` random bytes in base64url without padding."""
        return urlsafe_b64encode(os.urandom(count)).rstrip(b"=").decode()

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
