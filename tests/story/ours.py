"""The vault's side: refresher processes that keep accounts warm, and workers that use them."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from tests.chaos.tap import run_tapped
from tiktok_oauth import InvalidTokenError, Refresher, TikTokAPIError

if TYPE_CHECKING:
    import threading

    from tests.chaos.marks import Marks
    from tests.story.side import Desk

_AT_ONCE = 4
"""A fast clock crowds thousands of seconds into one: with the default of 64 a killed refresher
would leave more requests open than one for so few accounts ever has."""
_PAUSE = 0.1


class Ours:
    """How the vault's processes work."""

    name = "vault"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open_ids: list[str] = []

    def connect(self, count: int) -> None:
        """Let so many people connect."""
        self._open_ids = self._desk.arena.connect(count)

    def refresh(self, number: int, over: threading.Event, marks: Marks) -> None:
        """Be a refresher."""
        run_tapped(marks, self._refresh(over))

    async def _refresh(self, over: threading.Event) -> None:
        arena = self._desk.arena
        client = arena.async_client()
        async with client, arena.async_vault(client) as vault:
            refresher = Refresher(vault, "keep_warm", at_once=_AT_ONCE)
            running = asyncio.create_task(refresher.run_async())
            await asyncio.to_thread(over.wait)
            refresher.stop()
            await running

    def work(self, seed: int, over: threading.Event, marks: Marks) -> None:
        """Be a worker."""
        dice, tally = random.Random(seed), self._desk.tally()
        arena = self._desk.arena
        with arena.client() as client, arena.vault(client, refreshed_by="refresher") as vault:
            while not over.wait(dice.random() * _PAUSE):
                account = vault.account(dice.choice(self._open_ids))
                try:
                    info = account.user_info(["open_id"])
                except InvalidTokenError:
                    tally.note("login")
                except TikTokAPIError:
                    tally.note("later")
                else:
                    tally.note("served" if info.open_id == account.open_id else "wrong")
