"""What the vault's stories reach the world through.

The ports are async-shaped: hands that never wait drive a story in a thread, hands that await
drive many at once, and a simulation's hands fail at will.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.barrier import Barrier
    from tiktok_oauth.vault.refresh.setback import Version
    from tiktok_oauth.vault.sealing.cipher import Cipher
    from tiktok_oauth.vault.stores.rows import Boot, Candidate, Claim, Grant, Ref, Renewed, Settled


class Hands(Protocol):
    """Store, journal, network and time, as a story awaits them.

    What touches the store or the journal raises ``StoreError``.
    """

    async def get(self, ref: Ref) -> Grant | None:
        """As ``Store.get``."""
        ...

    async def claim(self, claim: Claim) -> Grant | None:
        """As ``Store.claim``, for one."""
        ...

    async def renew(self, change: Renewed) -> bool:
        """As ``Store.renew``, for one."""
        ...

    async def settle(self, change: Settled) -> bool:
        """As ``Store.settle``, for one."""
        ...

    async def want(self, ref: Ref, now: float) -> None:
        """As ``Store.want``."""
        ...

    async def keep_candidate(self, candidate: Candidate) -> None:
        """As ``Store.keep_candidate``."""
        ...

    async def candidates(self, ref: Ref) -> list[Candidate]:
        """As ``Store.candidates``."""
        ...

    async def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """As ``Store.mark_tried``."""
        ...

    async def make_room(self) -> None:
        """Make sure that the journal can take an answer."""
        ...

    async def journal(self, record: bytes) -> None:
        """Put a record on disk."""
        ...

    async def post(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt, as ``Transport.send``.

        Raises:
            TransportError: there was no whole answer.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...

    async def frozen(self) -> bool:
        """Whether the store grants no claims, because it was restored from a backup."""
        ...

    async def timeline(self) -> str:
        """As ``Store.timeline``."""
        ...

    async def boots(self) -> list[Boot]:
        """As ``Store.boots``."""
        ...

    async def catch_up(self, timeline: str) -> None:
        """Say in the store that this boot has caught up with a timeline."""
        ...

    def newest(self, ref: Ref) -> Version | None:
        """The newest version of an account that this boot has written of late."""
        ...

    async def own_answers(self) -> list[Answer]:
        """What this boot's own journal holds, the oldest of each account first."""
        ...

    async def bury(self) -> None:
        """Bring into the store what vaults of this host have left that are dead by now."""
        ...


class Desk(msgspec.Struct, frozen=True, eq=False):
    """Everything a refresh needs: one per vault and app.

    Attributes:
        core: the app's client: how to ask TikTok, whom to tell, dice.
        hands: the way to store, journal and network.
        cipher: seals and opens.
        boot: this start of the vault.
        now: token time.
        barrier: keeps claims back after a failover.
        patience: seconds after which a claim that was never settled may be taken over.
        unsent_waits: seconds to wait before asking again after a request that certainly was not
            sent; a refresher has a budget for that instead.
        deadline: seconds for a refresh request: a short one turns slow answers into lost tokens.
    """

    core: Core
    hands: Hands
    cipher: Cipher
    boot: str
    now: Callable[[], float]
    barrier: Barrier
    patience: float = 900.0
    unsent_waits: tuple[float, ...] = (0.1, 0.2)
    deadline: float = 90.0
