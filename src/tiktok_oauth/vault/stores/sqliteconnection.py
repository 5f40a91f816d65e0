"""One connection to SQLite: how it is set up, how it runs statements, what its failures mean."""

from __future__ import annotations

import re
import sqlite3
from functools import cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from tiktok_oauth.errors import StoreError
    from tiktok_oauth.vault.stores.database import Row, Value
    from tiktok_oauth.vault.stores.sqlitelibrary import Version

    _Picker = Callable[[Mapping[str, Value]], tuple[Value, ...]]

_DIALECT = {
    "blob": "BLOB",
    "float": "REAL",
    "id": "INTEGER PRIMARY KEY",
    "by_key": "WITHOUT ROWID",
    "plain": "+",
    "cleared_often": "",
    "place": "rowid",
    "place_type": "INTEGER",
    "clock": ":clock",
    # A writer has the database for itself: nothing more to lock.
    "lock": "SELECT 1",
    "take_turns": "SELECT 1",
}
_PRAGMAS = (
    "secure_delete=ON",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "mmap_size=0",
    "temp_store=MEMORY",
    # What does not fit into the cache would be written early, and lock readers out until then.
    "cache_spill=OFF",
)
_PIECE = re.compile(r"'(?:[^']|'')*'|:(?P<name>[a-z_][a-z0-9_]*)")
_WAL_MENDED: Version = (3, 51, 3)
_WAL_BACKPORTS: tuple[Version, ...] = ((3, 50, 7), (3, 44, 6))


class Mode(NamedTuple):
    """How commits are made durable.

    Attributes:
        journal: SQLite's ``journal_mode``.
        synchronous: SQLite's ``synchronous``.
        why: the reason, as half a sentence.
    """

    journal: Literal["persist", "wal"]
    synchronous: Literal["EXTRA", "FULL"]
    why: str


def durability(version: Version) -> Mode:
    """The fastest mode that loses no commit with this version of SQLite.

    Before 3.51.3, and before the backports to 3.50 and 3.44, a write-ahead log that several
    connections write and checkpoint can drop committed transactions (sqlite.org/wal.html, "The
    WAL-reset bug", read 2026-11-22).
    """
    if version >= _WAL_MENDED or any(
        version[:2] == mended[:2] and version >= mended for mended in _WAL_BACKPORTS
    ):
        return Mode("wal", "FULL", "this version's write-ahead log is safe")
    why = "it does without the write-ahead log, which is safe from 3.51.3 on"
    return Mode("persist", "EXTRA", why)


def refuse_foreign(connection: sqlite3.Connection) -> None:
    """Refuse a file that another program keeps its own tables in; it is only read.

    Raises:
        sqlite3.Error: it cannot be read; or the library's own.
        StoreError: it holds tables, and no vault's.
    """
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        return
    columns = {column[1] for column in connection.execute("PRAGMA table_info(settings)")}
    # The first is written with the table itself, in one transaction.
    ours = "SELECT 1 FROM settings WHERE name IN ('clock', 'schema')"
    if {"name", "value"} <= columns and connection.execute(ours).fetchone():
        return
    [(_, _, path), *_] = connection.execute("PRAGMA database_list")
    raise store_error(
        f"The database {path} belongs to another program: it holds tables, and none of a vault's.",
        "Name the file that holds the tokens, or one that does not exist yet. Nothing was changed.",
    )


def kept_mode(connection: sqlite3.Connection, wanted: Mode) -> Mode:
    """The mode for a file that may be there already, and have its own.

    A write-ahead log would come upon other programs unasked, and theirs may be one that is not
    safe, while a rollback journal is with every version. A file that has such a log keeps it, too:
    it is for its owner to turn back, and ``connect`` refuses it where the log is not safe.

    Raises:
        sqlite3.Error: it cannot be read; or the library's own.
        StoreError: it is another program's.
    """
    refuse_foreign(connection)
    [found] = connection.execute("PRAGMA journal_mode").fetchone()
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    if wanted.journal == "persist" or found == "wal" or not pages:
        return wanted
    return Mode("persist", "EXTRA", "the file was made for a rollback journal")


