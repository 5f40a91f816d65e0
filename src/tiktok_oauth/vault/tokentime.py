"""The time by which tokens age: TikTok's, so the wall clock's; or a sandbox's, on this machine.

A sandbox announces its clock in two headers of every answer. They are believed from loopback
addresses only: anywhere else a header could make tokens look fresh or dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import Headers

LOOK_PATH = "/_sandbox/clock"
"""Where a sandbox tells its clock and nothing else."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LOOK_AFTER = 1.0
_LATEST = 1e12


class TokenTime:
    """One app's token time. Safe to share between threads.

    Args:
        base_url: where TikTok is.
        wall: Unix seconds.
        monotonic: seconds that never jump.
    """

    def __init__(
        self, base_url: str, wall: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._wall = wall
        self.monotonic = monotonic
        self._near = urlsplit(base_url).hostname in _LOOPBACK
        self._announced: tuple[float, float, float] | None = None
        self._looked = -_LOOK_AFTER

    def now(self) -> float:
        """Unix seconds by TikTok's clock."""
        announced = self._announced
        if announced is None:
            return self._wall()
        then, at, rate = announced
        return then + (self.monotonic() - at) * rate

    @property
    def is_near(self) -> bool:
        """Whether it may be a sandbox of this machine that tells the time."""
        return self._near

    @property
    def is_stale(self) -> bool:
        """Whether a sandbox's clock may have been moved since it was last seen."""
        return self._near and self.monotonic() - self._looked >= _LOOK_AFTER

    def looked(self) -> None:
        """Somebody is asking right now: others need not. Without an answer nobody asks again."""
        self._looked = self.monotonic()

    def give_up(self) -> None:
        """It is no sandbox: there is nothing to ask."""
        if self._announced is None:
            self._near = False

    def observe(self, headers: Headers) -> None:
        """Take the time from an answer's headers, if a sandbox on this machine sent it."""
        if not self._near:
            return
        now, rate = (
            _number(headers.get("x-sandbox-time")),
            _number(headers.get("x-sandbox-clock-rate")),
        )
        if now is not None:
            self._announced = (now, self.monotonic(), 1.0 if rate is None else rate)
            self._looked = self.monotonic()


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < _LATEST else None
