"""Thirty days of two sides, at the same time, with the same misfortunes."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.arena import Arena
from tests.story.naive import Naive
from tests.story.ours import Ours
from tests.story.plan import DAY, deeds
from tests.story.side import Desk, Side
from tests.story.verdict import Verdict, judge_naive, judge_vault, wait_until_all_was_asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.story.plan import Plan

_LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What both sides came to."""

    vault: Verdict
    naive: Verdict


def tell(plan: Plan, folder: Path, store: str, say: Callable[[str], None]) -> Ending:
    """Play the story.

    Args:
        plan: how big it is.
        folder: an empty directory.
        store: the vault's; the URL of a new PostgreSQL database, or "" for SQLite.
        say: told now and then how far it is.
    """
    with ExitStack() as stack:
        desks = []
        for name in ("vault", "naive"):
            (folder / name).mkdir()
            url = store if store and name == "vault" else f"sqlite:///{folder}/{name}/tokens.db"
            rotation = ("--rotation", plan.rotation)
            arena = stack.enter_context(Arena(folder / name, url, plan.seed, *rotation))
            desks.append(Desk(arena, plan.rate))
        baseline = Naive(desks[1])
        vault, naive = Side(plan, desks[0], Ours(desks[0])), Side(plan, desks[1], baseline)
        sides = (vault, naive)
        for side in sides:
            stack.callback(side.give_up)
            side.start()
        _play(plan, sides, say)
        for side in sides:
            side.calm_down()
        naive.stop()
        say("the month is over; every account is refreshed once more")
        wait_until_all_was_asked(vault.desk.arena, vault.calm_at)
        vault.stop()
        return Ending(judge_vault(vault), judge_naive(naive, baseline))


def _play(plan: Plan, sides: Sequence[Side], say: Callable[[str], None]) -> None:
    began = time.monotonic()
    left = deeds(plan)
    while (passed := (time.monotonic() - began) * plan.rate) < plan.length:
        while left and left[0].at <= passed:
            deed = left.pop(0)
            for side in sides:
                side.play(deed)
        for side in sides:
            side.look()
        say(f"day {passed / DAY:4.1f} of {plan.days:g}: " + "; ".join(map(str, sides)))
        until = min(left[0].at if left else plan.length, passed + _LOOK_EVERY * plan.rate)
        time.sleep(max(0.0, began + until / plan.rate - time.monotonic()))
