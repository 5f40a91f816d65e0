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

Reason = Why | Literal["given up", "ended"]
"""Why an account was lost, besides what chaos knows:

- ``given up``: the token that is kept is good, and the account was disconnected all the same;
- ``ended``: TikTok has ended the grant, since a token was sent that was used already.
"""
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
_HONEST = {_CONFESSED, ("disconnected", None)}
"""What may be said of a lost account; the baseline knows of no reasons."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a side came to.

    Attributes:
        accounts: how many there were.
        lost: open_id -> why.
        confessed: how many of the lost say ``lost_in_flight`` themselves.
        silent: accounts that say something else than what is so.
        refreshes: rotations TikTok made while something could go wrong.
        drops: requests that were dropped before TikTok handled them, and answers after.
        is_as_listed: whether those lost to drops are the ones that TikTok's ledger lists.
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
    drops: Mapping[str, int]
    is_as_listed: bool
    duplicates: int
    calls: Mapping[str, int]
    lag: tuple[float, float]
    kills: Mapping[str, tuple[int, int]]

    @property
    def is_flawless(self) -> bool:
        """Whether nothing was lost but what could not be kept, and no loss is silent."""
        are_proven = {"dropped", "unread", "unsaved"}.issuperset(self.lost.values())
        are_told = self.is_as_listed and not self.silent
        return are_proven and are_told and not self.duplicates

    @property
    def in_vain(self) -> int:
        """How many were lost that could have been kept."""
        return sum(reason not in {"dropped", "unread"} for reason in self.lost.values())


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


def wait_until_all_was_asked(arena: Arena, since: float) -> None:
    """Wait until each account of the vault was refreshed after a moment, or needs a login.

    Before that an account may be lost whose last refresher was killed, and not say so yet.

    Args:
        arena: the vault's.
        since: TikTok's time.

    Raises:
        RuntimeError: that does not come to an end.
    """
    end = time.monotonic() + _LADDER
    site = open_vault(arena.store, arena.ring, arena.folder / "answers-judge")
    try:
        while any(
            grant.status == "active" and grant.issued_at < since
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
        open_id: _why(side, open_id, kept, truth.get(open_id))
        for open_id, kept in accounts.items()
        if kept.says != _GOOD or not _has_living_token(kept, truth.get(open_id))
    }
    late = sorted(side.ledger.late)
    served = side.desk.tally().counts()
    return Verdict(
        accounts=len(accounts),
        lost=lost,
        confessed=sum(accounts[open_id].says == _CONFESSED for open_id in lost),
        silent=[
            f"{open_id}: {kept.says}, lost: {lost.get(open_id)}"
            for open_id, kept in accounts.items()
            if kept.says not in (_HONEST if open_id in lost else {_GOOD})
        ],
        refreshes=side.refreshes,
        drops=side.ledger.drops,
        is_as_listed=side.ledger.listed()
        == {open_id for open_id, reason in lost.items() if reason == "dropped"},
        duplicates=duplicates(side.sends.all, side.died),
        calls={**served, "dead": side.ledger.calls["access_token_invalid"]},
        lag=(late[len(late) // 2], late[len(late) * 99 // 100]) if late else (0.0, 0.0),
        kills=_kills(side),
    )


def _has_living_token(kept: Kept, truth: Truth | None) -> bool:
    return truth is not None and name_of(truth.sha256) in kept.tokens


def _why(side: Side, open_id: str, kept: Kept, truth: Truth | None) -> Reason:
    if _has_living_token(kept, truth):
        return "given up"
    reason = why(Evidence(side.sends, side.died, side.ledger.issues), open_id, kept.tokens, truth)
    return "ended" if truth is None and reason == "?" else reason


def _kills(side: Side) -> dict[str, tuple[int, int]]:
    every = Counter(kill.role for kill in side.kills)
    opened = Counter(kill.role for kill in side.kills if kill.open_posts)
    return {role: (count, opened[role]) for role, count in every.items()}
