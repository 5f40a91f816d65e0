"""What happens in the story, and when: the same to the vault and to the baseline beside it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

HOUR = 3600.0
DAY = 24 * HOUR
REFRESHERS = 2
WORKERS = 4

Role = Literal["refresher", "worker"]


@dataclass(frozen=True)
class Plan:
    """How big the story is. Its times are TikTok's.

    Attributes:
        accounts: how many are connected.
        days: how long it takes.
        rate: how many times as fast as the machine's clock the sandboxes' run.
        seed: of everything that is left to chance.
        refresher_kills: how many refreshers are killed on each side.
        worker_kills: how many workers.
        outage: hours that nothing can be reached.
        before: how many of a thousand refreshes are dropped before TikTok handles them.
        after: how many of ten thousand answers are dropped after TikTok replaced the token.
    """

    accounts: int = 500
    days: float = 30.0
    rate: float = 4600.0
    seed: int = 1
    refresher_kills: int = 14
    worker_kills: int = 120
    outage: float = 6.0
    before: float = 50.0
    after: float = 1.0

    @property
    def length(self) -> float:
        """Seconds it takes."""
        return self.days * DAY


class Deed(NamedTuple):
    """Something that happens to both sides.

    Attributes:
        at: seconds after the beginning.
        what: whom of its side it kills, or what becomes of TikTok.
        number: which of the processes of that role.
    """

    at: float
    what: Role | Literal["outage", "recovery"]
    number: int = 0


def deeds(plan: Plan) -> list[Deed]:
    """Everything that happens, in order."""
    dice = random.Random(plan.seed)
    roles: tuple[tuple[Role, int, int], ...] = (
        ("refresher", plan.refresher_kills, REFRESHERS),
        ("worker", plan.worker_kills, WORKERS),
    )
    kills = [
        Deed(dice.uniform(0.01, 0.99) * plan.length, role, dice.randrange(processes))
        for role, count, processes in roles
        for _ in range(count)
    ]
    outage = dice.uniform(0.4, 0.6) * plan.length
    ends = [Deed(outage, "outage"), Deed(outage + plan.outage * HOUR, "recovery")]
    return sorted([*kills, *ends])


def faults(plan: Plan) -> list[dict[str, object]]:
    """What TikTok does wrong in normal times."""
    return [
        {"fault": "drop_after", "probability": plan.after / 10_000, "seed": plan.seed},
        {"fault": "drop_before", "probability": plan.before / 1000, "seed": plan.seed + 1},
    ]
