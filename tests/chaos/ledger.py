"""What TikTok saw of a side, read on as it goes: the sandbox forgets all but the latest calls."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.chaos.arena import Arena

LIFETIME = 7200.0


@dataclass(frozen=True, slots=True)
class Issue:
    """The rotation that made the refresh token which lives.

    Attributes:
        generation: its number.
        at: when, by TikTok's clock.
        delivered: how much of the answer went out.
    """

    generation: int
    at: float
    delivered: str


class Ledger:
    """One sandbox's calls, summed up.

    Attributes:
        issues: the last rotation of each account.
        refreshes: how many rotations there were.
        calls: data calls by outcome.
        late: for each rotation, the seconds for which the access token had had less than a
            quarter of its life left.
    """

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._names = {grant["grant_id"]: grant["open_id"] for grant in arena.grants()}
        now = arena.now()
        self.issues = {open_id: Issue(0, now, "whole") for open_id in self._names.values()}
        self.refreshes = 0
        self.calls: Counter[str] = Counter()
        self.late = array("d")
        self._read = 0

    def read(self) -> None:
        """Take in what happened since."""
        for call in self._arena.calls(self._read, ""):
            self._read = call["number"]
            self._take(call)

    def _take(self, call: dict[str, Any]) -> None:
        if call["endpoint"] == "user_info":
            self.calls[call["outcome"]] += 1
        elif call["issued"] is not None and call["sent"] is not None:
            self._rotated(call)

    def _rotated(self, call: dict[str, Any]) -> None:
        open_id, at = self._names[call["grant_id"]], call["time"]
        self.late.append(max(0.0, at - self.issues[open_id].at - 0.75 * LIFETIME))
        self.issues[open_id] = Issue(call["issued"], at, call["delivered"])
        self.refreshes += 1
