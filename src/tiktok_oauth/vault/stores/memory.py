"""A database in memory: for tests, trials and simulations. It is gone with the process."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.vault.stores.sqliteconnection import Session, connect
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.vault.stores.database import Row, Transaction, Value

T = TypeVar("T")

_ALL: weakref.WeakSet[MemoryDatabase] = weakref.WeakSet()
_HELD: list[MemoryDatabase] = []
_FORKING = threading.Lock()


class MemoryDatabase:
    """SQLite in memory, one connection under a lock. A forked child has a copy of its own.

    Args:
        clock: the store clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        connection = connect(":memory:", None)
        self._session = Session(connection, clock)
        # Nothing is lost with it: whoever drops it need not close it, and gets no warning.
        weakref.finalize(self, connection.close)
        self._alone = threading.Lock()
        self._restored = 0
        _ALL.add(self)

    def describe(self) -> str:
        """Say what this is, in one line."""
        return "Tokens are kept in memory only: they are gone when the process ends."

    @property
    def may_forget(self) -> bool:
        """Whether a failover can lose what was written: ``restore`` does."""
        return True

    def timeline(self) -> str:
        """The database's history: another word after each ``restore``."""
        return f"memory-{self._restored}"

    def read(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one reading statement.

        Raises:
            StoreError: SQLite could not.
        """
        with self._alone:
            return self._session.run(statement, parameters)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run work in a transaction of its own, undone when it raises.

        Raises:
            StoreError: SQLite could not.
        """
        with self._alone:
            self._session.run("BEGIN IMMEDIATE", {})
            try:
                result = work(self._session)
            except BaseException:
                self._session.run("ROLLBACK", {})
                raise
            self._session.run("COMMIT", {})
            return result

    def snapshot(self) -> bytes:
        """All that is stored now."""
        with self._alone:
            return self._session.connection.serialize()

    def restore(self, snapshot: bytes) -> None:
        """Go back to how it was at a snapshot: what a failover to a late standby does."""
        with self._alone:
            self._session.connection.deserialize(snapshot)
            self._restored += 1

    def hold(self) -> None:
        """Keep everybody out, and wait for whoever is in: right before a fork."""
        self._alone.acquire()

    def let_in(self) -> None:
        """Let others in again, in the parent and in the child."""
        self._alone.release()

    def close(self) -> None:
        """Forget everything."""
        with self._alone:
            self._session.connection.close()


def memory_store(clock: Callable[[], float] = time.monotonic) -> SqlStore:
    """A store in memory.

    Args:
        clock: the store clock.
    """
    return SqlStore(MemoryDatabase(clock))


def _hold_all() -> None:
    _FORKING.acquire()
    _HELD.extend(_ALL)
    for database in _HELD:
        database.hold()


def _let_all_in() -> None:
    while _HELD:
        _HELD.pop().let_in()
    _FORKING.release()


# A child that is forked in the middle of somebody's transaction would never get out of it.
os.register_at_fork(before=_hold_all, after_in_parent=_let_all_in, after_in_child=_let_all_in)
