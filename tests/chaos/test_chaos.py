"""Short campaigns of each kind; ``make chaos`` runs the long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.theatre import play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.misfortunes import Misfortune
    from tests.chaos.theatre import Kind

pytestmark = pytest.mark.slow

_CAMPAIGNS: list[tuple[Kind, int, frozenset[Misfortune]]] = [
    ("sqlite", 40, frozenset()),
    ("sqlite", 10, frozenset({"drops"})),
    ("sqlite", 10, frozenset({"full"})),
    ("sqlite", 10, frozenset({"jumps"})),
    ("pysqlite3", 20, frozenset()),
    ("pysqlite3", 10, frozenset({"full"})),
    ("postgres", 20, frozenset()),
    ("postgres", 10, frozenset({"restarts"})),
]


def _name(value: object) -> str:
    return "+".join(sorted(value)) if isinstance(value, frozenset) else str(value)


@pytest.mark.parametrize(("store", "kills", "misfortunes"), _CAMPAIGNS, ids=_name)
def test_only_what_tiktok_sent_to_the_dead_is_lost(
    store: Kind, kills: int, misfortunes: frozenset[Misfortune], tmp_path: Path
) -> None:
    """Whatever else goes wrong, killed processes lose no token that had reached their journal."""
    result = play(tmp_path, store, kills=kills, accounts=240, seed=11, misfortunes=misfortunes)

    print(result)
    assert result.is_flawless, f"{result}; {result.silent}"
    assert result.confessed == len(result.lost)
    assert result.open_posts >= kills / 2 or misfortunes


@pytest.mark.parametrize(("store", "kills"), [("sqlite", 15), ("postgres", 10)])
def test_no_account_is_lost_to_the_death_of_a_worker(
    store: Kind, kills: int, tmp_path: Path
) -> None:
    """While the refresher lives, workers may be killed at any moment."""
    result = play(tmp_path, store, kills=kills, accounts=50, seed=12, role="worker")

    print(result)
    assert result.lost == {}
    assert result.is_flawless, f"{result}; {result.silent}"
    assert result.open_posts >= kills / 2


@pytest.mark.parametrize(("store", "kills"), [("sqlite", 15), ("postgres", 10)])
def test_a_killed_refresher_loses_only_what_was_on_its_way(
    store: Kind, kills: int, tmp_path: Path
) -> None:
    """Of many requests that were open at once, too, none is lost whose answer was journaled."""
    result = play(tmp_path, store, kills=kills, accounts=150, seed=13, role="refresher")

    print(result)
    assert result.is_flawless, f"{result}; {result.silent}"
    assert result.confessed == len(result.lost)
    assert result.open_posts >= kills / 2
