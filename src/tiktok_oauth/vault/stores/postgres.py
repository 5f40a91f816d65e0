"""PostgreSQL under ``SqlStore``, for several hosts: psycopg 3 and its pool, plain SQL.

Nothing here waits for anything but SQL while it holds a connection, a transaction or a lock.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from tiktok_oauth.errors import StoreError
from tiktok_oauth.vault.stores import pgerrors
from tiktok_oauth.vault.stores.pgsql import translate
from tiktok_oauth.vault.stores.sqlstore import SqlStore

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout
except ImportError as _error:
    raise ImportError("PostgreSQL needs: pip install 'tiktok-oauth[postgres]'") from _error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tiktok_oauth.vault.stores.database import Row, Transaction, Value

T = TypeVar("T")

_TRIES = 3

_DEFAULTS: dict[str, str | int] = {
    "application_name": "tiktok-oauth",
    "connect_timeout": 5,
    # A host that has vanished is noticed within half a minute, idle or not.
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "statement_timeout=60s",
        "lock_timeout=5s",
        "idle_in_transaction_session_timeout=15s",
    )
)
# Said in every transaction: behind a pooler a session's settings may be somebody else's.
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on"

# The file being written tells the timeline from the moment of a promotion on; the control file
# tells it only after the next checkpoint.
_TIMELINE = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
_SYSTEM = "(SELECT system_identifier FROM pg_control_system())"
_OURS = re.compile(
    r"(?<=[?&])(?P<name>pool_min|pool_max|pool_timeout|prepare_threshold)=(?P<value>[^&]*)&?"
)
_FACTS = """
    SELECT split_part(current_setting('server_version'), ' ', 1),
        current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
        current_setting('fsync')
"""

_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: undone for somebody else's sake."""
_READ_ONLY = "25006"
"""The server has become a standby."""


def postgres_store(url: str) -> SqlStore:
    """A store in PostgreSQL.

    Args:
        url: as libpq takes it, ``postgresql://user:password@host:port/database``, with several
            hosts for a failover, and these parameters of ours: ``pool_min`` (1) and ``pool_max``
            (10) connections, ``pool_timeout`` (10 seconds, in which most failovers are over) to
            wait for one, and ``prepare_threshold`` (5): how often a statement is run before it
            is prepared on the server, ``none`` for never.

    Raises:
        StoreError: the URL is no good, or the database cannot be used.
    """
    database = PostgresDatabase(url)
    del url  # From here on, a traceback that shows local variables shows no password.
    return SqlStore(database)


class PostgresDatabase:
    """One PostgreSQL database; connections are made when first needed.

    Args:
        url: as for ``postgres_store``.

    Raises:
        StoreError: from every method, when the URL is no good or the database cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._settings = _read_url(url)
        self._lock = threading.Lock()
        self._pool: _Pool | None = None
        self._closed = False
        self._era = 0
        self._history = ""
        self._connections: WeakSet[_Connection] = WeakSet()
        _databases.add(self)

    def describe(self) -> str:
        """Version and durability, in one line."""
        [(version, commit, standbys, fsync)] = self.write(lambda now: now.run(_FACTS, {}))
        kind = "synchronous standbys" if standbys else "no synchronous standby"
        line = f"PostgreSQL {version!s}, synchronous_commit={commit!s}, {kind}"
        if fsync != "on":
            line += "; WARNING: fsync is off, so a crash of its host loses tokens"
        return line

    @property
    def may_forget(self) -> bool:
        """Whether a failover can lose what was written: to an asynchronous standby it can."""
        return True

    def timeline(self) -> str:
        """The system and its timeline, as the newest connection found them; costs nothing.

        It is read before anything else is said on a new connection, so asked once more after a
        claim was granted it tells for certain whether the claim is on the same history.
        """
        self._opened()
        return self._history

    def read(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one reading statement outside of any transaction."""
        query = translate(statement)
        return self._run(lambda connection: _rows(_cursor(connection).execute(query, parameters)))

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run work in a transaction of its own; run again where it certainly was not committed."""
        history = self.timeline()

        def once(connection: _Connection) -> T:
            if connection.history != history:
                raise pgerrors.failed_over()
            connection.execute(_BEGIN, prepare=False)  # It is two statements.
            result = work(_Transaction(_cursor(connection)))
            _commit(connection)
            return result

        return self._run(once)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._closed = True
        if pool is not None:
            pool.close()

    def _run(self, once: Callable[[_Connection], T]) -> T:
        """Run something on a connection, on another one when that turns out to be dead."""
        failures: list[StoreError] = []
        again = True
        while again and len(failures) < _TRIES:
            pool = self._opened()
            connection = None
            try:
                with pool.connection() as connection:
                    return _attempt(connection, once)
            except PoolTimeout:
                failures.append(self._why_none())
                again = False
            except PoolClosed:
                failures.append(pgerrors.closed())
                again = False
            except psycopg.Error as error:
                lost = connection is not None and connection.closed
                failures.append(_explain(error, lost=lost))
                again = not isinstance(error, _OutcomeUnknown) and (
                    lost or error.sqlstate in _AGAIN
                )
                if connection is not None and (lost or error.sqlstate == _READ_ONLY):
                    self._renounce(pool, connection)
        raise failures[-1]

    def _opened(self) -> _Pool:
        if (pool := self._pool) is not None:
            return pool
        with self._lock:
            if self._closed:
                raise pgerrors.closed()
            if self._pool is None:
                settings = self._try()
                self._pool = _Pool(settings, self._prepare)
                self._pool.open()
            return self._pool

    def _try(self) -> _Settings:
        """Make a connection and close it: a pool does not tell why it cannot make any."""
        if self._settings is None:
            raise pgerrors.bad_url()
        failure: StoreError
        try:
            with _Connection.connect(**self._settings.connection) as connection:
                self._prepare(connection)
        except psycopg.Error as error:
            failure = pgerrors.unreachable(str(error))
        else:
            return self._settings
        raise failure

    def _why_none(self) -> StoreError:
        try:
            settings = self._try()
        except StoreError as error:
            return error
        return pgerrors.none_free(settings.patience)

    def _prepare(self, connection: _Connection) -> None:
        """Learn a new connection's history, before it is used for anything else."""
        connection.era = self._era
        connection.history = _history(connection)
        self._connections.add(connection)
        if connection.history != self._history:
            self._history = connection.history
            if (pool := self._pool) is not None:
                pool.drain()

    def _renounce(self, pool: _Pool, connection: _Connection) -> None:
        """Replace all connections of the time of one that has died: few outlive it."""
        with self._lock:
            is_first = connection.era == self._era
            self._era += is_first
        if is_first:
            with suppress(PoolClosed):
                pool.drain()

    def forget_connections(self) -> None:
        """In a forked child: drop the parent's connections without a word to the server."""
        self._lock = threading.Lock()
        self._pool = None
        for connection in self._connections:
            if not connection.closed:
                os.close(connection.fileno())
        self._connections = WeakSet()


