"""A day of thirty accounts; ``make story`` tells the thirty days of five hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.story.plan import AFTER, Plan
from tests.story.story import tell

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.sandbox.knobs import Rotation

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rotation", ["strict", "family"])
def test_a_day_loses_only_what_could_not_be_kept(tmp_path: Path, rotation: Rotation) -> None:
    """Each lost account is one whose answer TikTok sent to nobody, and says so itself."""
    plan = Plan(
        accounts=30,
        days=1,
        rate=7200,
        refresher_kills=6,
        worker_kills=12,
        outage=3,
        after=100,
        rotation=rotation,
    )

    ending = tell(plan, tmp_path, "", print)

    vault = ending.vault
    assert vault.is_flawless, str(vault)
    assert vault.confessed == len(vault.lost)
    assert vault.duplicates == 0
    assert abs(vault.drops[AFTER] - vault.refreshes / 100) <= 2
    assert vault.refreshes > plan.accounts
    assert vault.calls["served"] > 0
    assert vault.calls.get("wrong", 0) == 0
    assert vault.kills["worker"][0] == plan.worker_kills
    assert ending.naive.refreshes > 0
