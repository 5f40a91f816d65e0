"""Copies of a store: complete, private, without keys, and frozen from birth."""

from __future__ import annotations

import sqlite3
import stat
from base64 import b64encode
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.vault import HOUR
from tiktok_oauth import KeyRing, StoreError, ValidationError
from tiktok_oauth.vault.freeze import FROZEN, unfreeze
from tiktok_oauth.vault.moving.backup import back_up
from tiktok_oauth.vault.sealing.material import RawKey, RingKey
from tiktok_oauth.vault.stores.rows import AccountQuery
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.vault import Town

KEY = b"CANARY-key-of-32-bytes-in-ascii!"


def url(tmp_path: Path) -> str:
    """The store of the town."""
    return f"sqlite:///{tmp_path / 'tokens.db'}"


def test_a_copy_holds_every_account(file_town: Town, tmp_path: Path) -> None:
    """Of one moment, while the store is open."""
    vault = file_town.vault()
    for person in ("mina", "jonas"):
        file_town.connect(vault, person)

    made = back_up(url(tmp_path), tmp_path / "copy.db")

    copy = sqlite_store(tmp_path / "copy.db")
    assert (made.accounts, made.size) == (2, (tmp_path / "copy.db").stat().st_size)
    assert copy.page(AccountQuery()) == file_town.store.page(AccountQuery())
    copy.close()
    file_town.connect(vault, "ha")


def test_another_programs_file_is_not_copied(tmp_path: Path) -> None:
    """It is refused, and no half of a copy is left."""
    with closing(sqlite3.connect(tmp_path / "tokens.db")) as owner:
        owner.execute("CREATE TABLE accounts (id INTEGER)")

    with pytest.raises(StoreError, match="belongs to another program"):
        back_up(url(tmp_path), tmp_path / "copy.db")

    assert [path.name for path in tmp_path.iterdir()] == ["tokens.db"]


def test_a_copy_is_private_and_one_file(file_town: Town, tmp_path: Path) -> None:
    """Nobody else can read it, and nothing lies beside it."""
    file_town.connect(file_town.vault())
    (tmp_path / "out").mkdir()

    made = back_up(url(tmp_path), tmp_path / "out" / "copy.db")

    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert list((tmp_path / "out").iterdir()) == [made.path]


def test_a_copy_holds_no_key_and_no_token(file_town: Town, tmp_path: Path) -> None:
    """Whoever finds it can do nothing with it."""
    vault = file_town.vault(keys=KeyRing([RingKey.from_key("k1", RawKey(KEY))]))
    file_town.do(file_town.connect(vault).refresh)

    back_up(url(tmp_path), tmp_path / "copy.db")

    content = (tmp_path / "copy.db").read_bytes()
    secrets = [KEY, b64encode(KEY), KEY.hex().encode(), *(t.encode() for t in file_town.issued)]
    assert len(secrets) == 3 + 4
    assert [secret for secret in secrets if secret in content] == []


def test_a_restored_copy_refreshes_nothing(file_town: Town, tmp_path: Path) -> None:
    """Not on the host it was made on, nor on one that has never seen the store."""
    account = file_town.connect(file_town.vault())
    back_up(url(tmp_path), tmp_path / "copy.db")
    file_town.close()
    for journal in (tmp_path / "tokens.db-answers").iterdir():
        journal.unlink()
    (tmp_path / "copy.db").replace(tmp_path / "tokens.db")
    file_town.restart()
    file_town.clock.advance(3 * HOUR)
    again = file_town.do(file_town.vault().account, account.open_id)

    assert isinstance(file_town.refused(again.access_token), StoreError)
    assert file_town.refreshes == 0
    unfreeze(file_town.store)
    assert file_town.accepts(file_town.do(again.access_token))


def test_the_store_itself_is_not_frozen(file_town: Town, tmp_path: Path) -> None:
    """Only its copy is."""
    account = file_town.connect(file_town.vault())
    back_up(url(tmp_path), tmp_path / "copy.db")

    assert file_town.store.setting(FROZEN) is None
    assert file_town.do(account.refresh).status == "active"


def test_nothing_is_written_over(file_town: Town, tmp_path: Path) -> None:
    """Neither another backup nor a link."""
    file_town.connect(file_town.vault())
    (tmp_path / "copy.db").write_text("precious")
    (tmp_path / "link.db").symlink_to(tmp_path / "elsewhere.db")

    for name in ("copy.db", "link.db"):
        with pytest.raises(StoreError, match="exists already; it was not touched"):
            back_up(url(tmp_path), tmp_path / name)
    assert (tmp_path / "copy.db").read_text() == "precious"
    assert not (tmp_path / "elsewhere.db").exists()


def test_what_cannot_be_copied_leaves_nothing_behind(file_town: Town, tmp_path: Path) -> None:
    """No half file, whatever fails."""
    file_town.connect(file_town.vault())
    (tmp_path / "other.db").write_bytes(b"no database, but as long as one has to be" * 100)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(StoreError, match="cannot be written"):
        back_up(url(tmp_path), tmp_path / "nowhere" / "copy.db")
    with pytest.raises(StoreError, match="no SQLite database"):
        back_up(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "copy.db")
    with pytest.raises(StoreError, match="is gone"):
        back_up(f"sqlite:///{tmp_path / 'missing.db'}", tmp_path / "copy.db")
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_store_makes_no_copy(file_town: Town, tmp_path: Path) -> None:
    """What is copied is looked through before it gets its name."""
    vault = file_town.vault()
    for person in ("mina", "jonas", "ayse", "ha"):
        file_town.connect(vault, person)
    file_town.close()
    store = tmp_path / "tokens.db"
    with closing(sqlite3.connect(store)) as connection:
        find = "SELECT rootpage FROM sqlite_master WHERE name = 'accounts_warm'"
        [page] = connection.execute(find).fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with store.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    with pytest.raises(StoreError, match="damaged"):
        back_up(url(tmp_path), tmp_path / "copy.db")

    assert not [path for path in tmp_path.iterdir() if "copy" in path.name]


def test_postgres_is_backed_up_by_its_own_means(tmp_path: Path) -> None:
    """The error says how."""
    with pytest.raises(ValidationError, match="Only SQLite") as caught:
        back_up("postgresql://db/tokens", tmp_path / "copy.db")

    assert "write-ahead log" in caught.value.hint
