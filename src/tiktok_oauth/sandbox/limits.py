"""How often an endpoint may be called: sliding windows of a minute.

Facts from https://developers.tiktok.com/docs/en/tiktok-api-v2-rate-limit (read 2026-11-22).
"""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

WINDOW = 60
Caller: TypeAlias = tuple[str, str | int]

_MANY = 10_000


class Limits:
    """Who called what within the last minute."""

    def __init__(self) -> None:
        self._calls: dict[Caller, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def wait(self, now: float, caller: Caller, most: int) -> float:
        """Count a call, and return 0; or the seconds until one would be let through."""
        if len(self._calls) > _MANY:
            self._forget(now)
        calls = self._calls.setdefault(caller, deque())
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= most:
            return calls[0] + WINDOW - now
        calls.append(now)
        return 0.0

    def _forget(self, now: float) -> None:
        alive = {who: calls for who, calls in self._calls.items() if calls[-1] > now - WINDOW}
        self._calls = alive
