"""``Office``: what the rooms of one web worker share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.aio import AsyncTikTokOAuth
from tiktok_oauth.config import RetryPolicy
from tiktok_oauth.service.airlock.local import LocalAirlock
from tiktok_oauth.service.clock import TokenClock, room_of
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.census import take_census
from tiktok_oauth.service.figures.values import Limits
from tiktok_oauth.service.registry.aio import AsyncRegistry
from tiktok_oauth.service.registry.news import News
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.vault.aio import AsyncTokenVault
from tiktok_oauth.vault.opening import journal_of, open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.service.airlock.port import Airlock
    from tiktok_oauth.service.figures.values import Census
    from tiktok_oauth.service.settings import AppSettings, ServiceSettings
    from tiktok_oauth.types import Secret
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.stores.sqlstore import SqlStore
    from tiktok_oauth.vault.stores.store import Store

T = TypeVar("T")

_SOON = 0.03
"""Seconds after which somebody waits for the refresher: a token that is there comes sooner."""

_waking: set[asyncio.Future[None]] = set()
"""Kept until they are done: an event loop does not keep them."""


@dataclass(frozen=True, slots=True)
class Office:
    """One worker's vault, clients and helpers. Made by ``open_office``.

    Attributes:
        settings: what the service was told.
        vault: the tokens; in a web worker it opens no refresh token.
        clients: by client key, in the order of the settings.
        store: the vault's own.
        registry: the service's own tables.
        airlock: finishes logins and refreshes.
        board: the figures of all processes of this host.
        news: what happens to all accounts.
        session_key: signs cookies and invitations.
        clock: the time by which tokens age, in Unix seconds.
    """

    settings: ServiceSettings
    vault: AsyncTokenVault
    clients: Mapping[str, AsyncTikTokOAuth]
    store: SqlStore
    registry: AsyncRegistry
    airlock: Airlock
    board: Board
    news: News
    session_key: Secret
    clock: TokenClock

    async def hastened(self, work: Awaitable[T]) -> T:
        """Do what may need a refresh; when it takes a while, wake the refresher."""
        # A timer, and not a task for each: most tokens are there at once.
        timer = asyncio.get_running_loop().call_later(_SOON, self._wake)
        try:
            return await work
        finally:
            timer.cancel()

    def _wake(self) -> None:
        waking = asyncio.ensure_future(self.airlock.wake())
        _waking.add(waking)
        waking.add_done_callback(_waking.discard)

    async def aclose(self) -> None:
        """Wait for what is under way, then let go of everything."""
        await self.news.close()
        await self.airlock.aclose()
        await asyncio.to_thread(self.board.close)
        await asyncio.to_thread(self.registry.close)
        await self.vault.aclose()
        for client in self.clients.values():
            await client.aclose()


def open_office(
    settings: ServiceSettings,
    keys: KeyRing,
    session_key: Secret,
    *,
    airlock: Airlock | None = None,
    transport: AsyncTransport | None = None,
) -> Office:
    """Open what a web worker needs. It blocks, and may be called before there is an event loop.

    Args:
        settings: what the service was told.
        keys: an access-only ring when there is an airlock elsewhere, else a whole one.
        session_key: signs cookies and invitations.
        airlock: the one elsewhere; without one this process does its work, too.
        transport: another way to TikTok, for tests.

    Raises:
        VaultKeyError: the keys are not those of the store.
        StoreError: the store cannot be used.
    """
    clients = {app.client_key: make_client(app, settings, transport) for app in settings.apps}
    store = open_store(settings.database_url)
    vault = AsyncTokenVault(
        list(clients.values()),
        store=store,
        keys=keys,
        journal=journal_of(settings.database_url, store),
        refreshed_by="vault" if airlock is None else "refresher",
    )
    room = room_of(vault)
    clock = TokenClock(room)
    try:
        _ = room.site  # What is wrong with store and keys is told now, not to the first visitor.
        registry = Registry(store.database)
        board = Board(
            settings.runtime_directory / "board",
            "web",
            limits=limits_of(settings),
            census=census_of(settings, store, clock),
        )
    except BaseException:
        room.close()
        raise
    return Office(
        settings=settings,
        vault=vault,
        clients=clients,
        store=store,
        registry=AsyncRegistry(registry),
        airlock=airlock or LocalAirlock(vault),
        board=board,
        news=News(store),
        session_key=session_key,
        clock=clock,
    )


def census_of(settings: ServiceSettings, store: Store, clock: TokenClock) -> Callable[[], Census]:
    """How the process that keeps the board counts accounts."""
    is_warm = settings.refresher.policy == "keep_warm"
    return lambda: take_census(store, clock(), warm=is_warm)


def limits_of(settings: ServiceSettings) -> Limits:
    """The settings that figures are read beside."""
    return Limits(settings.timeout, settings.retry_attempts, settings.cache_ttl)


def make_client(
    app: AppSettings, settings: ServiceSettings, transport: AsyncTransport | None = None
) -> AsyncTikTokOAuth:
    """An app's client."""
    return AsyncTikTokOAuth(
        app.client_key,
        app.client_secret.reveal(),
        app.redirect_uri,
        scopes=app.scopes,
        timeout=settings.timeout,
        retry=RetryPolicy(attempts=settings.retry_attempts),
        base_url=settings.base_url,
        authorize_url=settings.authorize_url,
        client_secret_previous=(
            None if app.client_secret_previous is None else app.client_secret_previous.reveal()
        ),
        transport=transport or "aiohttp",
    )
