"""A primary and its standby in PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.postgres import Server, postgres_server, stopped_server
from tests.vault.pg_walks import consent
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores.postgres import postgres_store

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and a standby of it."""
    with postgres_server(fsync=False) as primary, stopped_server(fsync=False) as standby:
        primary.stop()
        standby.become_standby_of(primary)
        primary.start()
        standby.start()
        yield primary, standby


def test_a_standby_is_refused(pair: tuple[Server, Server]) -> None:
    """Decisions need the primary; among several hosts, it is found."""
    primary, standby = pair
    with pytest.raises(StoreError, match="standby") as refused:
        postgres_store(standby.url())
    with closing(postgres_store(primary.url(before=standby))) as store:
        described = store.describe()

    assert refused.value.retryable
    assert described.endswith("WARNING: fsync is off, so a crash of its host loses tokens")


def test_a_failover_is_noticed(pair: tuple[Server, Server]) -> None:
    """The write that meets it is told so and not done again; then the new primary is used."""
    primary, standby = pair
    store = postgres_store(primary.url(before=standby))
    before = store.timeline()

    primary.stop("immediate")
    standby.promote()
    with closing(store), pytest.raises(StoreError, match="failed over") as told:
        store.consent(consent(1))
    again = postgres_store(primary.url(before=standby))
    with closing(again):
        after = again.timeline()
        assert again.consent(consent(1))

    assert told.value.retryable
    assert before != after
    assert before.partition("/")[0] == after.partition("/")[0]
