"""One run: two hosts, each with two workers and a refresher, one store and TikTok: from a seed."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tests.simulation.clockwork import Loop, Moment, Process
from tests.simulation.provider import Family, Lifetimes, Provider, Token
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.stores.rows import Consent, Event, Grant, Ref, next_gen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.faults import Profile
    from tests.simulation.stories import Stories

HOUR = 3600.0
LENGTH = 6 * HOUR
FAULTS_END = 0.75 * LENGTH
NOW = 1_790_000_000.0
CLIENT_KEY = "sim"
_RING = KeyRing.parse("k1:" + "A" * 43 + "=")
PATIENCE = 900.0
FLEET = 2
"""The slot of a host's refresher: a boot of its own, whom no caller asks."""
_LIFETIMES = (7200, 7200, 7200, 86400, 3600, 600, 60, 20)


Note = tuple[float, str, tuple[object, ...]]
"""When something happened, and what."""


class BrokenError(AssertionError):
    """An invariant does not hold."""


@dataclass(eq=False)
class Host:
    """A machine: its disk with the journals of all boots, and how wrong its clock is."""

    name: str
    journals: dict[str, Journal] = field(default_factory=dict)
    skew: float = 0.0
    full: bool = False
    away: bool = False


@dataclass(eq=False)
class Journal:
    """One boot's journal: what is on disk, and what is not yet; and when its writer died."""

    durable: bytes = b""
    written: bytes = b""
    left_at: float = 0.0
    writer: Worker | None = None
    reader: Worker | None = None


class Worker(Process):
    """One start of one program that uses the vault.

    Attributes:
        boot: its id.
        flights: what it refreshes at the moment, by account.
        fresh: tokens whose answers have come and are not in the journal yet.
        claimed: attempts that were granted to it and may be sent.
        consents: the grants whose tokens they are for.
        outrun: versions it could not settle, since somebody else had taken over.
        history: the database's timeline as its newest connection found it.
        caught_up: the timeline it has brought its answers into.
        stands: boots of the dead whose answers it knows to be in the store.
    """

    def __init__(self, loop: Loop, host: Host, slot: int, boot: str) -> None:
        super().__init__(loop)
        self.host = host
        self.slot = slot
        self.boot = boot
        self.name = f"{host.name}{slot}"
        self.flights: dict[Ref, Moment[Grant]] = {}
        self.fresh: set[Token] = set()
        self.claimed: dict[str, str] = {}
        self.consents: dict[str, Family] = {}
        self.outrun: dict[Ref, tuple[int, int]] = {}
        self.history = ""
        self.caught_up = ""
        self.stands: set[str] = set()
        self.ready = False

    def stop(self, seconds: float) -> None:
        """Stop everything in it for a while."""
        self.stopped_until = max(self.stopped_until, self.loop.now + seconds)


class Design(Protocol):
    """A way to refresh tokens: the vault's, or one that is known to lose them."""

    def start(self, worker: Worker) -> None:
        """Begin a worker's life."""
        ...

    def fly(self, worker: Worker, ref: Ref, *, force: bool) -> Moment[Any]:
        """Have an account's tokens refreshed if they need it, or by force."""
        ...

    def leave(self, worker: Worker, flight: Moment[Any]) -> None:
        """A caller goes away before its flight has landed."""
        ...

    def standing(self, ref: Ref) -> Standing | None:
        """What an account has come to; None when its person has left."""
        ...

    def holds(self, world: World, ref: Ref) -> set[str]:
        """All refresh tokens of an account that are somewhere."""
        ...


class Standing(NamedTuple):
    """An account at the end of a run: what is said of it, and its current token."""

    status: str
    reason: str | None
    token: Token


