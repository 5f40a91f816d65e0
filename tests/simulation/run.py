"""The simulation's command line: ``python -m tests.simulation.run --help``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.simulation.baselines import BASELINES
from tests.simulation.campaign import Job, campaign, catch_all, code
from tests.simulation.faults import PROFILES
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play
from tests.simulation.world import LENGTH


def main() -> int:
    """Run what was asked for; 1 when something happened that must not."""
    arguments = _arguments()
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.profile)
    bad = 0
    if arguments.mutants:
        bad += _mutants(arguments.mutants, arguments.jobs)
    if arguments.baselines:
        for name in BASELINES:
            _many(Job(arguments.profile, 0, arguments.baselines, name), arguments)
    if arguments.to:
        bad += _many(Job(arguments.profile, arguments.first, arguments.to), arguments)
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Simulate the vault in a hostile world.")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="mild")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--to", type=int, default=0, help="the seed after the last")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, help="keep figures here, and go on from them")
    parser.add_argument("--seed", help="run one seed and print what happens")
    parser.add_argument("--mutants", type=int, default=0, help="seeds to catch each mutant in")
    parser.add_argument("--baselines", type=int, default=0, help="seeds to run each baseline in")
    return parser.parse_args()


def _one(seed: str, profile: str) -> int:
    outcome = play(seed, PROFILES[profile])
    for line in outcome.trace:
        _say(line)
    _say(f"{outcome.mode}, {dict(outcome.verdicts)}, digest {outcome.digest}")
    for line in (*filter(None, [outcome.broken]), *outcome.details):
        _say(line)
    return 1 if outcome.is_bad else 0


def _many(job: Job, arguments: argparse.Namespace) -> int:
    started = time.perf_counter()
    tally = campaign(job, jobs=arguments.jobs, kept=arguments.keep)
    seconds = time.perf_counter() - started
    virtual = tally.runs * LENGTH / seconds
    _say(f"{job.design or 'vault'}, {job.profile}, seeds {job.first} to {job.last}, code {code()}")
    for line in tally.lines():
        _say(line)
    _say(f"  {seconds:.1f} s, {tally.runs / seconds:.1f} runs a second, {virtual:,.0f} x real time")
    # The hard profile breaks the assumption about pauses: its losses are told, not judged.
    return len(tally.bad) if job.profile != "hard" else 0


def _mutants(seeds: int, jobs: int) -> int:
    survivors = 0
    for mutant, caught in catch_all(seeds, jobs=jobs):
        survivors += caught is None
        how = "SURVIVES" if caught is None else f"{caught.profile} {caught.seed}: {caught.why}"
        _say(f"  {mutant.name:60} {how}")
    for mutant in MUTANTS:
        if mutant.missed_by:
            _say(f"  {mutant.name:60} not tried: {mutant.missed_by}")
    _say(f"{survivors} mutants survive {seeds} seeds of their profiles")
    return survivors


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
