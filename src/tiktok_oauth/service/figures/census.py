"""A look at all accounts, answered from indexes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.service.figures.values import QUARTER, QUARTERS, Census

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.store import Store

AHEAD = """
    SELECT ROUND((warm_at - :now) / :quarter - 0.5) AS quarter, COUNT(*) FROM accounts
    WHERE status = 'active' AND warm_at >= :now AND warm_at < :end
    GROUP BY quarter
"""


def take_census(store: Store, now: float, *, warm: bool) -> Census:
    """Count accounts by status, those that are due, and when the others will be.

    Args:
        store: where the accounts are.
        now: token time.
        warm: whether an account is due before its access token ends; else before its refresh
            token does.

    Raises:
        StoreError: the store cannot be read.
    """
    standing = store.standing(now, warm=warm)
    return Census(now, standing.accounts, standing.due, standing.lag, _ahead(store, now))


def _ahead(store: Store, now: float) -> tuple[int, ...]:
    counts = [0] * QUARTERS
    database = getattr(store, "database", None)
    if database is None:
        return tuple(counts)
    asked = {"now": now, "quarter": QUARTER, "end": now + QUARTER * QUARTERS}
    for quarter, count in database.read(AHEAD, asked):
        counts[min(max(int(quarter), 0), QUARTERS - 1)] += count
    return tuple(counts)