_databases: WeakSet[PostgresDatabase] = WeakSet()


def _after_fork_in_child() -> None:
    for database in tuple(_databases):
        database.forget_connections()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    era = 0
    history = ""


class _OutcomeUnknown(psycopg.OperationalError):
    """The connection was lost during COMMIT."""


class _Settings:
    """What a URL says. It holds the password, so it is no value with a repr."""

    def __init__(self, given: Mapping[str, Any], own: Mapping[str, str]) -> None:
        prepare = own.get("prepare_threshold", "5")
        self.min_size = int(own.get("pool_min", 1))
        self.max_size = int(own.get("pool_max", 10))
        self.patience = float(own.get("pool_timeout", 10))
        if not 0 <= self.min_size <= self.max_size > 0 or not self.patience > 0:
            raise ValueError
        self.connection: dict[str, Any] = {
            **_DEFAULTS,
            **given,
            # The caller's come last: they win.
            "options": f"{_OPTIONS} {given.get('options', '')}",
            # Decisions need the primary: a standby may not know of a claim yet.
            "target_session_attrs": "read-write",
            "autocommit": True,
            "prepare_threshold": None if prepare == "none" else int(prepare),
        }


def _read_url(url: str) -> _Settings | None:
    """What a URL says; None when it is no good, so that it is out of sight when that is said."""
    own: dict[str, str] = {}

    def take(found: re.Match[str]) -> str:
        own[found["name"]] = found["value"]
        return ""

    try:
        given = conninfo_to_dict(_OURS.sub(take, url))
        return None if pgerrors.is_torn(given) else _Settings(given, own)
    except (psycopg.Error, ValueError):
        return None


class _Pool(ConnectionPool[_Connection]):
    """A pool that a forked child may drop: its threads are not there, its locks may be held."""

    def __init__(self, settings: _Settings, prepare: Callable[[_Connection], None]) -> None:
        self._home = os.getpid()
        super().__init__(
            connection_class=_Connection,
            kwargs=settings.connection,
            min_size=settings.min_size,
            max_size=settings.max_size,
            open=False,
            configure=prepare,
            name="tiktok-oauth",
            timeout=settings.patience,
            # A try that takes longer has given way to the next caller's, which does not wait.
            reconnect_timeout=settings.patience,
            num_workers=1,
        )

    def __del__(self) -> None:
        if os.getpid() == self._home:
            super().__del__()


class _Transaction:
    def __init__(self, cursor: psycopg.Cursor[Row]) -> None:
        self._cursor = cursor

    def run(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        return _rows(self._cursor.execute(translate(statement), parameters))

    def change(self, statement: str, parameters: Sequence[Mapping[str, Value]]) -> list[int]:
        self._cursor.executemany(translate(statement), parameters, returning=True)
        return [result.rowcount for result in self._cursor.results()]


def _cursor(connection: _Connection) -> psycopg.Cursor[Row]:
    return connection.cursor(binary=True)


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    return cursor.fetchall() if cursor.description is not None else []


def _attempt(connection: _Connection, once: Callable[[_Connection], T]) -> T:
    try:
        return once(connection)
    except psycopg.Error as error:
        if _is_fatal(error):
            connection.close()
        raise


def _commit(connection: _Connection) -> None:
    try:
        connection.commit()
    except psycopg.Error as error:
        if connection.closed or _is_fatal(error):
            connection.close()
            raise _OutcomeUnknown from error
        raise


def _is_fatal(error: psycopg.Error) -> bool:
    """Whether the server has said that it will close the connection."""
    return error.diag.severity_nonlocalized in {"FATAL", "PANIC"}


def _history(connection: _Connection) -> str:
    """The system and its timeline; without the system where a role or service may not ask."""
    try:
        rows = connection.execute(f"SELECT {_SYSTEM}, {_TIMELINE}".encode()).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise
        rows = connection.execute(f"SELECT {_TIMELINE}".encode()).fetchall()
    return "/".join(map(str, rows[0]))


def _explain(error: psycopg.Error, *, lost: bool) -> StoreError:
    if isinstance(error, _OutcomeUnknown):
        return pgerrors.outcome_unknown()
    if lost:
        return pgerrors.lost()
    return pgerrors.refused(error.sqlstate, error.diag.message_primary or type(error).__name__)
