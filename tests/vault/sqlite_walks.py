"""What tests do with a SQLite store in processes of their own."""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.vault.made import ANNA, NOW, claim, claimed, connected, read, settled
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores import sql
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase, sqlite_store
from tiktok_oauth.vault.stores.sqlitefile import path_of
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.database import Transaction
    from tiktok_oauth.vault.stores.sqliteconnection import Mode


def count_up(url: str, times: int) -> None:
    """Read a number and write the next one, each time in one transaction."""

    def work(transaction: Transaction) -> None:
        [(value,)] = transaction.run(sql.SETTING, {"name": "count"})
        number = int(bytes(value)) + 1  # type: ignore[arg-type]  # a blob column
        transaction.run(sql.PUT_SETTING, {"name": "count", "value": str(number).encode()})

    with closing(SqliteDatabase(url)) as database:
        for _ in range(times):
            database.write(work)


def timeline(url: str) -> str:
    """Open a store, and the database's history."""
    with closing(sqlite_store(url)) as store:
        return store.timeline()


def forked(store: SqlStore, name: str) -> int:
    """Fork while others use the store; the child uses it, too. How the child ended."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            read(store)
            store.put_setting(f"child {name}", b"1")
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def full_disk(url: str, mode: Mode | None) -> None:
    """Claim and settle while no file can grow."""
    store = SqlStore(SqliteDatabase(url, mode=mode))
    grant = connected(store)
    store.put_setting("larger than the journal", bytes(5 << 20))
    store.close()
    store = SqlStore(SqliteDatabase(url, mode=mode))
    size = path_of(url).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    for number in range(20):
        held = claimed(store, read(store), str(number))
        assert store.settle([settled(held, event=None, not_before=NOW)]) == [True]
    try:
        store.put_setting("more", bytes(8 << 20))
    except StoreError as error:
        assert error.retryable  # noqa: PT017 - in a process without pytest
    else:
        sys.exit("The disk was not full.")
    assert store.claim([claim(grant, "last")]) != [None]
    assert read(store, ANNA).attempt == "last"


def die_writing(url: str) -> None:
    """Change a row, and die before the transaction ends."""

    def work(transaction: Transaction) -> None:
        transaction.run(sql.ERASE[-1], ANNA._asdict())
        os.kill(os.getpid(), signal.SIGKILL)

    SqliteDatabase(url).write(work)
