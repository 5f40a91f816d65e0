"""The census: a look at all accounts that is cheap, on every database."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.vault.made import APP, NOW, connected, event
from tests.vault.stores import backends
from tiktok_oauth.service.figures.census import AHEAD, take_census
from tiktok_oauth.service.figures.values import QUARTER, QUARTERS
from tiktok_oauth.vault.stores.rows import Ref
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.vault.stores import Opener
    from tiktok_oauth.vault.stores.sqlstore import SqlStore


@pytest.fixture(params=backends())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store of each kind."""
    opener: Opener = request.param
    with opener(tmp_path) as opened:
        yield opened


def test_accounts_are_counted_by_the_quarter_of_an_hour_they_come_due_in(store: SqlStore) -> None:
    """The next day's; those of later, those that are due, and those that are gone are not."""
    whens = (1.0, 899.0, 901.0, QUARTER * QUARTERS - 1, QUARTER * QUARTERS + 1, -5.0, 2000.0)
    for number, seconds in enumerate(whens):
        connected(store, Ref(APP, f"person-{number}"), warm_at=NOW + seconds)
    store.forsake(Ref(APP, "person-6"), 1, "needs_login", "revoked", event())
    census = take_census(store, NOW, warm=True)

    assert {place: count for place, count in enumerate(census.ahead) if count} == {
        0: 2,
        1: 1,
        95: 1,
    }
    assert (len(census.ahead), census.due, census.lag) == (QUARTERS, 1, 5.0)
    assert census.accounts == {"active": 6, "needs_login": 1}


def test_an_empty_store_has_nobody_to_count(store: SqlStore) -> None:
    """And nobody is late."""
    census = take_census(store, NOW, warm=False)

    assert (census.accounts, census.due, census.lag, sum(census.ahead)) == ({}, 0, 0.0, 0)


def test_the_look_ahead_is_answered_by_an_index_alone(tmp_path: Path) -> None:
    """No row of an account is read for it."""
    asked = {"now": 0.0, "quarter": 1.0, "end": 1.0}
    with closing(sqlite_store(tmp_path / "tokens.db")) as store:
        rows = store.database.read(f"EXPLAIN QUERY PLAN {AHEAD}", asked)

    assert "USING COVERING INDEX accounts_warm" in str(rows)
