"""What TikTok saw of a side in the story: its ledger, and which misfortunes it dealt out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.chaos.ledger import Ledger
from tests.story.plan import AFTER, BEFORE

if TYPE_CHECKING:
    from tests.chaos.arena import Arena


class Seen(Ledger):
    """One sandbox's calls, summed up.

    Attributes:
        drops: requests that were dropped before TikTok handled them, and answers after.
        missed: dropped answers that held no tokens, and so did no harm.
    """

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.drops: Counter[str] = Counter()
        self.missed = 0

    def _take(self, call: dict[str, Any]) -> None:
        super()._take(call)
        if call["endpoint"] == "user_info":
            return
        if call["issued"] is not None and call["sent"] is not None:
            self._hit(call, AFTER)
        else:
            self._hit(call, BEFORE)
            self.missed += call["fault"] == AFTER

    def listed(self) -> frozenset[str]:
        """The accounts whose newest tokens were in a dropped answer."""
        return frozenset(
            open_id for open_id, issue in self.issues.items() if issue.delivered == "nothing"
        )

    def _hit(self, call: dict[str, Any], fault: str) -> None:
        self.drops[fault] += call["fault"] == fault