def connect(
    uri: str,
    mode: Mode | None,
    *,
    reads: bool = False,
    patience: float = 0.0,
    library: ModuleType = sqlite3,
) -> sqlite3.Connection:
    """Open and set up a connection.

    Args:
        uri: as SQLite reads it.
        mode: how durable; None for a database in memory, or one that is only looked at.
        reads: refuse to write.
        patience: seconds to wait for a lock that another program holds.
        library: a module with the interface of ``sqlite3``.

    Raises:
        sqlite3.Error: it cannot be opened; or the library's own.
        StoreError: another program keeps the file in another mode.
    """
    connection: sqlite3.Connection = library.connect(
        uri, timeout=patience, isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if mode is not None:
            _make_durable(connection, mode)
        # A writer touches a thousand pages for a large claim, a reader a handful.
        connection.execute("PRAGMA query_only=ON" if reads else "PRAGMA cache_size=-16000")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_durable(connection: sqlite3.Connection, mode: Mode) -> None:
    [found] = connection.execute("PRAGMA journal_mode").fetchone()
    # Nobody may have it open, and it is still not ours to change: the next program of its owner
    # would find a slower journal, for good.
    if found != "wal":
        try:
            [found] = connection.execute(f"PRAGMA journal_mode={mode.journal}").fetchone()
        except connection.OperationalError:  # Another process has set it at the same moment.
            [found] = connection.execute("PRAGMA journal_mode").fetchone()
            if found != "wal":
                raise
    if found != mode.journal:
        raise store_error(
            f"The database is kept with journal mode {found} by another program; this one needs "
            f"{mode.journal}: {mode.why}.",
            "Let all programs that open it use the same SQLite, and the same kind of URL, e.g. "
            "sqlite+pysqlite3:///tokens.db. Or stop them all and give it another journal: "
            'sqlite3 tokens.db "PRAGMA journal_mode=delete"',
        )
    connection.execute(f"PRAGMA synchronous={mode.synchronous}")


class Session:
    """Runs the statements of ``sql`` on a connection: the ``Transaction`` of ``sqlstore``."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self.connection = connection
        self._clock = clock

    def run(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Run one statement; the rows it returns, if any.

        Raises:
            StoreError: SQLite could not.
        """
        try:
            return self._execute(statement, parameters).fetchall()
        except self.connection.Error as error:
            if not str(error).startswith(_NO_TEXT):
                raise failure(error) from error
        return self._run_leniently(statement, parameters)

    def _run_leniently(self, statement: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Read rows of which one was altered so that it is no text: it is to fail alone."""
        strict = self.connection.text_factory
        self.connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        try:
            return self._execute(statement, parameters).fetchall()
        except self.connection.Error as error:
            raise failure(error) from error
        finally:
            self.connection.text_factory = strict

    def change(self, statement: str, parameters: Sequence[Mapping[str, Value]]) -> list[int]:
        """Run a writing statement with each set of parameters; how many rows each has changed.

        Raises:
            StoreError: SQLite could not.
        """
        try:
            return [self._execute(statement, one).rowcount for one in parameters]
        except self.connection.Error as error:
            raise failure(error) from error

    def _execute(self, statement: str, parameters: Mapping[str, Value]) -> sqlite3.Cursor:
        text, pick, is_timed = _translated(statement)
        if is_timed:
            parameters = {**parameters, "clock": self._clock()}
        return self.connection.execute(text, pick(parameters))


@cache
def _translated(statement: str) -> tuple[str, _Picker, bool]:
    """A statement in SQLite's words, how to pick its values, and whether it wants the store clock.

    Values are bound in the order of their places, once for each: looking names up costs SQLite's
    module more than SQLite, and numbered places are refused from Python 3.14 on.
    """
    names: list[str] = []

    def piece(found: re.Match[str]) -> str:
        name = found["name"]
        if not name:
            return found[0]
        names.append(name)
        return "?"

    text = _PIECE.sub(piece, statement.format_map(_DIALECT))
    return text, _picker(tuple(names)), "clock" in names


def _picker(names: tuple[str, ...]) -> _Picker:
    if len(names) > 1:
        return itemgetter(*names)
    # Of one name alone it would pick no tuple.
    return lambda values: tuple(values[name] for name in names)


_NO_TEXT = "Could not decode to UTF-8"
"""How Python begins to say that; the rest quotes the column."""
_LATER = "Nothing was changed; the call can be repeated."
_FAILURES: dict[int, tuple[str, str, bool]] = {
    sqlite3.SQLITE_BUSY: (
        "The database was locked by another program for too long.",
        f"Look for a program that keeps a transaction open. {_LATER}",
        True,
    ),
    sqlite3.SQLITE_FULL: ("The disk is full.", f"Make room on it. {_LATER}", True),
    sqlite3.SQLITE_IOERR: (
        "The disk failed to read or write.",
        f"Look into the system log, and for room on the disk. {_LATER}",
        True,
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database file cannot be opened.",
        "See that it and its directory are there and that this process may write to both.",
        False,
    ),
    sqlite3.SQLITE_READONLY: (
        "The database cannot be written.",
        "See that this process may write to the file and its directory, and that none was moved.",
        False,
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database file is damaged, or the disk failed to read it.",
        "Look into the system log. If the disk is well, stop all programs and restore a backup.",
        False,
    ),
    sqlite3.SQLITE_NOTADB: (
        "The file is no SQLite database.",
        "Name the file that holds the tokens, or one that does not exist yet.",
        False,
    ),
}
_FAILURES[sqlite3.SQLITE_LOCKED] = _FAILURES[sqlite3.SQLITE_BUSY]
_FAILURES[sqlite3.SQLITE_PERM] = _FAILURES[sqlite3.SQLITE_CANTOPEN]


def failure(error: sqlite3.Error) -> StoreError:
    """What one of SQLite's errors means for us: no text of its own, which may quote a value."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    message, hint, retryable = _FAILURES.get(
        code & 0xFF, ("SQLite refused a statement.", "Please report this with its name.", False)
    )
    return store_error(f"{message} ({name})", hint, retryable=retryable)
