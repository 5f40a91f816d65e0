"""The story's figures, side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.story.verdict import Verdict

_WIDTH = 58
_COLUMN = 16
_REASONS = {
    "dropped": "the answer was dropped after TikTok had replaced the token",
    "unread": "killed after that, before the answer's first byte",
    "unsaved": "killed with the answer in hand, before it was safe",
    "given up": "given up, though the token was good",
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
    yield from ("  that say so themselves (lost_in_flight)", "accounts that say what is not so")
    yield from ("refreshes", "refreshes with a token in use or already replaced")
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
    yield f"{verdict.confessed:,}"
    yield f"{len(verdict.silent):,}"
    yield f"{verdict.refreshes:,}"
    yield f"{verdict.duplicates:,}"
    for what in ("served", "later", "login", "wrong", "dead"):
        yield f"{verdict.calls.get(what, 0):,}"
    yield from (f"{seconds / 60:.1f}" for seconds in verdict.lag)
    for role in ("refresher", "worker"):
        yield from map(str, verdict.kills.get(role, (0, 0)))
