"""The vault in the simulation: its real stories, started and asked as a program would."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.clockwork import sleep
from tests.simulation.hands import Habits, SimHands
from tests.simulation.watch import Watch
from tests.simulation.world import CLIENT_KEY, FLEET, LENGTH, PATIENCE, Journal, Standing
from tiktok_oauth.config import Options, load_config
from tiktok_oauth.engine.core import Core, Credentials
from tiktok_oauth.errors import InvalidTokenError, StoreError, TikTokAPIError, store_error
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.protocol.token import make_app
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.refresh.ladder import lifetimes
from tiktok_oauth.vault.sealing.cipher import Binding
from tiktok_oauth.vault.stores.rows import DueClaim

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.clockwork import Moment
    from tests.simulation.world import Worker, World
    from tiktok_oauth.events import Event
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import Grant, Ref

_CONFIG = load_config(Options(client_key=CLIENT_KEY, client_secret=Secret("s" * 32)), {})
_APP = make_app(_CONFIG.base_url, CLIENT_KEY, Secret("s" * 32), "sim")


class _Sender:
    """A transport nobody uses: requests go through the hands."""

    closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Never called."""
        raise NotImplementedError


class _Clock:
    """A worker's clocks."""

    def __init__(self, world: World, worker: Worker) -> None:
        self._world = world
        self._worker = worker

    def now(self) -> float:
        """Unix seconds, as the host believes."""
        return self._world.wall(self._worker.host)

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return self._world.loop.now

    async def pause(self, seconds: float) -> None:
        """Let time pass."""
        await sleep(seconds)


class _Dice:
    """The world's dice."""

    def __init__(self, world: World) -> None:
        self._rng = world.rng

    def token_hex(self, count: int) -> str:
        """Random bytes in hex."""
        return f"{self._rng.getrandbits(8 * count):0{2 * count}x}"

    def token_urlsafe(self, count: int) -> str:
        """Random bytes as text."""
        return self.token_hex(count)

    def roll(self) -> float:
        """A number in [0, 1)."""
        return self._rng.random()


def _unheard(event: Event) -> None:
    """Nobody listens to events here."""


