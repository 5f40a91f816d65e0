"""The simulated database: the vault's statements on SQLite in memory, for one thread.

Nothing comes between two statements of a run, so one transaction lasts for the whole of it: to
commit costs as much as a statement. What all runs do alike is done once in a process: the schema,
and SQLite's own preparations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.errors import StoreError
from tiktok_oauth.vault.stores.sqliteconnection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.stories import Stories
    from tiktok_oauth.vault.stores.database import Row, Transaction, Value
    from tiktok_oauth.vault.stores.sqlstore import SqlStore

T = TypeVar("T")


class Database:
    """A ``Database`` that can fail over, and that one world after the other begins with.

    Args:
        stories: the vault's code.

    Attributes:
        store: the vault's store over it.
    """

    may_forget = True

    def __init__(self, stories: Stories) -> None:
        connection = connect(":memory:", None)
        connection.execute("PRAGMA journal_mode=OFF")
        self._connection = connection
        self._session: Transaction = stories.sqlite.Session(connection, self._now)
        self._reads: dict[tuple[str, tuple[Value, ...]], list[Row]] = {}
        self._failovers = 0
        self._clock: Callable[[], float] = float
        self.store: SqlStore = stories.sqlstore.SqlStore(self)
        self._empty = self.snapshot()

    def begin(self, clock: Callable[[], float]) -> SqlStore:
        """Forget the world before; the empty store of the next one.

        Args:
            clock: the store clock.
        """
        self._clock = clock
        self.restore(self._empty)
        self._failovers = 0
        return self.store

    def describe(self) -> str:
        """Say what this is, in one line."""
        return "A simulated database."

    def timeline(self) -> str:
        """The database's history: another word after each failover."""
        return f"simulated-{self._failovers}"

    def read(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one reading statement. Until the next write the same one finds the same rows."""
        if "{clock}" in statement:
            return self._session.run(statement, parameters)
        question = statement, tuple(parameters.values())
        if question not in self._reads:
            self._reads[question] = self._session.run(statement, parameters)
        return self._reads[question]

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run work.

        Raises:
            AssertionError: SQLite refused a statement, which is a mistake of ours.
        """
        self._reads.clear()
        try:
            return work(self._session)
        except StoreError as error:
            message = "a statement failed"
            raise AssertionError(message) from error

    def snapshot(self) -> bytes:
        """All that is stored now."""
        self._connection.commit()
        stored = self._connection.serialize()
        self._connection.execute("BEGIN")
        return stored

    def restore(self, snapshot: bytes) -> None:
        """Go back to how it was at a snapshot: what a failover to a late standby does."""
        self._reads.clear()
        self._connection.commit()
        self._connection.deserialize(snapshot)
        self._connection.execute("BEGIN")
        self._failovers += 1

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _now(self) -> float:
        return self._clock()
