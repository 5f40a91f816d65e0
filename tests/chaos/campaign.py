"""kill -9, again and again: then the store is compared with what TikTok knows."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.chaos.ledger import Ledger
from tests.chaos.losses import Evidence
from tests.chaos.marks import Sends, duplicates
from tests.chaos.processes import spawn
from tests.chaos.stock import take_stock
from tests.chaos.victims import Post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.chaos.arena import Arena
    from tests.chaos.losses import Why
    from tests.chaos.marks import Send
    from tests.chaos.misfortunes import Misfortune, Trouble
    from tests.chaos.processes import Process
    from tests.chaos.victims import Role

OPEN_FOR = 0.06
"""Seconds that TikTok takes to answer a refresh."""
_RATES: Mapping[Role, float] = {"vault": 60.0, "worker": 5000.0, "refresher": 5000.0}
"""How fast TikTok's clock runs: so that doubts are soon over, or something is always due."""
_DROPPED = 0.05
_VICTIMS: Mapping[Role, int] = {"vault": 3, "worker": 3, "refresher": 2}
_SOON = 60.0
_IN_TROUBLE = 0.3
_GLANCE = 0.002
_TROUBLE_EVERY = 10


@dataclass(frozen=True, slots=True)
class Orders:
    """What a campaign is to do.

    Attributes:
        kills: how many processes to kill.
        seed: of what is left to chance.
        role: who is killed.
        misfortunes: what else goes wrong.
        trouble: what of it begins and ends meanwhile.
        tell: is called after each kill, with how many there were.
    """

    kills: int
    seed: int
    role: Role = "vault"
    misfortunes: frozenset[Misfortune] = frozenset()
    trouble: Trouble | None = None
    tell: Callable[[int], None] = lambda _kills: None


@dataclass(slots=True)
class Result:
    """What a campaign came to.

    Attributes:
        accounts: how many there are.
        kills: processes killed.
        open_posts: kills while a request was open.
        in_hand: kills after an answer's bytes had come and before the next request.
        refreshes: rotations TikTok made.
        duplicates: requests with a token that was in use, or known to be replaced.
        lost: open_id -> why.
        confessed: lost accounts that say so themselves in the end.
        silent: accounts whose status is not the truth.
    """

    accounts: int
    kills: int = 0
    open_posts: int = 0
    in_hand: int = 0
    refreshes: int = 0
    duplicates: int = 0
    lost: Mapping[str, Why] = field(default_factory=dict)
    confessed: int = 0
    silent: Sequence[str] = ()

    @property
    def is_flawless(self) -> bool:
        """Whether nothing was lost but what could not be kept, and no loss is silent."""
        return "?" not in self.lost.values() and not self.silent and not self.duplicates

    def __str__(self) -> str:
        why, kills = Counter(self.lost.values()), max(1, self.kills)
        return (
            f"{self.kills} kills, {self.open_posts} ({self.open_posts / kills:.0%}) while a "
            f"request was open, {self.in_hand} with the answer in hand; {self.refreshes} "
            f"refreshes of {self.accounts} accounts, {self.duplicates} duplicates; "
            f"{len(self.lost)} lost: {why['dropped']} whose answer was dropped, {why['unread']} "
            f"killed between TikTok's rotation and the first byte, {why['unsaved']} between the "
            f"first byte and the journal ({why['unsaved'] / kills:.2%} of kills), {why['?']} for "
            f"no good reason; {self.confessed} of {len(self.lost)} say lost_in_flight, "
            f"{len(self.silent)} accounts say what is not so"
        )


def run(arena: Arena, open_ids: Sequence[str], orders: Orders) -> Result:
    """Kill processes in the middle of their work, then take stock."""
    campaign = _Campaign(arena, open_ids, orders)
    try:
        campaign.fight()
    finally:
        campaign.stop()
    return campaign.result()


