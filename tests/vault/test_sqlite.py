"""What is SQLite's own: shared commits, many processes, forks, files, modes and full disks."""

from __future__ import annotations

import resource
import signal
import sqlite3
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from tests.vault import sqlite_walks
from tests.vault.made import ANNA, connected, event, read
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores import sql
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase, sqlite_store
from tiktok_oauth.vault.stores.sqliteconnection import Mode, durability
from tiktok_oauth.vault.stores.sqlitelibrary import library_of
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.vault.stores.database import Transaction

WAL = Mode("wal", "FULL", "a test wants it")
OLD = durability((3, 40, 1))
SCHEMES = ("sqlite", "sqlite+pysqlite3")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "tokens.db"


@pytest.fixture(params=SCHEMES)
def url(request: pytest.FixtureRequest, path: Path) -> str:
    """Its URL, for Python's SQLite and for the newer one."""
    return f"{request.param}:///{path}"


@pytest.fixture
def database(url: str) -> Iterator[SqliteDatabase]:
    """An open database."""
    with closing(SqliteDatabase(url)) as opened:
        yield opened


@pytest.fixture
def store(database: SqliteDatabase) -> SqlStore:
    """A store in it."""
    return SqlStore(database)


def put(name: str, transaction: Transaction) -> None:
    """Work that writes a setting, and fails for one name."""
    transaction.run(sql.PUT_SETTING, {"name": name, "value": b"1"})
    if name == "bad":
        raise ValueError(name)


def give_up(transaction: Transaction) -> None:
    """Work in which SQLite undoes the whole transaction by itself, as it may when a disk fails."""
    put("given up", transaction)
    transaction.run("INSERT OR ROLLBACK INTO settings VALUES ('given up', x'00')", {})


def hold(database: SqliteDatabase, held: threading.Event, go: threading.Event) -> None:
    """Keep a transaction open until told to go on."""

    def work(_: Transaction) -> None:
        held.set()
        assert go.wait(10)

    database.write(work)


# Shared commits


@pytest.mark.slow
def test_writes_that_come_together_share_commits(database: SqliteDatabase, store: SqlStore) -> None:
    """Sixty-four threads that wait for one transaction are all written by the next one."""
    held, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(65) as pool:
        first = pool.submit(hold, database, held, go)
        assert held.wait(10)
        before = database.commits
        puts = [pool.submit(database.write, partial(put, str(n))) for n in range(64)]
        while database.waiting < 64:
            pass
        go.set()
        for done in (first, *puts):
            done.result()

    assert database.commits == before + 2
    assert all(store.setting(str(n)) == b"1" for n in range(64))


def test_work_that_fails_is_undone_alone(database: SqliteDatabase, store: SqlStore) -> None:
    """Its caller gets its error; what others wrote in the same transaction stays."""
    held, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        pool.submit(hold, database, held, go)
        assert held.wait(10)
        puts = {n: pool.submit(database.write, partial(put, n)) for n in ("a", "bad", "c")}
        while database.waiting < 3:
            pass
        go.set()
        error = puts["bad"].exception()
        puts["a"].result()
        puts["c"].result()

    assert isinstance(error, ValueError)
    assert [store.setting(name) for name in ("a", "bad", "c")] == [b"1", None, b"1"]


def test_a_failing_write_alone_is_undone(database: SqliteDatabase, store: SqlStore) -> None:
    """And the next one is not hindered by it."""
    with pytest.raises(ValueError, match="bad"):
        database.write(partial(put, "bad"))
    database.write(partial(put, "good"))

    assert (store.setting("bad"), store.setting("good")) == (None, b"1")


def test_what_sqlite_undoes_itself_says_why(database: SqliteDatabase, store: SqlStore) -> None:
    """The error is that of the disk, and not that there is nothing left to undo."""
    with pytest.raises(StoreError, match="SQLITE_CONSTRAINT"):
        database.write(give_up)

    database.write(partial(put, "next"))
    assert store.setting("given up") is None
    assert store.setting("next") == b"1"


def test_nothing_is_written_after_sqlite_has_given_up(
    database: SqliteDatabase, store: SqlStore
) -> None:
    """Who shares the transaction is told, too: outside of one, its work would be half done."""
    held, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        pool.submit(hold, database, held, go)
        assert held.wait(10)
        works = (partial(put, "a"), give_up, partial(put, "c"))
        puts = [pool.submit(database.write, work) for work in works]
        while database.waiting < 3:
            pass
        go.set()
        errors = [done.exception() for done in puts]

    assert all("SQLITE_CONSTRAINT" in str(error) for error in errors)
    assert [store.setting(name) for name in ("a", "given up", "c")] == [None, None, None]


