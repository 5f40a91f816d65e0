"""What ``TokenVault`` and ``AsyncTokenVault`` share: opening, closing, forking, burying the dead.

Nothing is opened before it is needed, and everything anew in a forked child.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec

from tiktok_oauth.config import check_number
from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
from tiktok_oauth.vault.beat import Beat
from tiktok_oauth.vault.fleet.office import Office
from tiktok_oauth.vault.flights import Flights
from tiktok_oauth.vault.freeze import freeze_if_older, remember_life
from tiktok_oauth.vault.graves import Graves
from tiktok_oauth.vault.listeners import Listeners
from tiktok_oauth.vault.opening import fixed, open_vault
from tiktok_oauth.vault.ownloop import OwnLoop
from tiktok_oauth.vault.refresh.barrier import Barrier
from tiktok_oauth.vault.refresh.hands import ThreadHands
from tiktok_oauth.vault.refresh.ports import Desk
from tiktok_oauth.vault.refresh.recover import read_answers, replay_all
from tiktok_oauth.vault.tokentime import LOOK_PATH, TokenTime
from tiktok_oauth.vault.ways import blocking_core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Ref
    from tiktok_oauth.vault.stores.store import Store
    from tiktok_oauth.vault.ways import ThreadSender

_BURY_AFTER = 1.0
_LONGEST_PATIENCE = 86_400.0
_HEARTBEAT = 60.0
_PRUNE_EVERY = 3600.0
_LOOK_TIMEOUT = 2.0
_LOOK_LIMIT = 4096
_ALL: weakref.WeakSet[Strongroom] = weakref.WeakSet()


class _Opened(msgspec.Struct, frozen=True, eq=False):
    """What is there once a vault was first used."""

    site: Site
    desks: Mapping[str, Desk]
    barrier: Barrier
    graves: Graves
    beat: Beat | None

    def sign_of_life(self) -> None:
        """Say that this vault lives, and bring back what the store may have forgotten."""
        before = self.barrier.timeline
        run(self.barrier.caught_up(next(iter(self.desks.values()))))
        if self.barrier.timeline == before:
            self.site.touch(before)


class Strongroom:
    """One vault's inside. Safe to share between threads; all its methods block.

    Args:
        clients: one client for each app.
        store: as ``TokenVault`` takes it.
        keys: as ``TokenVault`` takes it.
        directory: for journals; see ``open_vault``.
        patience: seconds after which a claim nobody settled may be taken over.
    """

    def __init__(
        self,
        clients: Sequence[object],
        store: Store | str | None,
        keys: KeyRing | None,
        directory: Path | None,
        patience: float,
    ) -> None:
        self._loop = OwnLoop()
        cores = [blocking_core(client, self._loop) for client in clients]
        self.cores: Mapping[str, Core] = {core.app.client_key: core for core in cores}
        if not cores or len(self.cores) < len(cores):
            raise invalid_argument("client must be a client, or clients of different apps.")
        self.times: Mapping[str, TokenTime] = {
            key: TokenTime(core.app.base_url, core.clock.now, core.clock.monotonic)
            for key, core in self.cores.items()
        }
        self.flights: Flights = Flights()
        self.listeners: Listeners = Listeners()
        self._settings = (fixed(store), keys, directory and directory.absolute())
        self._patience = check_number("patience", patience, low=0, high=_LONGEST_PATIENCE)
        self._closed = False
        self.start_afresh()
        _ALL.add(self)

    def start_afresh(self) -> None:
        """Forget what is open: in a forked child it is the parent's."""
        self._opening = threading.Lock()
        self._burying = threading.Lock()
        self._tidying = threading.Lock()
        self._opened: _Opened | None = None
        self._buried = self._pruned = float("-inf")

    @property
    def site(self) -> Site:
        """Where this vault keeps things.

        Raises:
            TikTokAPIError: it cannot be opened.
        """
        return self._open().site

    def desk(self, ref: Ref) -> Desk:
        """What a refresh of an account needs.

        Raises:
            ValidationError: its app is none of this vault's.
        """
        return self._open().desks[self.core(ref.client_key).app.client_key]

    def patience_of(self, ref: Ref) -> float:
        """Seconds a caller waits for a refresh: as long as the client's own calls may take."""
        config = self.core(ref.client_key).config
        return config.timeout if config.deadline is None else min(config.timeout, config.deadline)

    def core(self, client_key: str | None) -> Core:
        """An app's client; the only one when no key is given.

        Raises:
            ValidationError: there is no such app here, or several to choose from.
        """
        if client_key is None and len(self.cores) == 1:
            return next(iter(self.cores.values()))
        if client_key is None:
            raise invalid_argument("client_key is missing: this vault has several apps.")
        core = self.cores.get(client_key) if isinstance(client_key, str) else None
        if core is None:
            raise invalid_argument("client_key is none of this vault's apps.")
        return core

    @property
    def client_keys(self) -> tuple[str, ...]:
        """The apps of this vault."""
        return tuple(self.cores)

    @property
    def desks(self) -> Mapping[str, Desk]:
        """What refreshes need, by app."""
        return self._open().desks

    def transport_for(self, client_key: str) -> AsyncTransport:
        """A new awaiting way to TikTok for an app; who asked for it closes it."""
        return cast("ThreadSender", self.cores[client_key].sender).awaiting()

    def begin_fleet(self) -> Office:
        """An office for a refresher, which closes it.

        Raises:
            TikTokAPIError: the vault cannot be opened.
        """
        return Office(self)

    def look_at_time(self, client_key: str, *, at_once: bool = False) -> None:
        """Ask a sandbox on this machine for its clock, at most once a second unless ``at_once``.

        Raises:
            ValidationError: the app is none of this vault's.
        """
        time = self.times[self.core(client_key).app.client_key]
        if not (time.is_near if at_once else time.is_stale):
            return
        time.looked()
        core = self.cores[client_key]
        request = HttpRequest("GET", core.app.base_url + LOOK_PATH, core.app.data_headers)
        try:
            answer = run(_awaited(core, request))
        except TransportError:
            return
        time.observe(answer.headers)
        time.give_up()

    def forgotten(self) -> None:
        """The store has forgotten something: the journals of the dead are replayed once more."""
        freeze_if_older(self._open().site)
        with self._burying:
            graves = self._open().graves
            graves.open_again()
            graves.bury()

    def bury(self) -> None:
        """Bring in what dead vaults of this host have left, at most once a second.

        Raises:
            StoreError: the store cannot be used.
        """
        opened = self._open()
        now = next(iter(self.cores.values())).clock.monotonic()
        if now - self._buried < _BURY_AFTER or not self._burying.acquire(blocking=False):
            return
        try:
            opened.graves.bury()
            self._buried = now
        finally:
            self._burying.release()

    def tidy(self) -> None:
        """Begin a new volume of a full journal, and drop what is surely in the store.

        Raises:
            StoreError: the store or the journal cannot be used.
        """
        opened = self._open()
        if not self._tidying.acquire(blocking=False):
            return
        try:
            oldest = opened.site.journal.turn_over()
            if oldest is not None:
                run(replay_all(opened.desks, read_answers(oldest.payloads(), opened.site.cipher)))
                remember_life(opened.site)
                opened.site.journal.drop(oldest)
        finally:
            self._tidying.release()

    def close(self) -> None:
        """Wait for refreshes under way, then let go of everything."""
        self._closed = True
        self.flights.close()
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            if opened.beat is not None:
                opened.beat.stop()
            _end(opened, settled=self.flights.all_landed)
        self._loop.close()

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is None:
            with self._opening:
                opened = self._opened
                if opened is None:
                    opened = self._opened = self._open_now()
        return opened

    def _open_now(self) -> _Opened:
        if self._closed:
            raise invalid_argument("The vault is closed.", "Make a new one.")
        site = open_vault(*self._settings)
        try:
            freeze_if_older(site)
            remember_life(site)
            barrier = Barrier(site.store.timeline())
            desks = {key: self._desk(key, site, barrier) for key in self.cores}
            graves = Graves(site, desks)
            opened = _Opened(site, desks, barrier, graves, None)
            graves.bury()
            self._prune(site)
        except BaseException:
            site.close(settled=True)
            raise
        if site.directory is not None:
            beat = Beat(partial(self._live, opened), _HEARTBEAT)
            opened = msgspec.structs.replace(opened, beat=beat)
        return opened

    def _live(self, opened: _Opened) -> None:
        opened.sign_of_life()
        self._prune(opened.site)

    def _prune(self, site: Site) -> None:
        """Drop what is kept for a while only, once an hour."""
        clock = next(iter(self.cores.values())).clock.monotonic
        if clock() - self._pruned >= _PRUNE_EVERY:
            self._pruned = clock()
            site.store.prune(min(time.now() for time in self.times.values()))

    def _desk(self, client_key: str, site: Site, barrier: Barrier) -> Desk:
        core, time = self.cores[client_key], self.times[client_key]
        hands = ThreadHands(site, core, time, self, self.listeners.tell)
        return Desk(core, hands, site.cipher, site.boot, time.now, barrier, self._patience)


def _end(opened: _Opened, *, settled: bool) -> None:
    """Close what was open, whatever still works of it."""
    try:
        remember_life(opened.site)
    finally:
        opened.site.close(settled=settled, timeline=opened.barrier.timeline)


async def _awaited(core: Core, request: HttpRequest) -> HttpResponse:
    return await core.sender.send(request, timeout=_LOOK_TIMEOUT, limit=_LOOK_LIMIT)


def _start_afresh() -> None:
    for room in tuple(_ALL):
        room.start_afresh()


os.register_at_fork(after_in_child=_start_afresh)
