"""The airlock as a process: the only one of a service that has the whole key ring in use."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tiktok_oauth.service.airlock.local import LocalAirlock
from tiktok_oauth.service.airlock.server import AirlockServer
from tiktok_oauth.service.clock import TokenClock, room_of
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.office import census_of, limits_of, make_client
from tiktok_oauth.service.processes import child
from tiktok_oauth.service.processes.briefing import unpack_keys
from tiktok_oauth.vault.aio import AsyncTokenVault
from tiktok_oauth.vault.fleet.refresher import Refresher

if TYPE_CHECKING:
    from tiktok_oauth.service.processes.briefing import Briefing
    from tiktok_oauth.service.settings import ServiceSettings


async def main(briefing: Briefing) -> None:
    """Finish logins and refresh tokens until told to end, then finish what is under way.

    Raises:
        TikTokAPIError: the vault cannot be opened.
        OSError: the runtime directory cannot be used.
    """
    settings = briefing.settings
    clients = [make_client(app, settings) for app in settings.apps]
    keys = unpack_keys(briefing.keys)
    async with AsyncTokenVault(clients, store=settings.database_url, keys=keys) as vault:
        # What is wrong with store and keys is told now.
        await asyncio.to_thread(lambda: room_of(vault).site)
        await _work(settings, vault)
    for client in clients:
        await client.aclose()


async def _work(settings: ServiceSettings, vault: AsyncTokenVault) -> None:
    room, asked = room_of(vault), settings.refresher
    refresher = Refresher(vault, asked.policy, at_once=asked.at_once, rate=asked.rate)
    board = Board(
        settings.runtime_directory / "board",
        "airlock",
        limits=limits_of(settings),
        progress=refresher.progress,
        census=census_of(settings, room.site.store, TokenClock(room)),
    )
    server = AirlockServer(LocalAirlock(vault, refresher), settings.airlock_path)
    refreshing = asyncio.create_task(refresher.run_async())
    try:
        await server.start()
        board.start()
        child.on_stop(refresher.stop)
        child.say_ready()
        await refreshing
    finally:
        # In this order: who waits for a login gets an answer, and nothing new is begun.
        await server.stop()
        refresher.stop()
        await asyncio.gather(refreshing, return_exceptions=True)
        await asyncio.to_thread(board.close)


if __name__ == "__main__":
    sys.exit(child.work("airlock", main))
