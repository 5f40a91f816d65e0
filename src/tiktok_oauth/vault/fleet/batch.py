"""Hands that await: what many refreshes want at about the same time is done in one go.

It is done in a worker thread of the event loop, in one transaction or with one sync.
"""

from __future__ import annotations

import asyncio
import copy
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from tiktok_oauth.errors import StoreError, store_error
from tiktok_oauth.vault.freeze import FROZEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.fleet.fleetroom import FleetRoom
    from tiktok_oauth.vault.fleet.threads import Threads
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.setback import Version
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Boot, Candidate, Claim, Grant, Ref, Renewed, Settled

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 256
_QUIET_TURNS = 2
_LINGER = 0.005


class Gathered(Generic[Item, Result]):
    """Turns single calls of many tasks into calls with a list, one list at a time.

    A list goes off as soon as two turns of the event loop have brought nothing to join it: that
    is at once when nothing else is going on, and after a moment while answers pour in.

    Args:
        threads: where the work is done.
        work: a result for each item, or an error for all of them.
        linger: seconds to wait before the second of the two turns.
    """

    def __init__(
        self,
        threads: Threads,
        work: Callable[[Sequence[Item]], Sequence[Result]],
        linger: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._threads = threads
        self._work = work
        self._linger = linger
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._busy = False
        self._trips: set[asyncio.Task[None]] = set()

    async def do(self, item: Item) -> Result:
        """Do this item, with whatever else is waiting.

        Raises:
            Exception: what the work raised.
        """
        done: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append((item, done))
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._watch, 1, _QUIET_TURNS)
        return await done

    def _watch(self, seen: int, quiet_turns: int) -> None:
        count = len(self._waiting)
        left = quiet_turns - 1 if count == seen else _QUIET_TURNS
        if left and count < _MOST:
            pause = self._linger() if left < _QUIET_TURNS else 0.0
            self._loop.call_later(pause, self._watch, count, left)
            return
        trip = self._loop.create_task(self._go())
        self._trips.add(trip)
        trip.add_done_callback(self._trips.discard)

    async def _go(self) -> None:
        batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        items = [item for item, _ in batch]
        outcomes: Sequence[Result | _Failed]
        try:
            outcomes = await self._threads.do(partial(_outcomes, self._work, items))
        except RuntimeError as error:  # There was no thread to be had.
            outcomes = [_Failed(_no_thread(error)) for _ in items]
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():
                continue
            if isinstance(outcome, _Failed):
                done.set_exception(outcome.error)
            else:
                done.set_result(outcome)
        self._busy = bool(self._waiting)
        if self._busy:
            self._loop.call_soon(self._watch, 0, _QUIET_TURNS)


class _Failed:
    def __init__(self, error: Exception) -> None:
        self.error = error


def _no_thread(cause: RuntimeError) -> StoreError:
    error = store_error("No thread could be started.", retryable=True)
    error.__cause__ = cause
    return error


def _outcomes(
    work: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item]
) -> Sequence[Result | _Failed]:
    """What came of each item. Where one is the trouble, the others do not suffer for it."""
    try:
        return work(items)
    except Exception as error:  # noqa: BLE001 - it belongs to the tasks that wait
        if len(items) == 1 or (isinstance(error, StoreError) and error.retryable):
            # Each task writes on its error which call it was.
            return [_Failed(copy.copy(error)) for _ in items]
    return [outcome for item in items for outcome in _outcomes(work, [item])]


