"""One side of the story: a sandbox, the processes that work against it, and what they noted."""

from __future__ import annotations

import os
import random
import time
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.chaos.marks import Marks, Sends
from tests.chaos.processes import Process, spawn
from tests.story.plan import AFTER, OUTAGE, REFRESHERS, WORKERS, drops, ordinary
from tests.story.seen import Seen

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from tests.chaos.arena import Arena
    from tests.story.plan import Deed, Plan, Role

NOTES = ("served", "later", "login", "wrong")
"""What may come of a worker's call."""


class Tally:
    """Counts what came of calls: a byte each in a file, which no kill undoes."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str) -> None:
        """Count one more."""
        os.write(self._file, bytes([NOTES.index(what)]))

    def counts(self) -> Counter[str]:
        """How many of each there were."""
        noted = os.pread(self._file, os.fstat(self._file).st_size, 0)
        return Counter(NOTES[number] for number in noted)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a side's program works with.

    Attributes:
        arena: its sandbox and its store.
        rate: how fast the sandbox's clock runs.
    """

    arena: Arena
    rate: float

    def tally(self) -> Tally:
        """Where its workers count their calls."""
        return Tally(self.arena.folder / "calls")


class Program(Protocol):
    """How a side's processes work."""

    name: str

    def connect(self, count: int) -> None:
        """Let so many people connect."""
        ...

    def refresh(self, number: int, over: threading.Event, marks: Marks) -> None:
        """Refresh what is due until it is over."""
        ...

    def work(self, seed: int, over: threading.Event, marks: Marks) -> None:
        """Use random accounts until it is over."""
        ...


@dataclass(frozen=True, slots=True)
class Kill:
    """A process that was killed.

    Attributes:
        role: what it was.
        pid: which.
        at: right before it was killed (monotonic).
        open_posts: how many of its refreshes were open.
    """

    role: Role
    pid: int
    at: float
    open_posts: int


class Side:
    """One side, from its first connection to its last refresh.

    Attributes:
        kills: in order.
        sends: every refresh, as its sender noted it.
        ledger: the same as TikTok saw them.
        calm_at: when faults and workers ended, by TikTok's clock.
        refreshes: how many rotations there were until then.
    """

    def __init__(self, plan: Plan, desk: Desk, program: Program) -> None:
        self._plan = plan
        self.desk = desk
        self.program = program
        self._dice = random.Random(plan.seed)
        self._marks = desk.arena.folder / "marks"
        self._running: dict[tuple[Role, int], Process] = {}
        self.kills: list[Kill] = []
        self.sends = Sends(self._marks)
        program.connect(plan.accounts)
        self.ledger = Seen(desk.arena)
        self.calm_at, self.refreshes = float("inf"), 0
        self._drops = drops(plan)
        self._ordered = 0

    def start(self) -> None:
        """Let the clock run fast, and start everybody."""
        self.desk.arena.control("clock", {"rate": self._plan.rate})
        self._faults(ordinary(self._plan, self._plan.seed))
        for number in range(REFRESHERS):
            self._start("refresher", number)
        for number in range(WORKERS):
            self._start("worker", number)

    def play(self, deed: Deed) -> None:
        """Let something happen."""
        if deed.what == "outage":
            self._faults({"fault": OUTAGE})
        elif deed.what == "recovery":
            self._faults(ordinary(self._plan, self._plan.seed + 1))
        else:
            self._kill(deed.what, deed.number)

    def look(self) -> None:
        """Take in what happened since, and drop an answer whenever it is time for one."""
        self.read()
        due = bisect(self._drops, self.ledger.refreshes) + self.ledger.missed
        while self._ordered < due:
            self._ordered += 1
            self._order({"fault": AFTER, "endpoint": "refresh", "count": 1})

    def calm_down(self) -> None:
        """Let nothing go wrong any more, and stop the workers."""
        self._faults()
        self._stop("worker")
        self.calm_at, self.refreshes = self.desk.arena.now(), self.ledger.refreshes

    def stop(self) -> None:
        """Let everybody end by themselves, and take in what they noted."""
        self._stop("worker")
        self._stop("refresher")
        self.read()

    def read(self) -> None:
        """Take in what happened since."""
        self.sends.read()
        self.ledger.read()

    def give_up(self) -> None:
        """Kill whoever still runs."""
        while self._running:
            self._running.popitem()[1].kill()

    def __str__(self) -> str:
        calls = self.desk.tally().counts()
        return (
            f"{self.program.name} {self.ledger.refreshes:,} refreshes, {calls['served']:,} calls, "
            f"{len(self.kills)} kills"
        )

    @property
    def died(self) -> dict[int, float]:
        """When processes were killed."""
        return {kill.pid: kill.at for kill in self.kills}

    def _start(self, role: Role, number: int) -> None:
        seed = self._dice.getrandbits(32)

        def be(over: threading.Event) -> None:
            work = self.program.refresh if role == "refresher" else self.program.work
            work(seed, over, Marks(self._marks))

        self._running[role, number] = spawn(be)

    def _kill(self, role: Role, number: int) -> None:
        process, at = self._running[role, number], time.monotonic()
        process.kill()
        self.sends.read()
        self.kills.append(Kill(role, process.pid, at, len(self.sends.open_in(process.pid))))
        self._start(role, number)

    def _stop(self, role: Role) -> None:
        theirs = [key for key in self._running if key[0] == role]
        for key in theirs:
            self._running[key].ask_to_stop()
        for key in theirs:
            self._running.pop(key).wait()

    def _faults(self, *rules: dict[str, object]) -> None:
        """Let nothing but this go wrong. A drop that was ordered and not made is ordered again."""
        self.desk.arena.control("faults", method="DELETE")
        self.read()
        self._ordered = self.ledger.drops[AFTER] + self.ledger.missed
        for rule in rules:
            self._order(rule)

    def _order(self, rule: dict[str, object]) -> None:
        self.desk.arena.control("faults", rule)
