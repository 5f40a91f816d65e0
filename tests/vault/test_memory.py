"""The store in memory, beyond what every store promises."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.vault import sqlite_walks
from tests.vault.made import connected
from tiktok_oauth.vault.stores.memory import MemoryDatabase
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.database import Transaction

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.slow
def test_a_child_forked_amid_a_transaction_can_use_its_copy() -> None:
    """The fork waits for the transaction's end: else its lock would be held there for ever."""
    database = MemoryDatabase()
    inside, over = threading.Event(), threading.Event()

    def write(transaction: Transaction) -> None:
        transaction.run("DELETE FROM logins", {})
        inside.set()

    def write_on() -> None:
        while not over.is_set():
            database.write(write)

    with closing(SqlStore(database)) as store:
        connected(store)
        others = threading.Thread(target=write_on)
        others.start()
        assert inside.wait(10)
        exits = [sqlite_walks.forked(store, str(number)) for number in range(5)]
        over.set()
        others.join()

    assert exits == [0] * 5