class World:
    """Everything there is, and what happens in it.

    Args:
        seed: decides everything.
        profile: how hostile it is.
        stories: the vault's code.
    """

    def __init__(self, seed: str, profile: Profile, stories: Stories) -> None:
        self.rng = random.Random(seed)
        self._roll = self.rng.random
        self.loop = Loop()
        self.profile = profile
        self.stories = stories
        self.cipher: Cipher = _Cipher(_RING)
        self.mode = self.rng.choice(profile.modes)
        self.provider = Provider(
            self.mode,
            Lifetimes(self.rng.choice(_LIFETIMES), 180 * 86400),
            lambda: self.loop.now,
            old_access_dies=self.rng.random() < 0.3,
        )
        self.database = stories.database
        self.store = self.database.begin(lambda: self.loop.now)
        self.hosts = [Host("a"), Host("b")]
        self.workers: dict[str, Worker] = {}
        self.everybody: list[Worker] = []
        self.refs = [Ref(CLIENT_KEY, f"person{number}") for number in range(3)]
        self.tokens: dict[bytes, tuple[Family, Token]] = {}
        self.committed: set[bytes] = set()
        self.boots_seen: set[str] = set()
        self.buried: set[str] = set()
        self.open_posts: list[tuple[Family, Worker]] = []
        self.sends: dict[str, list[float]] = {}
        self.counts: Counter[str] = Counter()
        self.store_down = False
        self.tiktok_down = False
        self.calm = False
        self.reuses_boots = False
        self.counts_consents = False
        self.notes: list[Note] = []
        self.design: Design

    # What everybody may ask

    def chance(self, probability: float) -> bool:
        """Whether something happens; nothing bad does in the last quarter of a run."""
        return not self.calm and self._roll() < probability

    def between(self, low: float, high: float) -> float:
        """A number in between."""
        return low + (high - low) * self._roll()

    def wall(self, host: Host) -> float:
        """A host's clock."""
        return NOW + self.loop.now + host.skew

    def note(self, what: str, *details: object) -> None:
        """Keep a line of the trace. It is put into words only for somebody who reads it."""
        self.notes.append((self.loop.now, what, details))

    def close(self) -> None:
        """Let go of everything."""
        for worker in self.everybody:
            worker.bury()
        self.loop.clear()

    def check(self, holds: bool, rule: str, *details: object) -> None:
        """Make sure of an invariant.

        Raises:
            BrokenError: it does not hold.
        """
        if not holds:
            self.note("BROKEN", rule, *details)
            raise BrokenError(f"{rule}: {' '.join(map(str, details))}")

    def token_of(self, fingerprint: bytes | None) -> tuple[Family, Token] | None:
        """The refresh token a fingerprint stands for."""
        return None if fingerprint is None else self.tokens.get(fingerprint)

    def learn(self, family: Family, token: Token) -> None:
        """Remember a new token's fingerprint."""
        self.tokens[self.cipher.fingerprint(Secret(token.text))] = (family, token)

    def may_delay(self, seconds: float) -> bool:
        """Whether every open claim would still end within the takeover bound."""
        if not self.profile.bounded:
            return True
        rows = self.database.read("SELECT MIN(claimed_at) FROM claims", {})
        first = rows[0][0]
        age = 0.0 if first is None else self.loop.now - float(first)
        return age + seconds + 300.0 < PATIENCE

    # Accidents

    def crash(self, worker: Worker, why: str) -> None:
        """Kill a worker; it starts again some time later, unless its host is away."""
        if not worker.alive:
            return
        self.note("crash", worker.name, why)
        self.counts["crashes"] += 1
        worker.crash()
        for token in worker.fresh:
            token.fate = "excused"
        journal = worker.host.journals.get(worker.boot)
        if journal is not None:
            self._leave(journal)
        delay = self.between(1.0, 60.0)
        self.loop.at(self.loop.now + delay, lambda: self.begin(worker.host, worker.slot))

    def _leave(self, journal: Journal) -> None:
        """What a process that dies leaves on its disk: the page cache outlives it, mostly."""
        journal.writer, journal.left_at = None, self.loop.now
        kept = self.rng.choice((0, len(journal.written) // 2, len(journal.written)))
        journal.durable += journal.written[:kept]
        journal.written = b""

    def begin(self, host: Host, slot: int) -> None:
        """Start a worker."""
        if host.away:
            self.loop.at(self.loop.now + 5.0, lambda: self.begin(host, slot))
            return
        worker = Worker(self.loop, host, slot, self.new_boot(host, slot))
        self.workers[worker.name] = worker
        self.everybody.append(worker)
        self.note("begin", worker.name, worker.boot)
        self.design.start(worker)

    def new_boot(self, host: Host, slot: int) -> str:
        """A name for a start of a worker."""
        boot = f"{host.name}{slot}-{self.rng.getrandbits(32):08x}"
        if self.reuses_boots:
            return f"{host.name}{slot}"
        self.check(boot not in self.boots_seen, "I15 two starts share a boot id", boot)
        self.boots_seen.add(boot)
        return boot

    def fail_over(self, lost: Callable[[], None]) -> None:
        """The database goes on from an older state."""
        self.note("failover")
        self.counts["failovers"] += 1
        lost()

    def remember_to_forget(self) -> None:
        """Fail over to the state of right now, soon."""
        then = self.database.snapshot()
        self.loop.at(
            self.loop.now + self.between(0.0, 2.0),
            lambda: None if self.calm else self.fail_over(lambda: self.database.restore(then)),
        )

    # People

    def consent(self, ref: Ref, *, write: bool = True) -> Token:
        """A person logs in; with ``write`` the tokens are in the store at once."""
        token = self.provider.consent(ref.open_id)
        self.learn(self.provider.families[ref.open_id], token)
        if write:
            self.store.consent(self.consent_of(ref, token, 0, NOW + self.loop.now))
            self.committed.add(self.cipher.fingerprint(Secret(token.text)))
        return token

    def consent_of(
        self, ref: Ref, token: Token, after: int, granted_at: float, now: float = math.inf
    ) -> Consent:
        """A consent's tokens, as they are written."""
        gen = after + 1 if self.counts_consents else next_gen(after, granted_at)
        answer = _Tokens(token, ref.open_id, self.provider.lifetimes)
        sealed = self.stories.place.seal_tokens(
            self.cipher, ref, answer, gen=gen, ver=1, at=granted_at, roll=self.rng.random()
        )
        event = Event(granted_at, "connected")
        return Consent(ref, gen, None, granted_at, sealed, event, after, now)


class _Cipher(Cipher):
    """Seals and opens for real, the same value once: everybody has the same keys."""

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring)
        self._opened: dict[tuple[bytes, Binding], bytes] = {}

    def open(self, blob: bytes, binding: Binding) -> bytes:
        """As the vault's own."""
        what = blob, binding
        if what not in self._opened:
            self._opened[what] = super().open(blob, binding)
        return self._opened[what]


class _Tokens:
    """A code exchange's answer, as far as it is looked at."""

    def __init__(self, token: Token, open_id: str, lifetimes: Lifetimes) -> None:
        self.access_token = token.access
        self.refresh_token = token.text
        self.expires_in = lifetimes.access
        self.refresh_expires_in = lifetimes.refresh
        self.open_id = open_id
        self.scope = "user.info.basic"
