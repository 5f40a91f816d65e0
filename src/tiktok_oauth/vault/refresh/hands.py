"""Hands that never wait: a story over them runs in one thread, from beginning to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.setback import Version
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import (
        Boot,
        Candidate,
        Claim,
        Event,
        Grant,
        Ref,
        Renewed,
        Settled,
    )
    from tiktok_oauth.vault.tokentime import TokenTime


class Chores(Protocol):
    """What a vault does beside its refreshes, when one of them comes upon it."""

    def bury(self) -> None:
        """Bring in what dead vaults of this host have left."""
        ...

    def forgotten(self) -> None:
        """Bring it in once more: the store has forgotten something."""
        ...

    def tidy(self) -> None:
        """Make a full journal shorter."""
        ...


class ThreadHands:
    """Store, journal, network and time for one app, blocking.

    Args:
        site: where this vault keeps things.
        core: the app's client; neither its way out nor its clock ever waits.
        time: learns the sandbox's clock from answers.
        chores: what else there is to do in a vault.
        tell: hears what was written.
    """

    def __init__(
        self,
        site: Site,
        core: Core,
        time: TokenTime,
        chores: Chores,
        tell: Callable[[Ref, Event], None],
    ) -> None:
        self._site = site
        self._store = site.store
        self._sender = core.sender
        self._clock = core.clock
        self._time = time
        self._chores = chores
        self._tell = tell

    async def get(self, ref: Ref) -> Grant | None:
        """One account as it stands now."""
        return self._store.get(ref)

    async def claim(self, claim: Claim) -> Grant | None:
        """Ask for the right to refresh."""
        return self._store.claim([claim])[0]

    async def renew(self, change: Renewed) -> bool:
        """Write new tokens where the parent still stands."""
        written = self._store.renew([change])[0]
        if written:
            self._site.marks.written(change)
            self._tell(change.ref, change.event)
        return written

    async def settle(self, change: Settled) -> bool:
        """Write how a claim ended that brought no tokens."""
        written = self._store.settle([change])[0]
        if written and change.event is not None:
            self._tell(change.ref, change.event)
        return written

    async def want(self, ref: Ref, now: float) -> None:
        """Say that a caller is waiting for an account."""
        self._store.want(ref, now)

    async def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a refresh token that could not become the current one."""
        self._store.keep_candidate(candidate)

    async def candidates(self, ref: Ref) -> list[Candidate]:
        """The candidates of an account, newest first."""
        return self._store.candidates(ref)

    async def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """Remember that a candidate was sent to TikTok."""
        self._store.mark_tried(ref, fingerprint)

    async def make_room(self) -> None:
        """Make sure that the journal can take an answer."""
        self._site.journal.make_room()
        if self._site.journal.is_full:
            self._chores.tidy()

    async def journal(self, record: bytes) -> None:
        """Put a record on disk."""
        self._site.journal.append(record)

    async def post(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        response = await self._sender.send(request, timeout=timeout, limit=limit)
        self._time.observe(response.headers)
        return response

    async def pause(self, seconds: float) -> None:
        """Block this thread."""
        await self._clock.pause(seconds)

    async def frozen(self) -> bool:
        """Whether the store grants no claims."""
        return self._store.setting("frozen") is not None

    async def timeline(self) -> str:
        """The database's history so far."""
        return self._store.timeline()

    async def boots(self) -> list[Boot]:
        """The boots that have not ended."""
        return self._store.boots()

    async def catch_up(self, timeline: str) -> None:
        """Say that this boot has caught up with a timeline."""
        self._chores.forgotten()
        self._site.touch(timeline)

    def newest(self, ref: Ref) -> Version | None:
        """The newest version of an account that this boot has written of late."""
        return self._site.marks.newest(ref)

    async def own_answers(self) -> list[Answer]:
        """What this boot's own journal holds."""
        return self._site.own_answers()

    async def bury(self) -> None:
        """Bring in what dead vaults of this host have left."""
        self._chores.bury()
