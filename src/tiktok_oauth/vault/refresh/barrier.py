"""After a failover the database may have forgotten tokens that journals still hold.

Nobody asks TikTok anything before every journal was replayed: a forgotten token's parent must not
be sent again. A host that does not come back is waited for as long as a claim.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.refresh.place import replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.vault.refresh.ports import Desk

_REMEMBERED = 3600.0
"""Seconds after its last sign of life that a boot's journal is still waited for (store clock)."""


class Barrier:
    """What one boot knows of the database's history. Shared by the desks of a vault."""

    def __init__(self, timeline: str) -> None:
        self.timeline: str = timeline
        self._passed = False
        self._since: float | None = None
        self._requests: set[object] = set()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Around a request, from before it is made until what came of it is written."""
        mine = object()
        self._requests.add(mine)
        try:
            yield
        finally:
            self._requests.remove(mine)

    async def caught_up(self, desk: Desk) -> bool:
        """Whether claims may be made; brings back first what the database has lost of ours.

        Raises:
            StoreError: the store cannot be asked.
        """
        timeline = await desk.hands.timeline()
        if timeline == self.timeline and self._passed:
            return True
        now = desk.core.clock.monotonic()
        if timeline != self.timeline:
            # The claims of those that are under way may be forgotten: nobody shall pass before.
            if self._requests:
                return False
            for answer in await desk.hands.own_answers():
                await replay(desk, answer)
            await desk.hands.catch_up(timeline)
            self.timeline, self._passed, self._since = timeline, False, now
        self._since = now if self._since is None else self._since
        boots = await desk.hands.boots()
        latest = max((boot.seen_at for boot in boots), default=0.0)
        behind = [
            boot
            for boot in boots
            if boot.timeline != timeline and boot.seen_at > latest - _REMEMBERED
        ]
        self._passed = not behind or now - self._since >= desk.patience
        return self._passed

    async def hold(self, desk: Desk) -> None:
        """Last moment before a request: there must have been no failover since the claim.

        Raises:
            StoreError: there was one; the claim may be forgotten already.
        """
        if await desk.hands.timeline() != self.timeline:
            raise store_error(
                "The database has failed over.", "Try again in a moment.", retryable=True
            )
