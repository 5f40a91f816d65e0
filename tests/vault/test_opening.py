"""From what a program says, or leaves to the environment, to a store with its keys and journal."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import Town, World, in_memory
from tiktok_oauth import KeyRing, StoreError, TokenVault, ValidationError, VaultKeyError
from tiktok_oauth.vault.freeze import ALIVE
from tiktok_oauth.vault.opening import journal_of, keys_path, place_of, state_path
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.site import judge_keys, open_site
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.sqlite import sqlite_store
from tiktok_oauth.vault.wholefile import told_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def town() -> Iterator[Town]:
    """Clients of a sandbox; the stores are each test's own."""
    place = Town(World(None), in_memory())
    yield place
    place.close()


@pytest.fixture
def open_vault(town: Town) -> Callable[..., TokenVault]:
    """Opens vaults by what a program would say."""
    return partial(TokenVault, town.client())


def refused(vault: TokenVault) -> Any:  # noqa: ANN401 - whatever was raised
    """What using a vault for the first time raises."""
    with pytest.raises((StoreError, ValidationError, VaultKeyError)) as caught:
        vault.begin_login()
    return caught.value


def digest(path: Path) -> str:
    """Tells whether a file's bytes have changed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_new_database_brings_a_key_ring(
    open_vault: Callable[..., TokenVault], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Made once, outside of the database, for its owner alone; and it is said."""
    with open_vault(store=f"sqlite:///{tmp_path}/tokens.db") as vault:
        vault.begin_login()

    path = tmp_path / "config" / "tiktok-oauth" / "keys.json"
    assert keys_path() == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    [said] = [r for r in caplog.records if str(path) in r.getMessage()]
    assert said.levelname == "WARNING"
    assert "copy" in said.getMessage()
    assert len(KeyRing.from_file(path).key_ids) == 1


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_a_program_that_goes_elsewhere_keeps_its_database(
    open_vault: Callable[..., TokenVault],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    town: Town,
    by: str,
) -> None:
    """A relative path is one of the directory in which the vault was made."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    url = "sqlite:///tokens.db"
    monkeypatch.setenv("TIKTOK_OAUTH_DATABASE_URL", url)
    vault = open_vault(store=url if by == "argument" else None)
    monkeypatch.chdir(tmp_path / "elsewhere")

    with vault:
        vault.adopt(town.tokens())

    assert (tmp_path / "tokens.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.slow
def test_the_next_start_uses_the_same_ring(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """What was sealed then opens now."""
    url = f"sqlite:///{tmp_path}/tokens.db"
    tokens = town.tokens()
    with open_vault(store=url) as vault:
        vault.adopt(tokens)
    before = digest(keys_path())

    with open_vault(store=url) as vault:
        assert vault.account(tokens.open_id).access_token() == tokens.access_token
    assert digest(keys_path()) == before


def test_no_ring_is_made_for_a_database_that_is_there(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """Lost keys are an error that changes nothing, never a new ring."""
    url, path = f"sqlite:///{tmp_path}/tokens.db", tmp_path / "tokens.db"
    with open_vault(store=url) as vault:
        vault.adopt(town.tokens())
    keys_path().unlink()
    before = digest(path)

    error = refused(open_vault(store=url))

    assert isinstance(error, VaultKeyError)
    assert str(keys_path()) in error.message
    assert "keys new" in error.hint
    assert digest(path) == before
    assert not keys_path().exists()


@pytest.mark.slow
def test_a_wrong_ring_changes_nothing(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """Other keys than those of the store are refused before the first account is touched."""
    url, path = f"sqlite:///{tmp_path}/tokens.db", tmp_path / "tokens.db"
    right = KeyRing.generate()
    with open_vault(store=url, keys=right) as vault:
        vault.adopt(town.tokens())
    before = digest(path)

    error = refused(open_vault(store=url, keys=KeyRing.generate()))

    assert isinstance(error, VaultKeyError)
    assert right.active_id in error.message
    assert not error.retryable
    assert digest(path) == before
    with open_vault(store=url, keys=right) as vault:
        assert [account.status for account in vault.accounts()] == ["active"]


@pytest.mark.slow
def test_a_key_with_a_known_name_and_other_bytes_is_found_out(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """A check value tells another key from the one that the store was made with."""
    url = f"sqlite:///{tmp_path}/tokens.db"
    with open_vault(store=url, keys=KeyRing.generate("k1")) as vault:
        vault.adopt(town.tokens())

    error = refused(open_vault(store=url, keys=KeyRing.generate("k1")))

    assert isinstance(error, VaultKeyError)


def test_a_damaged_check_value_is_found_out(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """A key is judged by what it sealed when it was first used."""
    url, ring = f"sqlite:///{tmp_path}/tokens.db", KeyRing.generate()
    with open_vault(store=url, keys=ring) as vault:
        vault.begin_login()
    store = sqlite_store(url)
    value = bytearray(store.setting(f"key {ring.active_id}") or b"")
    value[-1] ^= 1
    store.put_setting(f"key {ring.active_id}", bytes(value))
    with pytest.raises(VaultKeyError):
        judge_keys(store, Cipher(ring))
    store.close()

    assert isinstance(refused(open_vault(store=url, keys=ring)), VaultKeyError)


def test_an_empty_database_that_is_there_takes_a_ring_that_is_given(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """Nothing is sealed in it yet: any ring fits."""
    url = f"sqlite:///{tmp_path}/tokens.db"
    sqlite_store(url).close()

    with open_vault(store=url, keys=KeyRing.generate()) as vault:
        vault.begin_login()
    assert isinstance(refused(open_vault(store=url)), VaultKeyError)


@pytest.mark.slow
def test_more_keys_than_the_store_knows_are_fine(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """A ring that was given a new key opens what the old one sealed."""
    url, ring = f"sqlite:///{tmp_path}/tokens.db", KeyRing.generate()
    tokens = town.tokens()
    with open_vault(store=url, keys=ring) as vault:
        vault.adopt(tokens)
    newer = ring.with_new("k2").promote("k2")

    with open_vault(store=url, keys=newer) as vault:
        account = vault.account(tokens.open_id)
        assert account.access_token() == tokens.access_token
        account.refresh()
    assert isinstance(refused(open_vault(store=url, keys=ring)), VaultKeyError)


def test_the_environment_says_where(
    open_vault: Callable[..., TokenVault], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``TIKTOK_OAUTH_DATABASE_URL`` and ``TIKTOK_OAUTH_KEYS``, a path or the keys themselves."""
    keys = tmp_path / "elsewhere.json"
    KeyRing.generate().save(keys)
    monkeypatch.setenv("TIKTOK_OAUTH_DATABASE_URL", f"sqlite:///{tmp_path}/env.db")
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", str(keys))

    with open_vault() as vault:
        vault.begin_login()

    assert (tmp_path / "env.db").exists()
    assert (tmp_path / "env.db-answers").stat().st_mode & 0o777 == 0o700
    assert not keys_path().exists()


