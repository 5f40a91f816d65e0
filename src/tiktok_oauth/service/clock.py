"""The time by which tokens age, as a vault knows it: a sandbox's own, where one plays TikTok."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError

if TYPE_CHECKING:
    from tiktok_oauth.vault.aio import AsyncTokenVault
    from tiktok_oauth.vault.strongroom import Strongroom

_LOOK_EVERY = 1.0


def room_of(vault: AsyncTokenVault) -> Strongroom:
    """A vault's inside: what no program needs, and a service does."""
    return vault._room  # noqa: SLF001 - as said


class TokenClock:
    """Token time, in Unix seconds, to be shown beside when tokens end.

    Args:
        room: the inside of the vault whose tokens they are.
    """

    def __init__(self, room: Strongroom) -> None:
        self._room = room
        self._app = room.client_keys[0]

    def __call__(self) -> float:
        """What time it is."""
        return self._room.times[self._app].now()

    def look(self) -> None:
        """Ask a sandbox for its clock, if one plays TikTok; it blocks for as long."""
        with suppress(TikTokAPIError):
            # Whoever asks has a reason: the vault's own looks are too seldom for it.
            self._room.look_at_time(self._app, at_once=True)

    async def follow(self) -> None:
        """Look again and again, until this is cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(_LOOK_EVERY)
