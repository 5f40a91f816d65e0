"""The story's figures, side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.story.plan import AFTER, BEFORE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.story.verdict import Verdict

_WIDTH = 58
_COLUMN = 16
NOTE = """\
Both sides meet the same: kills and outage at the same times, one answer dropped in each so many,
the same share of requests. What was dropped after rotation, or killed before the first byte, nobody
can keep; it takes more accounts from whoever refreshes more. A token that is in use or already
replaced costs nothing where TikTok only refuses it (--rotation strict), and the whole account where
TikTok ends the grant for it (--rotation family); its documents do not say which it does."""
_REASONS = {
    "dropped": "the answer was dropped after TikTok had replaced the token",
    "unread": "killed after that, before the answer's first byte",
    "unsaved": "killed with the answer in hand, before it was safe",
    "given up": "given up, though the token was good",
    "ended": "ended by TikTok, since a used token was sent again",
    "?": "for no good reason",
}


def table(names: Sequence[str], verdicts: Sequence[Verdict]) -> str:
    """The figures of all sides."""
    head = "".join(f"{name:>{_COLUMN}}" for name in names)
    lines = [" " * _WIDTH + head]
    for label, *values in zip(_labels(), *map(_values, verdicts), strict=True):
        lines.append(f"{label:<{_WIDTH}}" + "".join(f"{value:>{_COLUMN}}" for value in values))
    return "\n".join(lines)


def _labels() -> Iterator[str]:
    yield from ("accounts kept", "accounts lost")
    yield from (f"  {reason}" for reason in _REASONS.values())
    yield "  those dropped are the ones that TikTok's ledger lists"
    yield from ("  that say so themselves (lost_in_flight)", "accounts that say what is not so")
    yield from ("refreshes", "  answers dropped after TikTok had replaced the token")
    yield from ("  accounts lost for each 100,000", "  those that could have been kept")
    yield "requests dropped before TikTok handled them"
    yield "requests with a token in use or already replaced"
    yield from ("workers' calls served", "  put off", "  refused: a login is needed")
    yield from ("  with the wrong answer", "  that TikTok refused for a dead access token")
    yield from ("refreshed late, in minutes: median", "  and the last hundredth")
    yield from ("refreshers killed", "  while a refresh was open")
    yield from ("workers killed", "  while a refresh was open")


def _values(verdict: Verdict) -> Iterator[str]:
    why = Counter(verdict.lost.values())
    yield f"{verdict.accounts - len(verdict.lost):,}"
    yield f"{len(verdict.lost):,}"
    yield from (f"{why[reason]:,}" for reason in _REASONS)  # type: ignore[index]  # its keys
    yield "yes" if verdict.is_as_listed else "NO"
    yield f"{verdict.confessed:,}"
    yield f"{len(verdict.silent):,}"
    yield f"{verdict.refreshes:,}"
    yield f"{verdict.drops[AFTER]:,}"
    for lost in (len(verdict.lost), verdict.in_vain):
        yield f"{100_000 * lost / max(1, verdict.refreshes):.1f}"
    yield f"{verdict.drops[BEFORE]:,}"
    yield f"{verdict.duplicates:,}"
    for what in ("served", "later", "login", "wrong", "dead"):
        yield f"{verdict.calls.get(what, 0):,}"
    yield from (f"{seconds / 60:.1f}" for seconds in verdict.lag)
    for role in ("refresher", "worker"):
        yield from map(str, verdict.kills.get(role, (0, 0)))
