"""SQLite: one file for many threads and processes of one host.

Writes that come at the same time share a transaction, and so its syncs. Reads have connections
of their own, and wait for our own commits only, which with a rollback journal lock readers out.
Before a fork all connections are closed: a child that inherits one believes in locks that it
does not have.
"""

from __future__ import annotations

import copy
import os
import threading
import weakref
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from tiktok_oauth.errors import StoreError, store_error
from tiktok_oauth.vault.stores import sqlitefile
from tiktok_oauth.vault.stores.gate import Gate
from tiktok_oauth.vault.stores.groupcommit import GroupCommit
from tiktok_oauth.vault.stores.sqliteconnection import (
    Mode,
    Session,
    connect,
    durability,
    failure,
    kept_mode,
)
from tiktok_oauth.vault.stores.sqlitelibrary import library_of, refuse_second
from tiktok_oauth.vault.stores.sqlstore import SqlStore
from tiktok_oauth.vault.stores.storeclock import HostClock, find_offset, host_clock

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from tiktok_oauth.vault.stores.database import Row, Transaction, Value

    _Work = Callable[[Transaction], Any]

T = TypeVar("T")

_IDLE_READERS = 8


class _Outcome(NamedTuple):
    value: Any
    error: Exception | None = None


class SqliteDatabase:
    """The ``Database`` of a file. Safe to share between threads, and after a fork.

    Args:
        where: the file's path, or its URL; made when it is not there.
        mode: how durable; by the version of SQLite, and by what the file is, when not given.
        clock: the host's time since boot.
        patience: seconds to wait for another program's transaction to end.

    Attributes:
        commits: how many transactions were committed.

    Raises:
        StoreError: as every method, when the file cannot be read or written.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        mode: Mode | None = None,
        clock: HostClock | None = None,
        patience: float = 10.0,
    ) -> None:
        self._path = sqlitefile.path_of(where)
        self._library = library_of(where)
        self._host_clock = clock or host_clock()
        self._patience = patience
        self._offset = 0.0
        self._closed = False
        self.commits: int = 0
        sqlitefile.prepare(self._path)
        self._identity = sqlitefile.identity(self._path)
        refuse_second(self._library, self._identity, _libraries_of(self._identity))
        self._mode = mode or self._kept_mode()
        self._start()
        try:
            self.write(self._prepare)
        except BaseException:
            # The error may live for long, and hold this: an open file would be a stranger's then.
            self._close_connections()
            raise
        with _forking:
            _databases.add(self)

    @property
    def waiting(self) -> int:
        """How many writes wait for the transaction under way to end."""
        return self._queue.waiting

    def describe(self) -> str:
        """What this is and how durable, in one line."""
        journal, synchronous, why = self._mode
        return (
            f"SQLite {self._library.sqlite_version} in {self._path}, journal_mode={journal} and "
            f"synchronous={synchronous}: {why}."
        )

    @property
    def may_forget(self) -> bool:
        """Whether a failover can lose what was written: there is none from a file."""
        return False

    def library_for(self, file: sqlitefile.Identity) -> ModuleType | None:
        """What this has a file open with, if it has."""
        return self._library if file == self._identity and not self._closed else None

    def timeline(self) -> str:
        """The database's history: another word when another file took its place.

        Then, every write fails until the store is opened anew.
        """
        return f"{sqlitefile.identity(self._path).inode:x}"

    def read(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one reading statement outside of any transaction."""
        with self._gate:
            try:
                session = self._readers.pop()
            except IndexError:
                session = self._open(reads=True)
            try:
                rows = session.run(statement, parameters)
            except BaseException:
                session.connection.close()
                raise
            if len(self._readers) < _IDLE_READERS:
                self._readers.append(session)
            else:
                session.connection.close()
        return rows

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run work in a transaction, shared with what others write at the same time.

        It is durable when this returns, and undone alone when it raises.
        """
        value, error = self._queue.do(work)
        if error is not None:
            raise error
        result: T = value
        return result

    def close(self) -> None:
        """Let go of connections."""
        with self._writing, self._gate.alone():
            self._closed = True
            self._close_connections()

    def before_fork(self) -> None:
        """Wait until nobody reads or writes, and close all connections."""
        self._writing.acquire()
        self._gate.shut()
        self._close_connections()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        self._gate.open()
        self._writing.release()

    def after_fork_in_child(self) -> None:
        """Start anew: the threads that held locks or waited are not here."""
        self._start()

    def _start(self) -> None:
        self._writer: Session | None = None
        self._readers: list[Session] = []
        self._gate = Gate()
        self._writing = threading.Lock()
        self._queue: GroupCommit[_Work, _Outcome] = GroupCommit(self._write)

    def _prepare(self, transaction: Transaction) -> None:
        sqlitefile.grow_journal(self._path, "-wal" if self._mode.journal == "wal" else "-journal")
        self._offset = find_offset(transaction, self._host_clock)

    def _now(self) -> float:
        return self._host_clock.now() + self._offset

    def _open(self, *, reads: bool) -> Session:
        if self._closed:
            raise store_error("The store is closed.", "Open a new one.")
        return Session(self._connect(self._mode, reads=reads), self._now)

    def _connect(self, mode: Mode | None, *, reads: bool) -> sqlite3.Connection:
        try:
            return connect(
                sqlitefile.uri(self._path),
                mode,
                reads=reads,
                patience=self._patience,
                library=self._library,
            )
        except self._library.Error as error:
            raise failure(error) from error

    def _kept_mode(self) -> Mode:
        wanted = durability(self._library.sqlite_version_info)
        with closing(self._connect(None, reads=True)) as connection:
            try:
                return kept_mode(connection, wanted)
            except connection.Error as error:
                raise failure(error) from error

    def _close_connections(self) -> None:
        for session in (*self._readers, *([self._writer] if self._writer else ())):
            session.connection.close()
        self._readers.clear()
        self._writer = None

    def _write(self, works: Sequence[_Work]) -> list[_Outcome]:
        """Run works in one transaction. When that fails, it fails for all of them."""
        with self._writing:
            try:
                return self._transact(works)
            except BaseException as error:
                self._drop_writer()
                if not isinstance(error, StoreError):
                    raise
                # Each caller writes on its error which call it was.
                return [_Outcome(None, copy.copy(error)) for _ in works]

    def _transact(self, works: Sequence[_Work]) -> list[_Outcome]:
        if sqlitefile.identity(self._path) != self._identity:
            raise store_error(
                f"Another file took the place of the database {self._path}.",
                "Restart all programs that use it.",
            )
        if self._writer is None:
            self._writer = self._open(reads=False)
        session = self._writer
        outcomes = _attempt_all(session, works, _attempt)
        if any(outcome.error for outcome in outcomes):
            session.run("ROLLBACK", {})
            if len(works) == 1:
                return outcomes
            # The others' work is done once more, each in a bracket of its own: that costs two
            # statements each, and is hardly ever needed.
            outcomes = _attempt_all(session, works, _attempt_apart)
        self._commit(session)
        return outcomes

    def _commit(self, session: Session) -> None:
        if self._mode.journal == "wal":
            session.run("COMMIT", {})
        else:
            # SQLite would poll for the end of reads, and reads for the end of this.
            with self._gate.alone():
                session.run("COMMIT", {})
        self.commits += 1

    def _drop_writer(self) -> None:
        """Closing a connection undoes what it did not commit."""
        if self._writer is not None:
            self._writer.connection.close()
            self._writer = None


def sqlite_store(where: str | Path) -> SqlStore:
    """A store in a file, by its path or its URL; made when it is not there.

    Raises:
        StoreError: it cannot be used, or would not be safe where it is.
    """
    database = SqliteDatabase(where)
    try:
        return SqlStore(database)
    except BaseException:
        database.close()
        raise


def _attempt_all(
    session: Session, works: Sequence[_Work], attempt: Callable[[Session, _Work], _Outcome]
) -> list[_Outcome]:
    session.run("BEGIN IMMEDIATE", {})
    return [attempt(session, work) for work in works]


def _attempt(session: Session, work: _Work) -> _Outcome:
    try:
        return _Outcome(work(session))
    except Exception as error:
        # When a disk fails, SQLite undoes it all by itself: what came next would be outside.
        if not session.connection.in_transaction:
            raise
        return _Outcome(None, error)


def _attempt_apart(session: Session, work: _Work) -> _Outcome:
    """Run work such that it can be undone alone."""
    session.run("SAVEPOINT work", {})
    outcome = _attempt(session, work)
    if outcome.error is not None:
        session.run("ROLLBACK TO work", {})
    session.run("RELEASE work", {})
    return outcome


_databases: weakref.WeakSet[SqliteDatabase] = weakref.WeakSet()
_forking = threading.Lock()


def _libraries_of(file: sqlitefile.Identity) -> frozenset[ModuleType]:
    with _forking:
        return frozenset(filter(None, (one.library_for(file) for one in _databases)))


def _before_fork() -> None:
    _forking.acquire()
    for database in _databases:
        database.before_fork()


def _after_fork_in_parent() -> None:
    for database in _databases:
        database.after_fork_in_parent()
    _forking.release()


def _after_fork_in_child() -> None:
    for database in _databases:
        database.after_fork_in_child()
    _forking.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
