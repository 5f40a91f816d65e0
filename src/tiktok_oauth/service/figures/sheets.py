"""What each process puts on the board, and how the sheets of many are read as one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.observe.metrics import snapshot_of
from tiktok_oauth.observe.tally import Tally, added
from tiktok_oauth.service.figures.values import Census, Failure, Figures, Limits
from tiktok_oauth.vault.fleet.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

FRESH = 5.0
"""Seconds after which a process that says nothing is taken for dead, or stuck."""
SHOWN_FAILURES = 20
_PREFIX = "refresher_"
_LOCAL = frozenset({"get_authorization_url", "verify_webhook"})
_COUNTS = ("refreshed", "refused", "failed", "unsent", "doubtful", "lost")


class Counts(msgspec.Struct, frozen=True):
    """What was counted, by one process or by several: it can be added up.

    Attributes:
        since: when counting began; None when nothing was counted.
        calls: calls to TikTok by method.
        counters: everything else.
        failures: the last ones, newest first.
    """

    since: float | None = None
    calls: dict[str, Tally] = {}
    counters: dict[str, int] = {}
    failures: tuple[Failure, ...] = ()

    def merged(self, other: Counts) -> Counts:
        """Both together."""
        failures = sorted((*self.failures, *other.failures), key=_at, reverse=True)
        return Counts(
            since=min((at for at in (self.since, other.since) if at is not None), default=None),
            calls={
                method: self.calls.get(method, Tally()).merged(other.calls.get(method, Tally()))
                for method in sorted(self.calls.keys() | other.calls.keys())
            },
            counters=added(self.counters, other.counters),
            failures=tuple(failures[:SHOWN_FAILURES]),
        )

    def total(self) -> Tally:
        """All methods as one."""
        return reduce(Tally.merged, self.calls.values(), Tally())

    def asking_tiktok(self) -> Tally:
        """Those methods as one that ask TikTok something: how long they take says how it is."""
        asking = (tally for method, tally in self.calls.items() if method not in _LOCAL)
        return reduce(Tally.merged, asking, Tally())


class Sheet(msgspec.Struct, frozen=True):
    """One process's figures of a moment.

    Attributes:
        name: never used twice.
        role: what the process does: ``web`` or ``airlock``.
        at: when it was written.
        progress: of the refresher, where one runs.
        census: where this process took one.
        limits: the settings that figures are read beside.
    """

    name: str
    role: str
    at: float
    counts: Counts
    progress: Progress | None = None
    census: Census | None = None
    limits: Limits = Limits()

    def all_counts(self) -> Counts:
        """What was counted, the refresher's counts too."""
        if self.progress is None:
            return self.counts
        counted = {f"{_PREFIX}{name}": getattr(self.progress, name) for name in _COUNTS}
        return self.counts.merged(Counts(counters=counted))


class Departed(msgspec.Struct, frozen=True):
    """What processes that are gone have counted.

    Attributes:
        names: theirs, for as long as a sheet of theirs may still be found.
    """

    names: tuple[str, ...] = ()
    counts: Counts = Counts()

    def joined(self, sheets: Sequence[Sheet]) -> Departed:
        """With those whose processes have just been found dead."""
        new = [sheet for sheet in sheets if sheet.name not in self.names]
        counts = reduce(Counts.merged, (sheet.all_counts() for sheet in new), self.counts)
        return Departed(tuple(sheet.name for sheet in sheets), counts)


class Totals(msgspec.Struct, frozen=True):
    """The whole board, read at one moment."""

    at: float
    counts: Counts
    sheets: tuple[Sheet, ...]

    @property
    def progress(self) -> Progress | None:
        """The refresher's: states of those that run now, counts of all that there were."""
        newest = max((s for s in self.sheets if s.progress), key=_at, default=None)
        counted = [self.counts.counters.get(f"{_PREFIX}{name}") for name in _COUNTS]
        if newest is None or newest.progress is None:
            now = None if counted[0] is None else Progress(self.counts.since or self.at)
        else:
            now = newest.progress
        refreshed, refused, failed, unsent, doubtful, lost = (count or 0 for count in counted)
        return now and replace(
            now,
            refreshed=refreshed,
            refused=refused,
            failed=failed,
            unsent=unsent,
            doubtful=doubtful,
            lost=lost,
        )

    @property
    def is_refreshing(self) -> bool:
        """Whether a refresher runs now."""
        return any(sheet.progress is not None for sheet in self.sheets)

    @property
    def census(self) -> Census | None:
        """The newest one."""
        return max((s.census for s in self.sheets if s.census is not None), key=_at, default=None)

    @property
    def processes(self) -> dict[str, int]:
        """How many run, by role."""
        return dict(Counter(sheet.role for sheet in self.sheets))

    @property
    def limits(self) -> Limits:
        """Those of the process that spoke last."""
        newest = max(self.sheets, key=_at, default=None)
        return Limits() if newest is None else newest.limits

    def figures(self) -> Figures:
        """The same for people."""
        return Figures(
            at=self.at,
            since=self.at if self.counts.since is None else self.counts.since,
            limits=self.limits,
            calls=snapshot_of(self.counts.calls),
            failures=self.counts.failures,
            refresher=self.progress,
            is_refreshing=self.is_refreshing,
            census=self.census,
            counters={
                name: count
                for name, count in self.counts.counters.items()
                if not name.startswith(_PREFIX)
            },
            processes=self.processes,
        )


def read_together(sheets: Sequence[Sheet], departed: Departed, now: float) -> Totals:
    """All sheets as one: everybody's counts, and the states of those that live."""
    known = [sheet for sheet in sheets if sheet.name not in departed.names]
    counts = reduce(Counts.merged, (sheet.all_counts() for sheet in known), departed.counts)
    return Totals(now, counts, tuple(s for s in known if abs(now - s.at) <= FRESH))


def _at(value: Failure | Sheet | Census) -> float:
    return value.at