def test_a_vault_without_a_store_says_what_to_pass(open_vault: Callable[..., TokenVault]) -> None:
    """Nothing is guessed: tokens do not land in a working directory by accident."""
    error = refused(open_vault())

    assert isinstance(error, ValidationError)
    assert "sqlite:///tokens.db" in error.hint
    assert "TIKTOK_OAUTH_DATABASE_URL" in error.hint


@pytest.mark.parametrize("url", ["mysql://host/db", "tokens.db", "redis:", "file:///a"])
def test_a_url_of_no_store_is_refused(open_vault: Callable[..., TokenVault], url: str) -> None:
    """The error says which there are."""
    error = refused(open_vault(store=url))

    assert isinstance(error, ValidationError)
    assert "sqlite:" in error.message


def test_a_store_in_memory_needs_nothing(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """No key file and no directory are made for it."""
    with open_vault(store="memory:") as vault:
        vault.begin_login()

    assert not (tmp_path / "config").exists()
    assert not (tmp_path / "state").exists()


def test_a_ring_of_the_environment_that_is_broken_is_an_error(
    open_vault: Callable[..., TokenVault], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never replaced by a new one."""
    monkeypatch.setenv("TIKTOK_OAUTH_KEYS", str(tmp_path / "missing.json"))

    error = refused(open_vault(store=f"sqlite:///{tmp_path}/tokens.db"))

    assert isinstance(error, VaultKeyError)
    assert not keys_path().exists()


def test_whoever_finds_a_new_database_finds_its_ring(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """The ring is made first: a process that starts at the same moment needs it, too."""
    there: list[bool] = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "key ring was made" in record.getMessage():
                there.append((tmp_path / "tokens.db").exists())

    logging.getLogger("tiktok_oauth").addHandler(watch := Watch())
    try:
        with open_vault(store=f"sqlite:///{tmp_path}/tokens.db") as vault:
            vault.begin_login()
    finally:
        logging.getLogger("tiktok_oauth").removeHandler(watch)

    assert there == [False]


@pytest.mark.slow
def test_a_ring_that_appears_meanwhile_is_used(
    open_vault: Callable[..., TokenVault], tmp_path: Path, town: Town
) -> None:
    """Two new databases share the user's one ring."""
    first, second = (f"sqlite:///{tmp_path}/{name}.db" for name in "ab")
    with open_vault(store=first) as vault:
        vault.adopt(town.tokens())
    before = digest(keys_path())

    with open_vault(store=second) as vault:
        vault.adopt(town.tokens("jonas"))

    assert digest(keys_path()) == before


def test_a_directory_others_can_enter_is_refused(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """Journals are sealed, and still nobody else's."""
    journal = tmp_path / "answers"
    journal.mkdir(mode=0o755)

    error = refused(open_vault(store=f"sqlite:///{tmp_path}/a.db", journal=journal))

    assert isinstance(error, StoreError)
    assert f"chmod 700 {journal}" in error.hint


def test_how_durable_a_store_is_is_said_at_start(
    open_vault: Callable[..., TokenVault], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Journal mode and ``synchronous``, and why."""
    caplog.set_level("INFO", "tiktok_oauth")
    with open_vault(store=f"sqlite:///{tmp_path}/tokens.db") as vault:
        vault.begin_login()

    assert "journal_mode=" in caplog.text
    assert "synchronous=" in caplog.text


def test_journals_have_a_usual_place(tmp_path: Path) -> None:
    """Beside a SQLite file, else in the user's state directory; none for memory."""
    store = sqlite_store(tmp_path / "a.db")
    name = store.setting("name")
    assert name is not None
    assert journal_of(f"sqlite:///{tmp_path}/a.db", store) == tmp_path / "a.db-answers"
    assert journal_of("postgresql://u:p@h/d", store) == state_path() / "answers" / name.decode()
    assert journal_of("memory:", memory_store()) is None
    store.close()


def test_a_journal_directory_belongs_to_one_store(tmp_path: Path) -> None:
    """Another store's answers are refused; a directory without any may change hands."""
    one, other = sqlite_store(tmp_path / "one.db"), sqlite_store(tmp_path / "other.db")
    ring, shared = KeyRing.generate(), tmp_path / "answers"
    first = open_site(one, ring, shared)

    with pytest.raises(StoreError, match="another store's"):
        open_site(other, ring, shared)
    first.end(settled=True)
    open_site(other, ring, shared).close(settled=True)
    one.close()


def test_a_directory_whose_store_cannot_be_read_is_nobodys_to_take(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """It is told, and when the store was last alive is not forgotten."""
    url, journal = f"sqlite:///{tmp_path}/a.db", tmp_path / "a.db-answers"
    with open_vault(store=url) as vault:
        vault.begin_login()
    alive = (journal / ALIVE).read_bytes()
    (journal / "store").unlink()
    (journal / "store").symlink_to(journal / "store")

    error = refused(open_vault(store=url))

    assert isinstance(error, StoreError)
    assert f"The journal's directory {journal} cannot be used" in error.message
    assert (journal / ALIVE).read_bytes() == alive


def test_a_directory_in_which_nothing_can_be_deleted_is_told(
    open_vault: Callable[..., TokenVault], tmp_path: Path
) -> None:
    """What the system says comes out as a sentence with what to do."""
    journal = tmp_path / "answers"
    (journal / ALIVE).mkdir(parents=True)
    journal.chmod(0o700)

    error = refused(open_vault(store=f"sqlite:///{tmp_path}/a.db", journal=journal))

    assert isinstance(error, StoreError)
    assert f"The journal's directory {journal} cannot be used" in error.message


def test_what_belongs_to_another_user_is_told_with_the_mend(tmp_path: Path) -> None:
    """Making room would mend nothing."""
    with pytest.raises(StoreError) as caught, told_of(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    error = caught.value
    assert (error.message, error.retryable) == (
        f"The journal's directory {tmp_path} cannot be used: Permission denied.",
        False,
    )
    assert "Run this as the user it belongs to." in error.hint
    assert f"chown -R {os.geteuid()} {tmp_path}" in error.hint


def test_directories_follow_the_desktops_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """``XDG_CONFIG_HOME`` and ``XDG_STATE_HOME``, else those below the home directory."""
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "/home/somebody")

    assert keys_path() == Path("/home/somebody/.config/tiktok-oauth/keys.json")
    assert state_path() == Path("/home/somebody/.local/state/tiktok-oauth")


@pytest.mark.parametrize("password", ["hunter2", "hun@ter2", "hun/ter2", "hun?ter2", "hun#ter2"])
def test_where_a_store_is_shows_no_password(password: str) -> None:
    """Nor a part of one that should have been percent-encoded."""
    shown = place_of(f"postgresql://vault:{password}@db.example.com:5432/tokens?sslmode=require")

    assert "hun" not in shown
    assert "ter2" not in shown
    assert shown in {"PostgreSQL", "postgresql://db.example.com:5432/tokens"}
