"""A whole run: who asks when, what goes wrong when, and what has become of everybody."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from tests.simulation.clockwork import sleep
from tests.simulation.provider import UNAVOIDABLE
from tests.simulation.stories import real
from tests.simulation.vaults import Vault
from tests.simulation.world import FAULTS_END, FLEET, HOUR, LENGTH, NOW, BrokenError, World
from tiktok_oauth.errors import InvalidTokenError, TikTokAPIError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.stores.rows import Event, has_newer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.faults import Profile
    from tests.simulation.provider import Token
    from tests.simulation.stories import Stories
    from tests.simulation.world import Design, Note, Worker
    from tiktok_oauth.vault.stores.rows import Ref

Verdict = Literal[
    "kept", "unavoidable", "avoidable", "stranded", "silent", "misled", "blocked", "left"
]
"""What has become of an account:

- kept: it can be refreshed;
- unavoidable: it is lost, since nobody ever got the answer with its newest token;
- avoidable: it is lost although somebody did;
- stranded: it cannot be refreshed although its token is held and alive;
- silent: it is lost for good reason, but the row does not say so;
- misled: it is given up because TikTok has refused its good token three times;
- blocked: TikTok answered with another person's tokens, and an operator has to look;
- left: the person has disconnected.
"""

_BAD: tuple[Verdict, ...] = ("avoidable", "stranded", "silent")
_VERDICT = 3
_SETTLING = 80 * HOUR


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        broken: the invariant that did not hold, if any.
        verdicts: how many accounts ended how.
        details: why, for those that did not end well.
        notes: all that happened, in order.
    """

    seed: str
    mode: str
    broken: str | None = None
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Note] = field(default_factory=list)

    @property
    def is_bad(self) -> bool:
        """Whether something happened that must not."""
        return self.broken is not None or any(self.verdicts[kind] for kind in _BAD)

    @property
    def why(self) -> str:
        """What it was."""
        bad = [line for line in self.details if any(f" {kind}: " in line for kind in _BAD)]
        return self.broken or "; ".join(bad)

    @property
    def trace(self) -> list[str]:
        """What happened, line by line."""
        return [f"{when:.6f} {what} {' '.join(map(str, more))}" for when, what, more in self.notes]

    @property
    def digest(self) -> str:
        """What tells this run from every other."""
        return hashlib.blake2b("\n".join(self.trace).encode(), digest_size=16).hexdigest()


