"""A sample a second: what has come since the last one, and what the last few seconds were like."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tiktok_oauth.service.figures.values import Sample

if TYPE_CHECKING:
    from tiktok_oauth.service.figures.sheets import Sheet, Totals

WINDOW = 10
_STEADY = 3
"""Looks back that a rate is taken over."""


class Sampler:
    """Turns counts that only grow into samples. The first look gives none."""

    def __init__(self) -> None:
        self._seen: deque[Totals] = deque(maxlen=WINDOW + 1)

    def sample(self, totals: Totals) -> Sample | None:
        """The second that ends now; None at the first look."""
        self._seen.append(totals)
        if len(self._seen) == 1:
            return None
        before, first = self._seen[-2], self._seen[0]
        second = totals.counts.total().since(before.counts.total())
        window = totals.counts.asking_tiktok().since(first.counts.asking_tiktok())
        progress, census = totals.progress, totals.census
        return Sample(
            at=totals.at,
            requests=_rate(totals, self._seen[-min(_STEADY + 1, len(self._seen))]),
            errors={code.value: count for code, count in second.errors.items()},
            retries=second.retries,
            p50_ms=window.percentile_ms(0.50),
            p95_ms=window.percentile_ms(0.95),
            p99_ms=window.percentile_ms(0.99),
            refreshed=_refreshed(totals) - _refreshed(before),
            in_flight=progress.in_flight if progress and totals.is_refreshing else 0,
            due=0 if census is None else census.due,
            lag=0.0 if census is None else census.lag,
            breaker=progress.breaker if progress and totals.is_refreshing else "",
        )


def _rate(now: Totals, before: Totals) -> float:
    """Calls a second, of each process by its own time.

    A look that comes before a process has written and one that comes after show it two seconds
    apart, or none: by the time of the look a steady load would zigzag.
    """
    earlier = {sheet.name: sheet for sheet in before.sheets}
    rates = (_between(earlier[new.name], new) for new in now.sheets if new.name in earlier)
    return round(sum(rates), 2)


def _between(old: Sheet, new: Sheet) -> float:
    calls = new.counts.total().requests - old.counts.total().requests
    return calls / (new.at - old.at) if new.at > old.at else 0.0


def _refreshed(totals: Totals) -> int:
    return 0 if totals.progress is None else totals.progress.refreshed
