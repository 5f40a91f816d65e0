"""The vault in a simulated, hostile world: nothing is lost that could have been kept.

``python -m tests.simulation.run --help`` runs more seeds, prints a run, and tries the mutants.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.simulation.baselines import BASELINES
from tests.simulation.campaign import Job, Tally, campaign, catch, code
from tests.simulation.faults import HARD, LONG, MILD, PROFILES, Profile
from tests.simulation.hands import Habits
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.play import play
from tests.simulation.provider import MODES
from tests.simulation.seeds import SEEDS, Seed
from tests.simulation.stories import changed
from tests.simulation.vaults import Vault
from tests.simulation.world import World
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from pathlib import Path

JOBS = min(2, os.cpu_count() or 1)
STRICT = replace(LONG, name="strict", modes=("strict", "grace", "parent-replay"))
SAMPLE = (
    "last writer wins",
    "no journal",
    "the first refusal is the verdict",
    "ten seconds for a refresh",
    "one try to write new tokens",
)
RUNS_TO_CATCH = 60


@pytest.mark.slow
@pytest.mark.parametrize("profile", [MILD, HARD], ids=lambda profile: profile.name)
def test_a_seed_replays_byte_for_byte(profile: Profile) -> None:
    """The same seed gives the same run, to the last line of its trace."""
    first, second = (play("7", profile) for _ in range(2))

    assert first.trace == second.trace
    assert first.digest == second.digest
    assert first.digest != play("8", profile).digest


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.profile}-{seed.seed}")
def test_what_once_went_wrong_does_not_again(seed: Seed) -> None:
    """Every seed that ever found a mistake ends well."""
    outcome = play(seed.seed, PROFILES[seed.profile])

    assert not outcome.is_bad, f"{seed.why}: {outcome.why}"


@pytest.mark.slow
def test_what_was_counted_is_not_run_again(tmp_path: Path) -> None:
    """A campaign goes on where it was left: runs that are kept are read."""
    campaign(Job("mild", 0, 1), kept=tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(msgspec.json.encode(Tally(runs=1000)))

    again = campaign(Job("mild", 0, 1), kept=tmp_path)

    assert again.runs == 1000


@pytest.mark.slow
def test_what_is_kept_is_read_as_it_was_counted(tmp_path: Path) -> None:
    """The second campaign over the same seeds has the figures of the first."""
    counted = campaign(Job("mild", 0, 1), kept=tmp_path)

    assert campaign(Job("mild", 0, 1), kept=tmp_path) == counted
    assert counted.accounts


@pytest.mark.slow
def test_what_was_counted_of_other_code_is_run_again(tmp_path: Path) -> None:
    """Figures of another state of the vault are not taken for this one's."""
    campaign(Job("mild", 0, 1), kept=tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(msgspec.json.encode(Tally(runs=1000)))
    kept.rename(tmp_path / kept.name.replace(code(), "01234567"))

    assert campaign(Job("mild", 0, 1), kept=tmp_path).runs == 1


@pytest.mark.slow
def test_nothing_is_lost_that_could_have_been_kept() -> None:
    """Two thousand seeds over all of TikTok's possible manners: no avoidable loss."""
    tally = campaign(Job("mild", 0, 2000), jobs=JOBS)

    assert tally.bad == []
    assert set(tally.accounts) == set(MODES)
    assert all(counts["rotations"] > 1000 for counts in tally.counts.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_simple_designs_lose_accounts_in_the_same_world(name: str) -> None:
    """The harness bites: what people usually write loses accounts that could have been kept."""
    tally = campaign(Job("mild", 0, 100, name), jobs=JOBS)

    assert tally.accounts["strict"]["avoidable"] + tally.accounts["strict"]["stranded"] > 0
    assert tally.accounts["family"]["avoidable"] > 0


@pytest.mark.slow
def test_leases_are_for_pacing_only() -> None:
    """With every lease ignored, no token or consent is replaced by an older one."""
    broken = []
    for seed in range(100):
        outcome = play(f"open {seed}", STRICT, design=lambda world: Vault(world, patience=0.0))
        broken += [outcome.broken] if outcome.broken else []

    assert broken == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_applies(mutant: Mutant) -> None:
    """The lines that mutants change stand in the vault's text, exactly once each."""
    stories = changed(mutant.name, mutant.edits)

    assert World("1", MILD, stories).store.get(Ref("sim", "nobody")) is None
    assert mutant.edits or mutant.habits != Habits()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_rule_that_is_removed_is_missed(name: str) -> None:
    """Without one of its rules the vault loses accounts, or an invariant breaks."""
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]

    assert catch(mutant, RUNS_TO_CATCH) is not None