class Play:
    """One run of one design in one world."""

    def __init__(
        self,
        world: World,
        seed: str,
        design: Callable[[World], Design] = Vault,
    ) -> None:
        self.world = world
        self.world.design = self.design = design(world)
        self._outcome = Outcome(seed, world.mode)
        self._ended: dict[Ref, str] = {}

    def run(self) -> Outcome:
        """Let it happen."""
        world, outcome = self.world, self._outcome
        try:
            self._prepare()
            world.loop.run(LENGTH + _SETTLING)
            for ref in world.refs:
                self._judge(ref)
        except BrokenError as error:
            outcome.broken = str(error)
        outcome.counts = world.counts
        outcome.notes = world.notes
        world.close()
        return outcome

    def _prepare(self) -> None:
        world = self.world
        for ref in world.refs:
            world.consent(ref)
        for host in world.hosts:
            for slot in (0, 1, FLEET):
                world.begin(host, slot)
        for ref in world.refs:
            for _ in range(world.rng.randint(4, 8)):
                self._ask_at(world.between(30.0, FAULTS_END), ref)
        self._disasters()
        world.loop.at(FAULTS_END, self._calm)
        world.loop.at(LENGTH, self._settle)

    def _ask_at(self, when: float, ref: Ref) -> None:
        """Some callers, at nearly the same time, in some workers."""
        world = self.world
        eager = world.rng.random() < world.profile.eager
        count = 4 if eager else world.rng.randint(1, 3)
        for name in world.rng.sample(("a0", "a1", "b0", "b1"), count):
            moment = when + world.between(0.0, 1.0)
            force = eager or world.rng.random() < 0.5
            self.world.loop.at(moment, partial(self._ask, name, ref, force))

    def _ask(self, name: str, ref: Ref, force: bool) -> None:
        worker = self.world.workers.get(name)
        if worker is not None and worker.alive and worker.ready:
            worker.spawn(self._call(worker, ref, force=force))

    async def _call(self, worker: Worker, ref: Ref, *, force: bool) -> None:
        """One caller: may leave before it is served; the refresh goes on without."""
        flight = self.design.fly(worker, ref, force=force)
        if self.world.chance(0.1):
            await sleep(self.world.between(0.0, 0.5))
            self.design.leave(worker, flight)
            return
        try:
            await flight
        except TikTokAPIError:
            return

    def _disasters(self) -> None:
        world = self.world
        often = world.profile.per_run

        def some(happen: Callable[[float], None], share: float = 1.0) -> None:
            if world.rng.random() < often * share:
                happen(world.between(60.0, FAULTS_END))

        some(self._store_goes_down)
        some(self._store_goes_down)
        some(self._tiktok_goes_down)
        some(self._fail_over)
        some(self._disk_fills)
        some(self._clock_jumps, 0.25)
        some(self._host_goes_away, 0.5)
        if isinstance(self.design, Vault):  # The others know nothing of it.
            for _ in range(world.profile.consents):
                some(self._consent)
            some(self._disconnect, 0.25)

    def _store_goes_down(self, when: float) -> None:
        world = self.world
        seconds = world.between(1.0, 400.0)

        def go() -> None:
            if world.may_delay(seconds):
                world.note("store down", f"{seconds:.1f}")
                world.store_down = True
                world.loop.at(world.loop.now + seconds, come)

        def come() -> None:
            world.store_down = False
            world.note("store up")

        world.loop.at(when, go)

    def _tiktok_goes_down(self, when: float) -> None:
        world = self.world
        self._for_a_while("tiktok_down", world, when, world.between(60.0, 2 * HOUR))

    def _disk_fills(self, when: float) -> None:
        host = self.world.rng.choice(self.world.hosts)
        self._for_a_while("full", host, when, self.world.between(60.0, HOUR))

    def _for_a_while(self, name: str, thing: object, when: float, seconds: float) -> None:
        loop, note = self.world.loop, self.world.note

        def switch(value: bool) -> None:
            note(name, value)
            setattr(thing, name, value)

        loop.at(when, lambda: switch(True))
        loop.at(min(when + seconds, FAULTS_END), lambda: switch(False))

    def _fail_over(self, when: float) -> None:
        self.world.loop.at(when, self.world.remember_to_forget)

    def _clock_jumps(self, when: float) -> None:
        world = self.world
        host = world.rng.choice(world.hosts)
        jump = world.rng.choice((-24.0, 24.0)) * HOUR * world.rng.random()

        def skew(by: float) -> None:
            world.counts["clock jumps"] += 1
            world.note("clock", host.name, f"{by:.1f}")
            host.skew = by

        world.loop.at(when, lambda: skew(jump))
        world.loop.at(min(when + world.between(60.0, HOUR), FAULTS_END), lambda: skew(0.0))

    def _host_goes_away(self, when: float) -> None:
        world = self.world
        host = world.rng.choice(world.hosts)
        seconds = world.between(10.0, 400.0)

        def go() -> None:
            if world.may_delay(seconds + 60.0):
                host.away = True
                for worker in tuple(world.workers.values()):
                    if worker.host is host:
                        world.crash(worker, "its host goes away")
                world.loop.at(world.loop.now + seconds, come)

        def come() -> None:
            host.away = False

        world.loop.at(when, go)

    def _consent(self, when: float) -> None:
        ref = self.world.rng.choice(self.world.refs)
        self.world.loop.at(when, lambda: self._consent_now(ref))

    def _consent_now(self, ref: Ref) -> None:
        """Somebody logs in again, perhaps in two tabs, whose answers may overtake each other."""
        world = self.world
        self._consent_at(world.loop.now, ref)
        if world.rng.random() < 0.5:
            self._consent_at(world.loop.now + world.between(0.1, 1.0), ref)
        self._ask_at(world.loop.now + world.between(0.0, 1.0), ref)

    def _consent_at(self, when: float, ref: Ref) -> None:
        world = self.world

        def go() -> None:
            token = world.consent(ref, write=False)
            world.note("consent", token.text)
            worker = world.workers["a0"]
            worker.spawn(self._write_consent(worker, ref, token, world.wall(worker.host)))

        world.loop.at(when, go)

    async def _write_consent(
        self, worker: Worker, ref: Ref, token: Token, granted_at: float
    ) -> None:
        world = self.world
        await sleep(world.between(0.1, 3.0))
        while not world.store_down and (row := world.store.get(ref)) is not None:
            now = world.wall(worker.host)
            is_older = has_newer(row, granted_at, now)
            if is_older and world.rng.random() < 0.5:
                return  # It could be seen, but the store must not need it.
            if world.profile.forget_consent and world.chance(world.profile.forget_consent):
                world.remember_to_forget()
            if world.store.consent(world.consent_of(ref, token, row.gen, granted_at, now)):
                world.check(not is_older, "I3 an older consent replaces it", token.text)
                world.committed.add(world.cipher.fingerprint(Secret(token.text)))
                return
            if is_older:
                return

    def _disconnect(self, when: float) -> None:
        world = self.world
        ref = world.rng.choice(world.refs)

        def go() -> None:
            row = world.store.get(ref)
            if row is not None and not world.store_down:
                world.note("disconnect", ref.open_id)
                event = Event(NOW, "disconnected")
                world.store.disconnect(ref, row.gen, event)

        world.loop.at(when, go)

    def _calm(self) -> None:
        """The faults are over: nothing more goes wrong."""
        world = self.world
        world.calm = True
        world.note("calm")
        world.store_down = world.tiktok_down = False
        for host in world.hosts:
            host.away = host.full = False
            host.skew = 0.0

    def _settle(self) -> None:
        for ref in self.world.refs:
            worker = self.world.workers["b1"]
            worker.spawn(self._until_settled(worker, ref))

    async def _until_settled(self, worker: Worker, ref: Ref) -> None:
        """Ask until the account works, or is given up."""
        while True:
            try:
                await self.design.fly(worker, ref, force=True)
            except InvalidTokenError:
                return self._end(ref, "gone")
            except TikTokAPIError as error:
                await sleep(min(max(error.retry_after or 0.0, 5.0), HOUR))
            else:
                return self._end(ref, "works")

    def _end(self, ref: Ref, how: str) -> None:
        self._ended[ref] = how
        if len(self._ended) == len(self.world.refs):
            self.world.loop.clear()

    def _judge(self, ref: Ref) -> None:
        verdict, why = self._verdict(ref)
        self._outcome.verdicts[verdict] += 1
        self.world.note("verdict", ref.open_id, verdict, why)
        if verdict not in {"kept", "left"}:
            self._outcome.details.append(f"{ref.open_id} {verdict}: {why}")

    def _verdict(self, ref: Ref) -> tuple[Verdict, str]:
        world = self.world
        standing = self.design.standing(ref)
        if standing is None:
            return "left", ""
        if standing.status == "blocked":
            return "blocked", ""
        family = world.provider.known[standing.token.text][0]
        newest = family.newest
        if self._ended.get(ref) == "works" and world.provider.is_live(standing.token, family):
            return "kept", ""
        held = self.design.holds(world, ref)
        live = [token for token in family.tokens if world.provider.is_live(token, family)]
        saved = [token for token in live if token.text in held]
        what = f"{standing.status} {standing.reason}, newest {newest.text} {newest.fate}"
        if saved:
            refused = max(token.mistakes for token in saved)
            return ("misled" if refused >= _VERDICT else "stranded"), what
        had = [token for token in live if token.fate not in UNAVOIDABLE]
        if any(world.cipher.fingerprint(Secret(token.text)) in world.committed for token in had):
            return "avoidable", f"{what}, a living token was thrown away"
        if newest.fate not in UNAVOIDABLE:
            return "avoidable", f"{what}, ended {family.ended}"
        # A failover may forget that a request was ever made.
        forgot = world.counts["failovers"] > 0 or newest.fate == "unwritten"
        told = standing.status == "needs_login"
        honest = told and (standing.reason == "lost_in_flight" or forgot)
        return ("unavoidable", what) if honest else ("silent", what)


def play(
    seed: str,
    profile: Profile,
    stories: Stories | None = None,
    *,
    design: Callable[[World], Design] = Vault,
) -> Outcome:
    """Run one seed."""
    world = World(seed, profile, stories or real())
    return Play(world, seed, design).run()
