"""Seeds that once found a mistake, or find it when its remedy is taken away. Run for ever."""

from __future__ import annotations

from typing import NamedTuple


class Seed(NamedTuple):
    """A run that once went wrong, and why."""

    profile: str
    seed: str
    why: str


SEEDS: tuple[Seed, ...] = (
    Seed("fickle", "20", "one mistaken refusal, and a salvaged token was never tried again"),
    Seed("long", "2", "a replayed answer counted as new where tokens do not rotate"),
    Seed("mild", "5", "the fleet claimed what it had open itself"),
    Seed("mild", "0", "an idle vault did not bring back what a failover had forgotten"),
    Seed("amnesia", "0", "a journal was deleted when it was replayed, and the replay forgotten"),
    Seed("fickle", "21", "an account was given up after a refusal of its parent"),
    Seed("long", "41", "a failover forgot what had been salvaged, and nobody did it again"),
    Seed("amnesia", "66", "a failover forgot the doubt, and the dead parent was sent"),
    Seed("amnesia", "1", "of two salvaged tokens the older one was sent after a failover"),
    Seed("amnesia", "5", "a failover between claim and request went unnoticed"),
    Seed("long", "81", "a caller heard of a verdict that was not in the row"),
    Seed("crowd", "51", "a request overtook that of a process which had just died"),
    Seed("mild", "17", "an older consent replaced a newer one"),
    Seed("tabs", "205", "a journaled token of a forgotten consent was sent as the next one's"),
    Seed("tabs", "280", "tokens that were written again had another version, and no child"),
    Seed("tabs", "142", "tokens came back after their child, and nobody looked for it"),
    Seed("late", "3", "the newest token was superseded by a late answer, and its parent not tried"),
    Seed("late", "89", "of two flights of one process each was told how the other ended"),
    Seed("late", "303", "whoever lost a race was given the row of an account that had left since"),
    Seed("late", "351", "a candidate was sent twice, and not tried again after a late answer"),
    Seed("mild", "436953", "a failover between a replay and the dead boot's end took the first"),
    Seed("mild", "458108", "a failover forgot the claim of a request that was still under way"),
    Seed("mild", "496661", "whose claim a failover had forgotten could not say that it had asked"),
    Seed("mild", "696500", "whoever lost a race was told of the row, which was blocked by then"),
)