class SharedWork:
    """One event loop's way to store and journal, shared by the hands of all apps.

    Args:
        room: the vault.
        site: where it keeps things.
        threads: for what blocks.

    Attributes:
        posts: how many requests wait for their answers.
    """

    def __init__(self, room: FleetRoom, site: Site, threads: Threads) -> None:
        self.room = room
        self.site = site
        self.threads = threads
        store = site.store
        self.get: Gathered[Ref, Grant | None] = Gathered(
            threads, lambda refs: [store.get(ref) for ref in refs]
        )
        self.claim: Gathered[Claim, Grant | None] = Gathered(threads, store.claim)
        self.renew: Gathered[Renewed, bool] = Gathered(threads, store.renew)
        self.settle: Gathered[Settled, bool] = Gathered(threads, store.settle)
        self.timeline: Gathered[None, str] = Gathered(threads, self._timeline)
        self.make_room: Gathered[None, None] = Gathered(threads, self._make_room)
        self.sync: Gathered[None, None] = Gathered(threads, self._sync, self._linger)
        self.posts = 0

    def _timeline(self, wishes: Sequence[None]) -> Sequence[str]:
        return [self.site.store.timeline()] * len(wishes)

    def _make_room(self, wishes: Sequence[None]) -> Sequence[None]:
        self.site.journal.make_room()
        if self.site.journal.is_full:
            self.room.tidy()
        return wishes

    def _sync(self, wishes: Sequence[None]) -> Sequence[None]:
        self.site.journal.sync()
        return wishes

    def _linger(self) -> float:
        # What was written outlives this process already: a sync can wait for other answers.
        return _LINGER if self.posts else 0.0


class LoopHands:
    """Store, journal, network and time for one app, awaiting.

    Args:
        work: the way to store and journal.
        transport: the way to TikTok.
        heard: told of every answer, before anybody else.
    """

    def __init__(
        self,
        work: SharedWork,
        transport: AsyncTransport,
        heard: Callable[[HttpResponse], None],
    ) -> None:
        self._work = work
        self._site = work.site
        self._do = work.threads.do
        self._transport = transport
        self._heard = heard
        self._room = work.room

    async def get(self, ref: Ref) -> Grant | None:
        """One account as it stands now."""
        return await self._work.get.do(ref)

    async def claim(self, claim: Claim) -> Grant | None:
        """Ask for the right to refresh."""
        return await self._work.claim.do(claim)

    async def renew(self, change: Renewed) -> bool:
        """Write new tokens where the parent still stands."""
        written = await self._work.renew.do(change)
        if written:
            self._site.marks.written(change)
            self._room.tell(change.ref, change.event)
        return written

    async def settle(self, change: Settled) -> bool:
        """Write how a claim ended that brought no tokens."""
        written = await self._work.settle.do(change)
        if written and change.event is not None:
            self._room.tell(change.ref, change.event)
        return written

    async def want(self, ref: Ref, now: float) -> None:
        """Say that a caller is waiting for an account."""
        await self._do(partial(self._site.store.want, ref, now))

    async def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a refresh token that could not become the current one."""
        await self._do(partial(self._site.store.keep_candidate, candidate))

    async def candidates(self, ref: Ref) -> list[Candidate]:
        """The candidates of an account, newest first."""
        return await self._do(partial(self._site.store.candidates, ref))

    async def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """Remember that a candidate was sent to TikTok."""
        await self._do(partial(self._site.store.mark_tried, ref, fingerprint))

    async def make_room(self) -> None:
        """Make sure that the journal can take an answer."""
        await self._work.make_room.do(None)

    async def journal(self, record: bytes) -> None:
        """Put a record on disk."""
        # In this thread, and at once: whatever ends this process now, the answer is kept.
        self._site.journal.write(record)
        await self._work.sync.do(None)

    async def post(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        self._work.posts += 1
        try:
            response = await self._transport.send(request, timeout=timeout, limit=limit)
        finally:
            self._work.posts -= 1
        self._heard(response)
        return response

    async def pause(self, seconds: float) -> None:
        """Let other tasks run for a while."""
        await asyncio.sleep(seconds)

    async def frozen(self) -> bool:
        """Whether the store grants no claims."""
        return await self._do(partial(self._site.store.setting, FROZEN)) is not None

    async def timeline(self) -> str:
        """The database's history so far."""
        return await self._work.timeline.do(None)

    async def boots(self) -> list[Boot]:
        """The boots that have not ended."""
        return await self._do(self._site.store.boots)

    async def catch_up(self, timeline: str) -> None:
        """Say that this boot has caught up with a timeline."""
        await self._do(self._room.forgotten)
        await self._do(partial(self._site.touch, timeline))

    def newest(self, ref: Ref) -> Version | None:
        """The newest version of an account that this boot has written of late."""
        return self._site.marks.newest(ref)

    async def own_answers(self) -> list[Answer]:
        """What this boot's own journal holds."""
        return await self._do(self._site.own_answers)

    async def bury(self) -> None:
        """Bring in what dead vaults of this host have left."""
        await self._do(self._room.bury)
