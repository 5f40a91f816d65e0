"""What a refresher needs of a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import Headers
    from tiktok_oauth.vault.refresh.ports import Desk, Hands
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Event, Ref


class FleetRoom(Protocol):
    """A vault's office for one refresher. What blocks is called from worker threads."""

    @property
    def site(self) -> Site:
        """Where the fleet keeps things: a boot and a journal of its own, on the vault's store."""
        ...

    @property
    def client_keys(self) -> Sequence[str]:
        """Its apps."""
        ...

    def transport_for(self, client_key: str) -> AsyncTransport:
        """A new awaiting way to TikTok for an app; who asked for it closes it."""
        ...

    def desk_for(self, client_key: str, hands: Hands) -> Desk:
        """What a refresh needs, with these hands; barrier and token time are the vault's."""
        ...

    def observe(self, client_key: str, headers: Headers) -> None:
        """Learn a sandbox's clock from an answer."""
        ...

    def look_at_time(self, client_key: str, *, at_once: bool = False) -> None:
        """Ask a sandbox for its clock, when it was not heard of for long or at once. Blocks."""
        ...

    def bury(self) -> None:
        """Bring in what dead vaults of this host have left. Blocks.

        Raises:
            StoreError: the store cannot be used.
        """
        ...

    def forgotten(self) -> None:
        """Bring it in once more: the store has forgotten something. Blocks.

        Raises:
            StoreError: the store cannot be used.
        """
        ...

    def tidy(self) -> None:
        """Make a full journal shorter. Blocks.

        Raises:
            StoreError: store or journal cannot be used.
        """
        ...

    def tell(self, ref: Ref, event: Event) -> None:
        """Tell those who want to hear what was written of an account."""
        ...

    def cut_off(self) -> None:
        """Hear that a refresh ended such that an answer may be in the journal alone."""
        ...

    def close(self) -> None:
        """End the fleet's boot. Blocks."""
        ...
