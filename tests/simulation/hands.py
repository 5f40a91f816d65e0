"""The vault's hands in the simulation: each method takes time, and may be its last.

What is simulated is what the vault stands on: a database that may fail before or after it has
done something, that is down for minutes and fails over; a disk that is full or tears a record; a
network that loses either half of an exchange; a process that is stopped or killed at any await.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tests.simulation.clockwork import Moment, sleep
from tests.simulation.exchange import Exchange
from tests.simulation.provider import sent_access, sent_token
from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.stores.rows import Boot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.provider import Fate, Token
    from tests.simulation.watch import Watch
    from tests.simulation.world import Journal, Worker, World
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import (
        Candidate,
        Claim,
        DueClaim,
        Grant,
        Ref,
        Renewed,
        Settled,
    )

T = TypeVar("T")

_KEPT = 3600.0
"""Seconds that a dead journal is kept."""
_MEMORABLE = frozenset({"claim", "claim_due", "renew", "settle", "keep", "tried", "end_boot"})
"""Writes after which a failover does most harm."""


@dataclass(frozen=True)
class Habits:
    """Bad ones, of programs that use the vault's stories.

    Attributes:
        burns_journals: delete the journals of dead boots without reading them.
        deletes_buried: delete them as soon as they are in the store.
        ends_for_good: take the end of a boot for one in every timeline.
        ends_first: say that a boot is over before its journal is read.
        buries_once: after a failover, rely on what was brought in before.
        never_beats: catch up after a failover only when asked for a token.
        cancels_flights: end a refresh when its caller leaves.
        reuses_boots: name all starts of a worker alike.
        counts_consents: number an account's consents 1, 2, 3.
    """

    burns_journals: bool = False
    deletes_buried: bool = False
    ends_first: bool = False
    ends_for_good: bool = False
    buries_once: bool = False
    never_beats: bool = False
    cancels_flights: bool = False
    reuses_boots: bool = False
    counts_consents: bool = False


class SimHands:
    """One worker's hands."""

    def __init__(self, world: World, worker: Worker, watch: Watch, habits: Habits) -> None:
        self._habits = habits
        self._world = world
        self._worker = worker
        self._watch = watch
        self._store = world.store
        self.desk: Desk

    async def get(self, ref: Ref) -> Grant | None:
        """One account as it stands now."""
        return await self._read(lambda: self._store.get(ref))

    async def claim(self, claim: Claim) -> Grant | None:
        """Ask for the right to refresh."""
        [grant] = await self._write("claim", lambda: self._store.claim([claim]))
        if grant is not None:
            self._watch.granted(claim, grant)
        return self._granted(grant)

    async def claim_due(self, claim: DueClaim) -> list[Grant]:
        """Ask for the right to refresh what is due."""
        grants = await self._write("claim_due", lambda: self._store.claim_due(claim))
        return [grant for grant in grants if self._granted(grant)]

    async def renew(self, change: Renewed) -> bool:
        """Write new tokens where the parent still stands."""
        self._watch.before_renew(self._worker, change)

        def work() -> bool:
            before = self._store.get(change.ref)
            [done] = self._store.renew([change])
            self._watch.renewed(change, before, done=done)
            return bool(done)

        return await self._write("renew", work)

    async def settle(self, change: Settled) -> bool:
        """Write how a claim ended that brought no tokens."""

        def work() -> bool:
            [done] = self._store.settle([change])
            self._watch.settled(change, done=done)
            return bool(done)

        done = await self._write("settle", work)
        # While it stood still another flight of its process may have claimed the same account.
        if self._worker.claimed.get(change.ref.open_id) == change.attempt:
            del self._worker.claimed[change.ref.open_id]
            if not done:
                self._worker.outrun[change.ref] = (change.gen, change.ver)
        return done

    async def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a refresh token that could not become the current one."""
        self._watch.before_keep(self._worker, candidate)
        await self._write("keep", lambda: self._store.keep_candidate(candidate))
        self._watch.kept(candidate)

    async def candidates(self, ref: Ref) -> list[Candidate]:
        """The candidates of an account, newest first."""
        return await self._read(lambda: self._store.candidates(ref))

    async def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """Remember that a candidate was sent to TikTok."""
        await self._write("tried", lambda: self._store.mark_tried(ref, fingerprint))

    async def make_room(self) -> None:
        """Make sure that the journal can take an answer."""
        await self._pass(0.0, 0.002)
        if self._worker.host.full:
            raise store_error("The journal could not be extended.", retryable=True)

    async def journal(self, record: bytes) -> None:
        """Put a record on disk: write it, then sync."""
        world, journal = self._world, self._worker.host.journals[self._worker.boot]
        token = self._watch.token_in(record)
        await self._pass(0.0, 0.001)
        if world.chance(world.profile.journal_error):
            world.note("journal fails", self._worker.name)
            self._is_written(token, "unwritten")
            raise store_error("The journal could not be written.", retryable=True)
        journal.written += record
        await self._pass(0.0, 0.004)
        journal.durable, journal.written = journal.durable + journal.written, b""
        world.note("journaled", self._worker.name, token and token.text)
        self._is_written(token, "journaled")

    async def post(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        exchange = Exchange(self._world, self._worker, timeout)
        if request.method == "GET":
            return await exchange.profile(sent_access(request))
        text = sent_token(request)
        self._watch.before_send(self._worker, text)
        end = exchange.refresh(text)
        end.then(lambda: self._watch.after_send(self._worker, text))
        return await end

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await sleep(seconds)

    async def frozen(self) -> bool:
        """Whether the store grants no claims."""
        return await self._read(lambda: self._store.setting("frozen")) is not None

    async def timeline(self) -> str:
        """The database's history, as the newest connection found it."""
        return self._worker.history or self._meet()

    async def boots(self) -> list[Boot]:
        """The boots that have not ended."""
        return await self._read(self._store.boots)

    async def catch_up(self, timeline: str) -> None:
        """Say that this boot has caught up with a timeline; after a failover, bury once more."""
        if timeline != self._worker.caught_up:
            if not self._habits.buries_once:
                self._worker.stands.clear()
            await self.bury()
            self._worker.caught_up = timeline
        boot = Boot(self._worker.boot, self._worker.host.name, "k1", 0.0, timeline)
        await self._write("catch_up", lambda: self._store.touch_boot(boot))

    def newest(self, _: Ref) -> None:
        """Nobody puts a row back here: what a database forgets, it forgets in a failover."""

    async def own_answers(self) -> list[Answer]:
        """What this boot's own journal holds."""
        return self._answers(self._worker.host.journals[self._worker.boot])

    async def begin_boot(self) -> None:
        """Make this boot known."""
        history = self._worker.caught_up = self._meet()
        boot = Boot(self._worker.boot, self._worker.host.name, "k1", 0.0, history)
        await self._write("begin_boot", lambda: self._store.begin_boot(boot))

    async def bury(self) -> None:
        """Bring in what dead workers of this host have left; their journals stay for a while."""
        worker = self._worker
        for boot, journal in tuple(worker.host.journals.items()):
            is_held = journal.reader is not None and journal.reader.alive
            if journal.writer or is_held or boot in worker.stands:
                continue
            journal.reader = worker
            try:
                await self._bury(boot, journal)
            finally:
                journal.reader = None

    async def _bury(self, boot: str, journal: Journal) -> None:
        world, worker = self._world, self._worker
        timeline = "" if self._habits.ends_for_good else worker.history or self._meet()
        # Only the first end brings a failover on: each of those makes everybody end it once more.
        what = "end_boot again" if boot in world.buried else "end_boot"
        end = partial(self._write, what, partial(self._store.end_boot, boot, timeline))
        if not await self._read(partial(self._store.has_ended, boot, timeline)):
            if self._habits.ends_first:
                await end()
            desks = {self.desk.core.app.client_key: self.desk}
            left = [] if self._habits.burns_journals else self._answers(journal)
            await world.stories.recover.replay_all(desks, left)
            await end()
            world.note("buried", worker.name, boot)
            world.buried.add(boot)
        worker.stands.add(boot)
        if self._habits.deletes_buried or world.loop.now - journal.left_at >= _KEPT:
            worker.host.journals.pop(boot, None)

    # How all of that takes time and fails

    def _is_written(self, token: Token | None, fate: Fate) -> None:
        if token is not None and token in self._worker.fresh:
            self._worker.fresh.remove(token)
            token.fate = fate

    def _answers(self, *journals: Journal) -> list[Answer]:
        split = self._world.stories.answers.split
        payloads = [payload for journal in journals for payload in split(journal.durable)]
        return list(self._world.stories.recover.read_answers(payloads, self._world.cipher))

    def _granted(self, grant: Grant | None) -> Grant | None:
        if grant is not None:
            self._watch.claimed(self._worker, grant)
        return grant

    def _meet(self) -> str:
        self._worker.history = self._store.timeline()
        return self._worker.history

    async def _read(self, work: Callable[[], T]) -> T:
        await self._pass(0.001, 0.01)
        if self._world.store_down:
            await self._wait_in_vain()
        self._reach(0.3)
        if self._worker.history != self._store.timeline():
            self._meet()
        return work()

    async def _write(self, what: str, work: Callable[[], T]) -> T:
        world, worker = self._world, self._worker
        history = worker.history or self._meet()
        await self._pass(0.001, 0.02)
        if world.store_down:
            await self._wait_in_vain()
        self._reach(0.5)
        if history != self._store.timeline():
            self._meet()
            raise store_error("The database has failed over.", retryable=True)
        failed = world.chance(world.profile.store_error)
        if failed and world.chance(0.5):
            world.note("store fails before", worker.name, what)
            raise store_error("The connection broke.", retryable=True)
        forgotten = what in _MEMORABLE and world.chance(world.profile.forget)
        if forgotten:
            world.remember_to_forget()
        result = work()
        world.note("store", worker.name, what)
        if failed:
            world.note("store fails after", worker.name, what)
            raise store_error("The connection broke.", retryable=True)
        await self._pass(0.001, 0.01)
        return result

    def _wait_in_vain(self) -> Awaitable[None]:
        return sleep(self._world.between(0.1, 10.0))

    def _reach(self, weight: float) -> None:
        world = self._world
        if world.store_down or world.chance(weight * world.profile.store_error * 0.2):
            raise store_error("The database cannot be reached.", retryable=True)

    def _pass(self, low: float, high: float) -> Awaitable[None]:
        """Let a moment pass, in which the process may be stopped or killed."""
        world, worker = self._world, self._worker
        if world.chance(world.profile.step_crash):
            world.crash(worker, "at an await")
            return Moment()
        if world.chance(world.profile.step_stop):
            seconds = world.between(*world.profile.stop_seconds)
            if world.may_delay(seconds):
                world.note("stop", worker.name, f"{seconds:.3f}")
                worker.stop(seconds)
        return sleep(world.between(low, high))
