"""What a side came to: which accounts were lost, and the proof of why."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.chaos.arena import held
from tests.chaos.losses import Evidence, Why, why
from tests.chaos.marks import duplicates, name_of, name_of_token
from tiktok_oauth.vault.opening import open_vault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tests.chaos.arena import Arena, Truth
    from tests.story.naive import Naive
    from tests.story.side import Side

Reason = Why | Literal["given up"]
"""``given up``: the token that is kept is good, and the account was disconnected all the same."""
_LADDER = 120.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a side has of an account.

    Attributes:
        tokens: the names of its refresh tokens.
        says: its status, and the reason for it.
    """

    tokens: AbstractSet[bytes]
    says: tuple[str, str | None] = ("active", None)


_GOOD = ("active", None)
_CONFESSED = ("needs_login", "lost_in_flight")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a side came to.

    Attributes:
        accounts: how many there were.
        lost: open_id -> why.
        confessed: how many of the lost say ``lost_in_flight`` themselves.
        silent: accounts that say something else than what is so.
        refreshes: rotations TikTok made.
        duplicates: refreshes with a token that was in use or already replaced.
        calls: workers' calls by what came of them, and those with a dead token.
        lag: seconds that tokens were refreshed late: the median, and of the last hundredth.
        kills: by role: processes killed, and those while a refresh was open.
    """

    accounts: int
    lost: Mapping[str, Reason]
    confessed: int
    silent: Sequence[str]
    refreshes: int
    duplicates: int
    calls: Mapping[str, int]
    lag: tuple[float, float]
    kills: Mapping[str, tuple[int, int]]

    @property
    def is_flawless(self) -> bool:
        """Whether nothing was lost but what could not be kept, and no loss is silent."""
        are_proven = {"dropped", "unread", "unsaved"}.issuperset(self.lost.values())
        return are_proven and not self.silent and not self.duplicates


def judge_vault(side: Side) -> Verdict:
    """Judge the vault's side, whose processes have ended."""
    return _judge(side, _in_vault(side.desk.arena))


def judge_naive(side: Side, program: Naive) -> Verdict:
    """Judge the baseline's side."""
    return _judge(
        side,
        {
            open_id: Kept({name_of_token(token)}, _GOOD if connected else ("disconnected", None))
            for open_id, (token, connected) in program.tokens().items()
        },
    )


def wait_for_the_ladder(arena: Arena) -> None:
    """Wait until no account of the vault is in doubt any more.

    Raises:
        RuntimeError: that does not come to an end.
    """
    end = time.monotonic() + _LADDER
    site = open_vault(arena.store, arena.ring, arena.folder / "answers-judge")
    try:
        while any(
            grant.status == "active" and (grant.doubt_at or grant.refusals or grant.failures)
            for grant, _ in held(site.store, arena.ring).values()
        ):
            if time.monotonic() > end:
                message = "Some accounts stay in doubt."
                raise RuntimeError(message)
            time.sleep(0.5)
    finally:
        site.close(settled=True)


def _in_vault(arena: Arena) -> dict[str, Kept]:
    site = open_vault(arena.store, arena.ring, arena.folder / "answers-judge")
    try:
        return {
            open_id: Kept({name_of(sha256) for sha256 in tokens}, (grant.status, grant.reason))
            for open_id, (grant, tokens) in held(site.store, arena.ring).items()
        }
    finally:
        site.close(settled=True)


def _judge(side: Side, accounts: Mapping[str, Kept]) -> Verdict:
    truth = side.desk.arena.truth()
    lost = {
        open_id: _why(side, open_id, kept, truth[open_id])
        for open_id, kept in accounts.items()
        if name_of(truth[open_id].sha256) not in kept.tokens or kept.says != _GOOD
    }
    late = sorted(side.ledger.late)
    served = side.desk.tally().counts()
    return Verdict(
        accounts=len(truth),
        lost=lost,
        confessed=sum(accounts[open_id].says == _CONFESSED for open_id in lost),
        silent=[
            f"{open_id}: {kept.says}, lost: {lost.get(open_id)}"
            for open_id, kept in accounts.items()
            if kept.says != (_CONFESSED if open_id in lost else _GOOD)
        ],
        refreshes=side.ledger.refreshes,
        duplicates=duplicates(side.sends.all, side.died),
        calls={**served, "dead": side.ledger.calls["access_token_invalid"]},
        lag=(late[len(late) // 2], late[len(late) * 99 // 100]) if late else (0.0, 0.0),
        kills=_kills(side),
    )


def _why(side: Side, open_id: str, kept: Kept, truth: Truth) -> Reason:
    if name_of(truth.sha256) in kept.tokens:
        return "given up"
    evidence = Evidence(side.sends, side.died, side.ledger.issues)
    return why(evidence, open_id, kept.tokens, truth)


def _kills(side: Side) -> dict[str, tuple[int, int]]:
    every = Counter(kill.role for kill in side.kills)
    opened = Counter(kill.role for kill in side.kills if kill.open_posts)
    return {role: (count, opened[role]) for role, count in every.items()}