class _Campaign:
    """One campaign, under way."""

    def __init__(self, arena: Arena, open_ids: Sequence[str], orders: Orders) -> None:
        # Not on the disk that may be full: there is room for the truth.
        marks = arena.folder.parent / "marks"
        self._orders = orders
        self._dice = random.Random(orders.seed)
        self._post = Post(arena, open_ids, marks, "jumps" in orders.misfortunes)
        self._sends = Sends(marks)
        self._ledger = Ledger(arena)
        self._died: dict[int, float] = {}
        self._result = Result(len(open_ids))
        if "drops" in orders.misfortunes:
            self._fault(fault="drop_after", probability=_DROPPED, seed=orders.seed)
        self._fault(fault="slow", seconds=OPEN_FOR)
        self._in_trouble = False
        self._bystanders: list[Process] = []
        if orders.role == "worker":
            self._bystanders.append(self._spawn("refresher"))
        arena.control("clock", {"rate": _RATES[orders.role]})
        # They walk through the accounts well behind each other: what a dead one has claimed is left
        # alone for some seconds, and waiting is no work.
        count = _VICTIMS[orders.role]
        self._places = [number * len(open_ids) // count for number in range(count)]
        self._victims = [self._spawn(orders.role, place) for place in self._places]

    def fight(self) -> None:
        """Kill as many as were ordered."""
        trouble = self._orders.trouble
        while self._result.kills < self._orders.kills:
            phase = self._result.kills % _TROUBLE_EVERY
            if trouble and phase == _TROUBLE_EVERY // 2:
                trouble.begin()
                self._in_trouble = True
            number = self._dice.randrange(len(self._victims))
            self._wait_for_work(self._victims[number])
            time.sleep(self._dice.random() * 1.2 * OPEN_FOR)
            self._kill(number)
            self._orders.tell(self._result.kills)
            if trouble and phase == _TROUBLE_EVERY // 2 + 2:
                trouble.end()
                self._in_trouble = False

    def stop(self) -> None:
        """Let everybody end by themselves."""
        if self._orders.trouble:
            self._orders.trouble.end()
        # Workers first: what they wait for is the refresher's to do.
        for processes in (self._victims, self._bystanders):
            for process in processes:
                process.ask_to_stop()
            for process in processes:
                process.wait()

    def result(self) -> Result:
        """What it came to."""
        self._sends.read()
        self._ledger.read()
        result = self._result
        result.refreshes = self._ledger.refreshes
        result.duplicates = duplicates(self._sends.all, self._died)
        evidence = Evidence(self._sends, self._died, self._ledger.issues)
        stock = take_stock(self._post.arena, evidence)
        result.lost, result.confessed, result.silent = stock
        return result

    def _spawn(self, role: Role, first: int = 0) -> Process:
        return spawn(partial(self._post.work, role, first))

    def _wait_for_work(self, victim: Process) -> None:
        """Wait until some more requests have begun from now on, of the victim's own or for it."""
        wanted, began = self._dice.randrange(1, 4), time.monotonic()
        seen = len(self._sends.all)
        while wanted > 0:
            time.sleep(_GLANCE)
            self._sends.read()
            wanted -= sum(map(self._is_for(victim), self._sends.all[seen:]))
            seen = len(self._sends.all)
            waited = time.monotonic() - began
            if self._in_trouble and waited > _IN_TROUBLE:
                return
            if waited > _SOON:
                message = "A process does no work."
                raise RuntimeError(message)

    def _kill(self, number: int) -> None:
        victim = self._victims[number]
        at = time.monotonic()
        victim.kill()
        self._died[victim.pid] = at
        self._sends.read()
        self._ledger.read()
        theirs = [send for send in self._sends.all[-1000:] if self._is_for(victim)(send)]
        self._places[number] += len(theirs) + 1
        self._victims[number] = self._spawn(self._orders.role, self._places[number])
        is_open = any(send.ended is None or send.ended > at for send in theirs)
        self._result.kills += 1
        self._result.open_posts += is_open
        self._result.in_hand += not is_open and bool(theirs)

    def _is_for(self, victim: Process) -> Callable[[Send], bool]:
        if self._orders.role == "worker":
            return lambda _send: True
        return lambda send: send.pid == victim.pid

    def _fault(self, **rule: object) -> None:
        self._post.arena.control("faults", {"endpoint": "refresh", **rule})
