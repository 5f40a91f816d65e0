"""Whether the process answers, and whether the service can do its work."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tiktok_oauth.errors import StoreError, VaultKeyError
from tiktok_oauth.vault.site import judge_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.figures.board import Board
    from tiktok_oauth.vault.site import Site

Checks = dict[str, str]
GOOD = "ok"
LONGEST_LAG = 300.0
"""Seconds that the most urgent account may be due for."""
_PATIENCE = 2.0
_KEPT = 5.0


class Health:
    """One worker's. What the store says is kept for five seconds, however often it is asked for.

    Args:
        site: where the vault keeps things.
        board: where the refresher reports.
        clock: seconds that never jump.
        patience: seconds the store may take.
    """

    def __init__(
        self,
        site: Site,
        board: Board,
        *,
        clock: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._site = site
        self._board = board
        self._clock = clock
        self._patience = patience
        self._look: tuple[float, asyncio.Task[Checks]] | None = None

    async def checks(self) -> Checks:
        """What was looked at, each ``ok`` or what is wrong with it in one sentence."""
        if self._look is None or self._clock() >= self._look[0] + _KEPT:
            self._look = (self._clock(), asyncio.create_task(asyncio.to_thread(self._judge)))
        try:
            # Not cancelled: the next one to ask waits for the same answer.
            found = await asyncio.wait_for(asyncio.shield(self._look[1]), self._patience)
        except TimeoutError:
            found = {"database": f"It did not answer within {self._patience:g} s.", "keys": "?"}
        return {**found, **self._refresher()}

    def _judge(self) -> Checks:
        try:
            judge_keys(self._site.store, self._site.cipher)
        except VaultKeyError as error:
            return {"database": GOOD, "keys": error.message}
        except StoreError as error:
            return {"database": error.message, "keys": "?"}
        return {"database": GOOD, "keys": GOOD}

    def _refresher(self) -> Checks:
        try:
            totals = self._board.totals()
        except OSError as error:
            return {"refresher": f"The board cannot be read: {error.strerror}.", "lag": "?"}
        if not totals.is_refreshing:
            return {"refresher": "None has reported within five seconds.", "lag": "?"}
        lag = 0.0 if totals.progress is None else totals.progress.lag
        late = f"{lag:.0f} s, and {LONGEST_LAG:.0f} s at most are well."
        return {"refresher": GOOD, "lag": GOOD if lag <= LONGEST_LAG else late}