class Vault:
    """The design under test.

    Args:
        world: where it lives.
        patience: as in ``Desk``; 0 ignores all leases.
        habits: bad ones.
    """

    def __init__(
        self, world: World, patience: float = PATIENCE, habits: Habits | None = None
    ) -> None:
        self._habits = habits or Habits()
        world.reuses_boots = self._habits.reuses_boots
        world.counts_consents = self._habits.counts_consents
        self._world = world
        self._watch = Watch(world)
        self._patience = patience
        self._desks: dict[str, Desk] = {}

    def start(self, worker: Worker) -> None:
        """Begin a worker's life: its boot, its journal, and what the dead have left."""
        world = self._world
        hands = SimHands(world, worker, self._watch, self._habits)
        clock = _Clock(world, worker)
        core = Core(
            _CONFIG, _APP, _Sender(), clock, _Dice(world), _unheard, Credentials(_CONFIG, clock)
        )
        barrier = world.stories.barrier.Barrier(world.store.timeline())
        hands.desk = self._desks[worker.boot] = world.stories.ports.Desk(
            core, hands, world.cipher, worker.boot, clock.now, barrier, self._patience
        )
        worker.host.journals.setdefault(worker.boot, Journal()).writer = worker
        worker.spawn(self._live(worker, hands))

    async def _live(self, worker: Worker, hands: SimHands) -> None:
        await self._insist(worker, hands.begin_boot)
        await self._insist(worker, hands.bury)
        worker.ready = True
        if not self._habits.never_beats:
            worker.spawn(self._beat(worker))
        if worker.slot == FLEET:
            worker.spawn(self._serve(worker, hands))

    async def _beat(self, worker: Worker) -> None:
        """Give signs of life, notice a failover, and bury the dead."""
        desk = self._desks[worker.boot]
        wait = self._world.profile.beat
        while worker.loop.now < LENGTH:
            await sleep(wait * self._world.between(0.5, 1.0))
            wait = 10.0
            try:
                await desk.hands.catch_up(desk.barrier.timeline)
                await desk.hands.bury()
                await desk.barrier.caught_up(desk)
            except StoreError:
                continue
            wait = self._world.profile.beat

    async def _insist(self, worker: Worker, work: object) -> None:
        while True:
            try:
                await work()  # type: ignore[operator]  # one of any kind
            except StoreError:
                await sleep(self._world.between(0.5, 5.0))
            else:
                return

    async def _serve(self, worker: Worker, hands: SimHands) -> None:
        """Refresh what is due, as the fleet does."""
        world, desk = self._world, self._desks[worker.boot]
        warm = world.provider.lifetimes.access >= 3600
        while worker.loop.now < LENGTH:
            await sleep(world.between(20.0, 600.0))
            now = desk.now()
            due = DueClaim(
                warm,
                (CLIENT_KEY,),
                8,
                desk.core.dice.token_hex(8),
                worker.boot,
                now,
                self._patience,
            )
            try:
                if not await desk.barrier.caught_up(desk):
                    continue
                grants = await hands.claim_due(due)
            except StoreError:
                continue
            for grant in grants:
                self._join(worker, grant.ref, partial(world.stories.renew.refresh, desk, grant))

    def fly(self, worker: Worker, ref: Ref, *, force: bool) -> Moment[Grant]:
        """Have an account's tokens refreshed."""
        flight = worker.flights.get(ref)
        if flight is not None:
            return flight
        return self._join(worker, ref, partial(self._renew, worker, ref, force=force))

    async def _renew(self, worker: Worker, ref: Ref, *, force: bool) -> Grant:
        desk, turns = self._desks[worker.boot], self._world.stories.turns
        row: Grant = turns.usable(await desk.hands.get(ref))
        if not force and refresh_decision(lifetimes(row), desk.now()) == "fresh":
            return row
        renewed: Grant = await turns.renew(desk, ref, row)
        return renewed

    def _join(
        self, worker: Worker, ref: Ref, work: Callable[[], Awaitable[Grant]]
    ) -> Moment[Grant]:
        worker.outrun.pop(ref, None)
        flight = worker.flights[ref] = worker.spawn(self._fly(worker, ref, work))
        return flight

    async def _fly(self, worker: Worker, ref: Ref, work: Callable[[], Awaitable[Grant]]) -> Grant:
        world = self._world
        try:
            grant = await work()
        except TikTokAPIError as error:
            world.note("landed", worker.name, ref.open_id, type(error).__name__, error.retry_after)
            worker.flights.pop(ref, None)
            if not isinstance(error, StoreError):
                self._watch.told_failed(worker, ref)
            if isinstance(error, InvalidTokenError) and worker.history == world.store.timeline():
                self._watch.told_gone(ref)
            raise
        self._watch.returned(grant)
        world.note("landed", worker.name, ref.open_id, grant.gen, grant.ver)
        worker.flights.pop(ref, None)
        return grant

    def leave(self, worker: Worker, flight: Moment[Grant]) -> None:
        """A caller goes away; its refresh goes on without it."""
        if self._habits.cancels_flights:
            for ref, flying in tuple(worker.flights.items()):
                if flying is flight:
                    del worker.flights[ref]
            flight.fail(store_error("Cancelled."))

    def standing(self, ref: Ref) -> Standing | None:
        """What an account has come to; None when its person has left."""
        row = self._world.store.get(ref)
        if row is None or row.status == "disconnected":
            return None
        found = self._world.token_of(row.fingerprint)
        assert found is not None
        return Standing(row.status, row.reason, found[1])

    def holds(self, world: World, ref: Ref) -> set[str]:
        """All refresh tokens of an account that are in the store or in journals."""
        row = world.store.get(ref)
        found: set[str] = set()
        if row is not None and row.refresh is not None:
            binding = Binding("refresh", *ref, row.gen, row.ver)
            found.add(world.cipher.open_secret(row.refresh, binding).reveal())
            if row.parent is not None:
                binding = Binding("refresh", *ref, row.gen, row.ver - 1)
                found.add(world.cipher.open_secret(row.parent, binding).reveal())
        for candidate in world.store.candidates(ref):
            binding = Binding("candidate", *ref, candidate.gen, candidate.ver)
            found.add(world.cipher.open_secret(candidate.sealed, binding).reveal())
        for host in world.hosts:
            for journal in host.journals.values():
                for payload in world.stories.answers.split(journal.durable):
                    answer = world.stories.answers.decode(payload, world.cipher)
                    salvaged = world.stories.answers.salvage(answer.response)
                    if answer.ref == ref and salvaged is not None:
                        found.add(salvaged.reveal())
        return found