def test_an_interrupt_is_an_error_for_those_who_waited(database: SqliteDatabase) -> None:
    """Whoever was interrupted hears so; others whose work was with it can repeat it."""
    held, go = threading.Event(), threading.Event()

    def interrupted(_: Transaction) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(3) as pool:
        pool.submit(hold, database, held, go)
        assert held.wait(10)
        leader = pool.submit(database.write, interrupted)
        while database.waiting < 1:
            pass
        follower = pool.submit(database.write, partial(put, "a"))
        while database.waiting < 2:
            pass
        go.set()
        errors = leader.exception(), follower.exception()

    assert isinstance(errors[0], KeyboardInterrupt)
    assert isinstance(errors[1], StoreError)
    assert errors[1].retryable
    database.write(partial(put, "a"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "lock"),
    [
        ("sqlite", "BEGIN IMMEDIATE"),
        ("sqlite+pysqlite3", "BEGIN IMMEDIATE"),
        # Beside a write-ahead log, those who read hinder nobody.
        ("sqlite", "BEGIN; SELECT * FROM settings"),
    ],
    indirect=["url"],
)
def test_another_programs_lock_is_a_retryable_error(path: Path, url: str, lock: str) -> None:
    """Whether it keeps a transaction from beginning or from ending: nothing was changed."""
    store = SqlStore(SqliteDatabase(url, patience=0.05))
    with closing(store), closing(library_of(url).connect(path, isolation_level=None)) as other:
        for statement in lock.split(";"):
            other.execute(statement).fetchone()
        with pytest.raises(StoreError, match="locked by another program") as caught:
            store.put_setting("a", b"1")
        other.execute("ROLLBACK")

        assert caught.value.retryable
        assert store.setting("a") is None
        store.put_setting("a", b"2")


def test_reads_go_on_while_somebody_writes(database: SqliteDatabase, store: SqlStore) -> None:
    """An open transaction shows nothing yet, and keeps nobody waiting."""
    grant = connected(store)
    held, go = threading.Event(), threading.Event()

    def work(transaction: Transaction) -> None:
        transaction.run(sql.ERASE[-1], ANNA._asdict())
        held.set()
        assert go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        erasing = pool.submit(database.write, work)
        assert held.wait(10)
        seen = store.get(ANNA)
        go.set()
        erasing.result()

    assert seen == grant
    assert store.get(ANNA) is None


def test_both_journals_keep_the_contract(path: Path) -> None:
    """A write-ahead log, where it is safe, and a database that was left by one."""
    with closing(SqlStore(SqliteDatabase(path, mode=WAL))) as store:
        grant = connected(store)
        wal = path.with_name("tokens.db-wal").stat().st_size
    with closing(SqlStore(SqliteDatabase(path, mode=WAL))) as store:
        assert read(store) == grant
    with closing(sqlite3.connect(path)) as owner:
        owner.execute("PRAGMA journal_mode=delete")
    with closing(SqlStore(SqliteDatabase(path, mode=OLD))) as store:
        assert read(store) == grant

    assert wal >= 4 << 20


@pytest.mark.parametrize("is_in_use", [True, False])
def test_a_write_ahead_log_is_not_taken_from_a_file(path: Path, *, is_in_use: bool) -> None:
    """An older SQLite refuses it with the way back, and changes nothing, whoever has it open."""
    first = SqliteDatabase(path, mode=WAL)
    if not is_in_use:
        first.close()

    with pytest.raises(StoreError, match="kept with journal mode wal") as caught:
        SqliteDatabase(path, mode=OLD, patience=0.05)
    first.close()

    assert "sqlite+pysqlite3:///" in caught.value.hint
    assert "PRAGMA journal_mode=delete" in caught.value.hint
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_modes_on_one_file_are_refused(path: Path) -> None:
    """Whoever comes second with another mode is told, instead of changing it under the first."""
    with closing(SqlStore(SqliteDatabase(path, mode=WAL))) as store:
        connected(store)
        with pytest.raises(StoreError, match="kept with journal mode wal by another program"):
            SqliteDatabase(path, mode=OLD, patience=0.05)


# Processes


@pytest.mark.slow
def test_processes_share_a_file(url: str) -> None:
    """Four processes count the same setting up, and none of their steps is lost."""
    with closing(sqlite_store(url)) as store:
        store.put_setting("count", b"0")
        with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
            list(pool.map(sqlite_walks.count_up, [url] * 4, [25] * 4))

        assert store.setting("count") == b"100"


