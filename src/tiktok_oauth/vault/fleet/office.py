"""A vault's office for one refresher, which shares its store and not its boot.

A vault may take up its own open claims, because it is alone in having them. A refresher beside it
has claims of its own, so it is somebody else: another boot, another journal.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import vault_key_error
from tiktok_oauth.vault.freeze import remember_life
from tiktok_oauth.vault.refresh.barrier import Barrier
from tiktok_oauth.vault.refresh.recover import read_answers, replay_all
from tiktok_oauth.vault.site import open_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import Headers
    from tiktok_oauth.vault.refresh.ports import Desk, Hands
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Event, Ref
    from tiktok_oauth.vault.strongroom import Strongroom


class Office:
    """What a refresher needs of a vault (``FleetRoom``).

    Args:
        room: the vault's inside.

    Raises:
        VaultKeyError: the vault's keys open no refresh token.
        TikTokAPIError: the vault cannot be opened.
    """

    def __init__(self, room: Strongroom) -> None:
        shared = room.site
        if shared.cipher.ring.access_only:
            # Each claim would end as a failure, which bars those who could refresh.
            raise vault_key_error(
                "This key ring opens access tokens only: nothing can be refreshed with it.",
                "Give the refresher's vault the whole ring.",
            )
        self._room = room
        self._tidying = threading.Lock()
        self._settled = True
        self.site: Site = open_site(shared.store, shared.cipher.ring, shared.directory)
        try:
            self._barrier = Barrier(shared.store.timeline())
        except BaseException:
            self.site.end(settled=True)
            raise

    @property
    def client_keys(self) -> Sequence[str]:
        """The vault's apps."""
        return self._room.client_keys

    def transport_for(self, client_key: str) -> AsyncTransport:
        """A new awaiting way to TikTok for an app; who asked for it closes it."""
        return self._room.transport_for(client_key)

    def desk_for(self, client_key: str, hands: Hands) -> Desk:
        """What a refresh needs, with these hands."""
        return msgspec.structs.replace(
            self._room.desks[client_key],
            hands=hands,
            boot=self.site.boot,
            barrier=self._barrier,
            unsent_waits=(),
        )

    def observe(self, client_key: str, headers: Headers) -> None:
        """Learn a sandbox's clock from an answer."""
        self._room.times[client_key].observe(headers)

    def look_at_time(self, client_key: str, *, at_once: bool = False) -> None:
        """Ask a sandbox for its clock, when it was not heard of for long or at once."""
        self._room.look_at_time(client_key, at_once=at_once)

    def bury(self) -> None:
        """Bring in what dead vaults of this host have left."""
        self._room.bury()

    def forgotten(self) -> None:
        """Bring it in once more: the store has forgotten something."""
        self._room.forgotten()

    def tidy(self) -> None:
        """Make a full journal shorter."""
        if not self._tidying.acquire(blocking=False):
            return
        try:
            oldest = self.site.journal.turn_over()
            if oldest is not None:
                found = read_answers(oldest.payloads(), self.site.cipher)
                run(replay_all(self._room.desks, found))
                remember_life(self.site)
                self.site.journal.drop(oldest)
        finally:
            self._tidying.release()

    def tell(self, ref: Ref, event: Event) -> None:
        """Tell those who want to hear what was written of an account."""
        self._room.listeners.tell(ref, event)

    def cut_off(self) -> None:
        """Hear that a refresh ended such that an answer may be in the journal alone."""
        self._settled = False

    def close(self) -> None:
        """End the fleet's boot; the store stays the vault's."""
        try:
            remember_life(self.site)
        finally:
            self.site.end(settled=self._settled, timeline=self._barrier.timeline)
