"""Many runs: counted, spread over processes, and kept so that they need not be run again."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import tiktok_oauth
from tests.simulation.baselines import BASELINES
from tests.simulation.faults import PROFILES
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play
from tests.simulation.stories import changed, real
from tests.simulation.vaults import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.simulation.mutants import Mutant
    from tests.simulation.play import Outcome
    from tests.simulation.stories import Stories
    from tests.simulation.world import Design, World

_CHUNK = 100
_BAD_KEPT = 50


class Job(NamedTuple):
    """Some seeds of one profile.

    Attributes:
        design: the vault when empty, else a baseline's name.
    """

    profile: str
    first: int
    last: int
    design: str = ""


class Tally(msgspec.Struct):
    """What came of many runs.

    Attributes:
        runs: how many there were.
        accounts: verdicts by mode.
        counts: requests, rotations, crashes, failovers and so on, by mode.
        bad: what must not happen, one line each with its seed.
    """

    runs: int = 0
    accounts: dict[str, Counter[str]] = msgspec.field(default_factory=dict)
    counts: dict[str, Counter[str]] = msgspec.field(default_factory=dict)
    bad: list[str] = msgspec.field(default_factory=list)

    def take(self, outcome: Outcome) -> None:
        """Count one run."""
        self.runs += 1
        self.accounts.setdefault(outcome.mode, Counter()).update(outcome.verdicts)
        self.counts.setdefault(outcome.mode, Counter()).update(outcome.counts)
        if outcome.is_bad:
            self.bad.append(f"seed {outcome.seed} {outcome.mode}: {outcome.why}")

    def add(self, other: Tally) -> None:
        """Count what others have counted."""
        self.runs += other.runs
        for mine, theirs in ((self.accounts, other.accounts), (self.counts, other.counts)):
            for mode, figures in theirs.items():
                mine.setdefault(mode, Counter()).update(figures)
        self.bad.extend(other.bad)

    def lines(self) -> Iterator[str]:
        """The figures, each with what it is out of."""
        yield f"{self.runs} runs"
        for mode in sorted(self.accounts):
            verdicts, counts = self.accounts[mode], self.counts[mode]
            every = sum(verdicts.values())
            rotations = max(1, counts["rotations"])
            lost = ", ".join(
                f"{verdicts[kind]} {kind}"
                for kind in ("avoidable", "stranded", "silent", "unavoidable", "misled", "blocked")
            )
            yield (
                f"  {mode:13} of {every} accounts: {lost}; {counts['rotations']} rotations, "
                f"{counts['requests']} requests, {counts['crashes']} crashes, "
                f"{counts['failovers']} failovers; unavoidable per 10,000 rotations: "
                f"{10_000 * verdicts['unavoidable'] / rotations:.0f}"
            )
        for line in self.bad[:_BAD_KEPT]:
            yield f"  BAD {line}"


def do(job: Job) -> Tally:
    """Run a job."""
    tally = Tally()
    design: Callable[[World], Design] = BASELINES[job.design] if job.design else Vault
    for seed in range(job.first, job.last):
        tally.take(play(str(seed), PROFILES[job.profile], design=design))
    return tally


def campaign(whole: Job, *, jobs: int = 1, kept: Path | None = None) -> Tally:
    """Run many seeds.

    Args:
        whole: which.
        jobs: processes to use.
        kept: a directory for what was counted; what is there of the same code is not run again.
    """
    parts = [
        whole._replace(first=first, last=min(first + _CHUNK, whole.last))
        for first in range(whole.first, whole.last, _CHUNK)
    ]
    total = Tally()
    todo = []
    for part in parts:
        found = None if kept is None else _load(kept, part)
        if found is None:
            todo.append(part)
        else:
            total.add(found)
    for part, tally in zip(todo, _each(todo, jobs), strict=True):
        if kept is not None:
            _save(kept, part, tally)
        total.add(tally)
    return total


def _each(parts: list[Job], jobs: int) -> Iterable[Tally]:
    if jobs == 1:
        yield from map(do, parts)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(do, parts)


@cache
def code() -> str:
    """What tells a state of the vault and of this simulation from every other."""
    homes = (Path(tiktok_oauth.__file__).parent, Path(__file__).parent)
    texts = [path.read_bytes() for home in homes for path in sorted(home.rglob("*.py"))]
    return blake2b(b"".join(texts), digest_size=4).hexdigest()


def _path(kept: Path, part: Job) -> Path:
    seeds = f"{part.first}-{part.last}"
    return kept / f"{part.design or 'vault'}-{part.profile}-{seeds}-{code()}.json"


def _load(kept: Path, part: Job) -> Tally | None:
    path = _path(kept, part)
    if not path.exists():
        return None
    return msgspec.json.decode(path.read_bytes(), type=Tally, dec_hook=_counter)


def _counter(_kind: object, figures: dict[str, int]) -> Counter[str]:
    return Counter(figures)


def _save(kept: Path, part: Job, tally: Tally) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    _path(kept, part).write_text(json.dumps(msgspec.to_builtins(tally)), encoding="utf-8")


class Catch(NamedTuple):
    """The first run in which a mutant does harm."""

    profile: str
    seed: int
    why: str


def version(mutant: Mutant) -> tuple[Stories, Callable[[World], Design]]:
    """A mutant's code, and how it is used."""
    stories = changed(mutant.name, mutant.edits) if mutant.edits else real()
    return stories, partial(Vault, habits=mutant.habits)


def catch(mutant: Mutant, seeds: int) -> Catch | None:
    """Look for a run in which a mutant does harm, and the vault itself does none."""
    stories, design = version(mutant)
    for seed in range(seeds):
        for profile in mutant.profiles:
            why = _harm(str(seed), profile, stories, design)
            # The same seed without the change: else a broken vault would catch every mutant.
            if why and not play(str(seed), PROFILES[profile]).is_bad:
                return Catch(profile, seed, why)
    return None


def _harm(seed: str, profile: str, stories: Stories, design: Callable[[World], Design]) -> str:
    try:
        outcome = play(seed, PROFILES[profile], stories, design=design)
    except Exception as error:  # noqa: BLE001 - a mutant may fail in any way
        return type(error).__name__
    return outcome.why if outcome.is_bad else ""


def catch_all(seeds: int, *, jobs: int = 1) -> Iterator[tuple[Mutant, Catch | None]]:
    """Every mutant that does harm often enough, and how it was caught."""
    work = partial(catch, seeds=seeds)
    tried = [mutant for mutant in MUTANTS if not mutant.missed_by]
    if jobs == 1:
        yield from ((mutant, work(mutant)) for mutant in tried)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from zip(tried, pool.map(work, tried), strict=True)