@pytest.mark.slow
def test_processes_open_a_new_file_at_once(url: str) -> None:
    """The schema is made once, by whoever comes first."""
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        lines = set(pool.map(sqlite_walks.timeline, [url] * 4))

    assert len(lines) == 1


@pytest.mark.slow
@pytest.mark.parametrize("mode", [None, WAL], ids=["default", "wal"])
def test_a_forked_child_has_connections_of_its_own(url: str, mode: Mode | None) -> None:
    """Forked while other threads read and write, it reads and writes, and so does its parent."""
    store = SqlStore(SqliteDatabase(url, mode=mode))
    connected(store)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            store.get(ANNA)
            store.add_events(ANNA, [event()])

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work) for _ in range(3)]
        exits = [sqlite_walks.forked(store, str(number)) for number in range(3)]
        stop.set()
        for done in working:
            done.result()

    assert exits == [0, 0, 0]
    assert [store.setting(f"child {number}") for number in range(3)] == [b"1"] * 3
    store.close()


# Disks


@pytest.mark.slow
@pytest.mark.parametrize("mode", [None, WAL], ids=["default", "wal"])
def test_a_full_disk_takes_claims_and_settlements(url: str, mode: Mode | None) -> None:
    """No file can grow: what changes rows in place is still committed, what adds is an error."""
    walk = get_context("spawn").Process(target=sqlite_walks.full_disk, args=(url, mode))
    walk.start()
    walk.join(60)

    assert walk.exitcode == 0


@pytest.mark.slow
def test_a_write_that_was_killed_is_undone(url: str) -> None:
    """A process that dies within a transaction leaves the database as it was before."""
    with closing(sqlite_store(url)) as store:
        before = connected(store)
    walk = get_context("spawn").Process(target=sqlite_walks.die_writing, args=(url,))
    walk.start()
    walk.join(60)

    with closing(sqlite_store(url)) as store:
        assert (walk.exitcode, read(store)) == (-signal.SIGKILL, before)


# Two copies of SQLite


@pytest.mark.parametrize("newer", SCHEMES[1:])
def test_a_file_keeps_the_journal_it_was_made_with(path: Path, newer: str) -> None:
    """A newer SQLite changes nothing under programs that an older one serves."""
    with closing(SqliteDatabase(path, mode=OLD)):
        with_rollback = f"{newer}:///{path}"
    with closing(SqliteDatabase(with_rollback)) as kept:
        assert "journal_mode=persist and synchronous=EXTRA: the file was made" in kept.describe()

    with closing(SqliteDatabase(f"{with_rollback}-new")) as fresh:
        assert "journal_mode=wal and synchronous=FULL" in fresh.describe()


@pytest.mark.parametrize(("first", "second"), [SCHEMES, SCHEMES[::-1]])
def test_two_copies_on_one_file_are_refused(path: Path, first: str, second: str) -> None:
    """In one process each would end the other's locks; once the first is closed, it may."""
    with closing(SqliteDatabase(f"{first}:///{path}", mode=OLD)) as database:
        connected(SqlStore(database))
        with pytest.raises(StoreError, match="Another copy of SQLite"):
            SqliteDatabase(f"{second}:///{path}")
    SqliteDatabase(f"{second}:///{path}").close()


def test_a_file_that_could_not_be_opened_is_opened_later(url: str) -> None:
    """The disk was full for a moment: the error of then keeps nothing open that is in the way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * 1024, hard))
    try:
        with pytest.raises(StoreError, match="no room") as refused:
            SqliteDatabase(url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    SqliteDatabase(url).close()
    assert refused.value.retryable


def test_somebody_elses_copy_is_noticed(path: Path, url: str) -> None:
    """The newer one is not opened beside a stranger's connection; Python's own shares its copy."""
    SqliteDatabase(url).close()
    with closing(sqlite3.connect(path)) as stranger:
        stranger.execute("SELECT 1 FROM sqlite_master").fetchall()
        if url.startswith("sqlite:"):
            SqliteDatabase(url).close()
        else:
            with pytest.raises(StoreError, match="with nothing beside"):
                SqliteDatabase(url)


def test_what_is_not_installed_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "pysqlite3", None)
    monkeypatch.setitem(sys.modules, "pysqlite3.dbapi2", None)

    with pytest.raises(StoreError, match=r"pip install 'tiktok-oauth\[sqlite\]'"):
        SqliteDatabase(f"sqlite+pysqlite3:///{path}")

    assert not path.exists()
