"""What a traced process says of itself, and what therefore has to be there after a power cut."""

from __future__ import annotations

from collections import Counter
from typing import Literal

Role = Literal["vault", "refresher"]
"""Who refreshes: whoever asks for an account, in its own thread; or a refresher, in its loop."""

ACCOUNTS = ("anna", "bert", "cleo")


def token_of(name: str, turn: int) -> str:
    """An account's refresh token after so many rotations."""
    return f"rft.{name}.{turn}"


def turn_of(token: str) -> tuple[str, int]:
    """Whose refresh token it is, and after how many rotations."""
    _, name, turn = token.split(".")
    return name, int(turn)


class Known:
    """What is known at a moment.

    Attributes:
        rotated: how often TikTok has rotated each account's token.
        safe: up to which rotation nothing may be lost: its answer was synced, or its caller told.
    """

    def __init__(self) -> None:
        self.rotated: Counter[str] = Counter()
        self.safe: dict[str, int] = {}
        self._last: str | None = None

    def hear(self, mark: str) -> None:
        """Take in a mark."""
        what, name, turn = mark.split()
        if what == "rotated":
            self.rotated[name] = int(turn)
            self._last = name
        else:
            self.safe[name] = int(turn)

    def journaled(self) -> None:
        """A record was synced: there is one a refresh, and refreshes come one by one."""
        if self._last is not None:
            self.safe[self._last] = self.rotated[self._last]
