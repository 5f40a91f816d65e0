"""What happens in the story, and when: the same to the vault and to the baseline beside it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from tiktok_oauth.sandbox.knobs import Rotation

HOUR = 3600.0
DAY = 24 * HOUR
REFRESHERS = 2
WORKERS = 4

BEFORE = "drop_before"
AFTER = "drop_after"
OUTAGE = "reset_before"
"""The sandbox's faults by what they are in the story."""
ROTATIONS: tuple[str, ...] = get_args(Rotation)
_MOST_DROPS = 10_000

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
        before: how many of a thousand requests are dropped before TikTok handles them.
        after: how many of ten thousand answers are dropped after TikTok replaced the token.
        rotation: what TikTok does with a refresh token that was used.
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
    rotation: Rotation = "strict"

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


def drops(plan: Plan) -> list[float]:
    """After how many answers the next one is dropped: once in each ten thousand, say.

    Dice for each answer would not do: of two hundred thousand they drop anything from ten to
    thirty, and the sides are not compared by their luck.
    """
    dice, every = random.Random(plan.seed), 10_000 / plan.after
    return [(number + dice.random()) * every for number in range(_MOST_DROPS)]


def ordinary(plan: Plan, seed: int) -> dict[str, object]:
    """What TikTok's network does in normal times."""
    probability = plan.before / 1000
    return {
        "fault": BEFORE,
        "endpoint": "refresh",
        "probability": probability,
        "seed": seed,
    }
