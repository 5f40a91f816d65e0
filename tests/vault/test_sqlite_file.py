"""Where SQLite's file may lie, how durable it is, and what time it keeps."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.vault.made import MINE, OTHER, boot, claim, claimed, connected, read
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores.memory import MemoryDatabase
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase, sqlite_store
from tiktok_oauth.vault.stores.sqliteconnection import durability
from tiktok_oauth.vault.stores.sqlitefile import check_place, file_system, path_of
from tiktok_oauth.vault.stores.sqlstore import SqlStore
from tiktok_oauth.vault.stores.storeclock import HostClock

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.stores.sqlitelibrary import Version

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:35 / /mnt/with\\040space rw,relatime - nfs4 server:/export rw
41 22 0:36 / /mnt/a rw,relatime shared:2 master:1 - tmpfs tmpfs rw
42 41 0:37 / /mnt/a rw,relatime - fuse.sshfs host: rw
43 22 0:38 / /mnt/a/deep rw,relatime - xfs /dev/vdb rw
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "tokens.db"


@pytest.mark.parametrize(
    ("version", "journal", "synchronous"),
    [
        ((3, 40, 1), "persist", "EXTRA"),
        ((3, 44, 5), "persist", "EXTRA"),
        ((3, 44, 6), "wal", "FULL"),
        ((3, 45, 9), "persist", "EXTRA"),
        ((3, 50, 6), "persist", "EXTRA"),
        ((3, 50, 7), "wal", "FULL"),
        ((3, 51, 2), "persist", "EXTRA"),
        ((3, 51, 3), "wal", "FULL"),
        ((3, 52, 0), "wal", "FULL"),
        ((4, 0, 0), "wal", "FULL"),
    ],
)
def test_a_write_ahead_log_is_used_where_it_is_safe(
    version: Version, journal: str, synchronous: str
) -> None:
    """From 3.51.3 on and in the lines that were mended; else a rollback journal."""
    assert durability(version)[:2] == (journal, synchronous)


def test_the_mode_is_told_with_its_reason(path: Path) -> None:
    """Version, file, mode and why, for the log at start."""
    with closing(sqlite_store(path)) as store:
        line = store.describe()

    assert line.startswith("SQLite 3.")
    assert f"in {path}, journal_mode=" in line
    assert "write-ahead log" in line


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite3"])
def test_the_files_are_private(path: Path, scheme: str) -> None:
    """Database and journal can be used by their owner only, whatever the process's mask."""
    mask = os.umask(0)
    try:
        with closing(sqlite_store(f"{scheme}:///{path}")) as store:
            connected(store)
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(mask)

    assert len(modes) >= 2
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_can_use_is_said(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warning names the file and the mend; a private one gets none."""
    sqlite_store(path).close()
    assert [line for line in caplog.messages if "others" in line.lower()] == []
    path.chmod(0o640)

    sqlite_store(path).close()

    [line] = [line for line in caplog.messages if "Others than its owner" in line]
    assert f"{path}: chmod 600 it" in line


@pytest.mark.parametrize("kind", ["link", "directory", "text", "nowhere"])
def test_what_is_no_database_is_refused(tmp_path: Path, path: Path, kind: str) -> None:
    """A link, a directory, another kind of file, and a directory that is not there."""
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "directory":
        path.mkdir()
    elif kind == "text":
        path.write_text("no database, but long enough to be taken for one" * 100)
        path.chmod(0o600)
    else:
        path = tmp_path / "nowhere" / "tokens.db"

    with pytest.raises(StoreError) as caught:
        sqlite_store(path)

    assert not caught.value.retryable
    assert not (tmp_path / "elsewhere").exists()


FOREIGN = [
    "CREATE TABLE auth_user (id INTEGER)",
    "CREATE TABLE accounts (id INTEGER)",
    "CREATE TABLE settings (theme TEXT)",
    "CREATE TABLE settings (name TEXT, value TEXT); INSERT INTO settings VALUES ('theme', 'dark')",
]


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("script", FOREIGN)
def test_another_programs_database_is_refused_untouched(
    path: Path, script: str, journal: str
) -> None:
    """No table is made in it, its journal stays, and the sentence says what to name instead."""
    with closing(sqlite3.connect(path)) as owner:
        owner.execute(f"PRAGMA journal_mode={journal}")
        owner.executescript(script)
    before = path.read_bytes()

    with pytest.raises(StoreError, match="belongs to another program") as caught:
        sqlite_store(path)

    assert str(path) in caught.value.message
    assert "Name the file that holds the tokens" in caught.value.hint
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_is_nobodys_yet(path: Path) -> None:
    """A database is made in it."""
    path.touch(0o600)

    with closing(sqlite_store(path)) as store:
        assert store.setting("name") is not None


def test_a_link_to_the_directory_is_followed_once(tmp_path: Path) -> None:
    """The file stays where the link pointed when the store was opened."""
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")

    assert path_of(tmp_path / "link" / "tokens.db") == tmp_path / "one" / "tokens.db"


def test_urls_name_relative_and_absolute_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slashes and a name, or four and a path."""
    monkeypatch.chdir(tmp_path)

    assert path_of("sqlite:///tokens.db") == tmp_path / "tokens.db"
    assert path_of(f"sqlite:///{tmp_path}/tokens.db") == tmp_path / "tokens.db"
    assert path_of("sqlite+pysqlite3:///tokens.db") == tmp_path / "tokens.db"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///",
        "sqlite://",
        "sqlite:tokens.db",
        "sqlite://h/t.db",
        "sqlite+pysqlite3:///",
        "sqlite+other:///tokens.db",
    ],
)
def test_urls_that_name_no_file_are_refused(url: str) -> None:
    """With the right form in the hint."""
    with pytest.raises(StoreError, match=r"sqlite:///tokens\.db"):
        path_of(url)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/lib/tokens.db", "ext4"),
        ("/mnt/with space/tokens.db", "nfs4"),
        ("/mnt/a/tokens.db", "fuse.sshfs"),
        ("/mnt/a/deep/tokens.db", "xfs"),
        ("/mnt/ab/tokens.db", "ext4"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(
    tmp_path: Path, place: str, kind: str
) -> None:
    """Escaped names, mounts on mounts and mounts hidden by later ones are read rightly."""
    assert file_system(type(tmp_path)(place), MOUNTS) == kind


def test_network_file_systems_are_refused(path: Path) -> None:
    """Before anything is made there; one in memory is said."""
    mounts = f"1 0 0:1 / {path.parent} rw - nfs4 server:/ rw"

    with pytest.raises(StoreError, match="on a network file system"):
        check_place(path, mounts)
    assert not path.exists()


@pytest.mark.parametrize(
    ("kind", "told"), [("tmpfs", "gone at the next boot"), ("overlay", "gone with the container")]
)
def test_a_file_system_that_does_not_last_is_said(
    path: Path, caplog: pytest.LogCaptureFixture, kind: str, told: str
) -> None:
    """The database is gone with it."""
    check_place(path, f"1 0 0:1 / {path.parent} rw - {kind} {kind} rw")

    assert told in caplog.text


def test_a_directory_of_any_name_holds_a_database(tmp_path: Path) -> None:
    """Linux knows no character set: a name need not be UTF-8."""
    directory = tmp_path / os.fsdecode(b"caf\xe9")
    directory.mkdir()

    store = sqlite_store(directory / "tokens.db")

    assert store.boots() == []
    store.close()


def test_a_file_that_was_replaced_is_not_written(path: Path) -> None:
    """The timeline is another one, and writing to the old file would be lost."""
    store = sqlite_store(path)
    before = store.timeline()
    sqlite_store(path.with_name("backup.db")).close()
    path.with_name("backup.db").rename(path)

    with closing(store):
        assert store.timeline() != before
        with pytest.raises(StoreError, match="Another file took the place"):
            store.put_setting("a", b"1")
        path.unlink()
        with pytest.raises(StoreError, match="is gone"):
            store.timeline()


def test_a_closed_store_says_so(path: Path) -> None:
    """Reading and writing afterwards are errors, closing once more is none."""
    store = sqlite_store(path)
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.boots()
    with pytest.raises(StoreError, match="closed"):
        store.put_setting("a", b"1")


def at(seconds: float, host_boot: str) -> HostClock:
    """A host's clock that stands still."""
    return HostClock(lambda: seconds, host_boot)


@pytest.mark.parametrize("uptime", [10.0, 5000.0, 900_000.0])
def test_the_store_clock_stands_still_while_the_host_is_down(path: Path, uptime: float) -> None:
    """However long the host has been up again, a claim is as old as when it was last seen."""
    with closing(SqlStore(SqliteDatabase(path, clock=at(5000, "one")))) as store:
        held = claimed(store, connected(store), boot=OTHER)
    with closing(SqlStore(SqliteDatabase(path, clock=at(uptime, "two")))) as store:
        store.begin_boot(boot(MINE))

        assert held.claimed_at == 5000
        assert {one.seen_at for one in store.boots()} == {5000}
        assert store.claim([claim(held, "a2", patience=1.0)]) == [None]
    with closing(SqlStore(SqliteDatabase(path, clock=at(uptime + 1, "two")))) as store:
        assert store.claim([claim(held, "a3", patience=1.0)]) != [None]


def test_a_clock_that_fell_back_goes_on_where_it_stood(path: Path) -> None:
    """Also on a host that does not tell when it was booted."""
    with closing(SqlStore(SqliteDatabase(path, clock=at(5000, "")))) as store:
        store.begin_boot(boot(MINE))
    with closing(SqlStore(SqliteDatabase(path, clock=at(7, "")))) as store:
        store.touch_boot(boot(MINE))

        assert [one.seen_at for one in store.boots()] == [5000]


def test_a_database_in_memory_can_go_back() -> None:
    """All of it, and another timeline says so."""
    database = MemoryDatabase()
    store = SqlStore(database)
    grant = connected(store)
    before, snapshot = store.timeline(), database.snapshot()
    claimed(store, grant)

    database.restore(snapshot)

    assert read(store) == grant
    assert store.timeline() != before
    claimed(store, grant)
