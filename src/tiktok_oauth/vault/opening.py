"""From what a program says (or leaves to the environment) to a store, keys and a journal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tiktok_oauth.errors import VaultKeyError, invalid_argument, vault_key_error
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.site import Site, open_site
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.sqlite import sqlite_store
from tiktok_oauth.vault.stores.sqlitefile import absolute, is_url, path_of
from tiktok_oauth.vault.tenancy import name_of

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.sqlstore import SqlStore
    from tiktok_oauth.vault.stores.store import Store

_STORE = "TIKTOK_OAUTH_DATABASE_URL"
_KEYS = "TIKTOK_OAUTH_KEYS"
_POSTGRES = ("postgresql:", "postgres:")
_MEMORY = "memory:"


def fixed(store: Store | str | None) -> Store | str | None:
    """What a vault is to use for as long as it lives, where that is known by now.

    The program may go to another directory before the first use, or between two.
    """
    wanted = os.environ.get(_STORE) or None if store is None else store
    return absolute(wanted) if isinstance(wanted, str) else wanted


def open_vault(store: Store | str | None, keys: KeyRing | None, journal: Path | None) -> Site:
    """Open what a vault is to keep things in.

    Args:
        store: a store, its URL, or None for the environment's.
        keys: a key ring, or None for the environment's, else the one in the user's
            configuration directory, which is made for a new SQLite database.
        journal: the directory for journals; for SQLite the database's own when not given.

    Raises:
        ValidationError: the URL is none.
        VaultKeyError: there are no keys, or they are not those of the store.
        StoreError: the store or the journal cannot be used.
    """
    if store is None:
        store = os.environ.get(_STORE) or None
    if store is None:
        raise invalid_argument(
            "The vault has no store.",
            f"Pass store=, e.g. store='sqlite:///tokens.db', or set {_STORE}.",
        )
    url = store if isinstance(store, str) else ""
    is_new = is_url(url) and not path_of(url).exists()
    # Its ring is made before a database is: whoever finds the one must find the other.
    ring = find_keys(url, keys, may_make=True) if is_new else None
    opened = open_store(url) if isinstance(store, str) else store
    try:
        ring = ring or find_keys(url, keys, may_make=False)
        described = opened.describe()
        site = open_site(opened, ring, journal or journal_of(url, opened))
    except BaseException:
        opened.close()
        raise
    logger.info(described)
    return site


def open_store(url: str) -> SqlStore:
    """The store that a URL names; made when it is not there.

    Raises:
        ValidationError: it names none.
        StoreError: it cannot be used.
    """
    if is_url(url):
        return sqlite_store(url)
    if url.startswith(_POSTGRES):
        # Imported only here: its driver is an extra.
        from tiktok_oauth.vault.stores.postgres import postgres_store  # noqa: PLC0415

        return postgres_store(url)
    if url.startswith(_MEMORY):
        return memory_store()
    raise invalid_argument(
        "store must be a Store or a URL that begins with sqlite:, postgresql: or memory:.",
        "For example: sqlite:///tokens.db",
    )


def place_of(url: str) -> str:
    """Where a store is, for people to read: a file, or a server and a name without password."""
    if is_url(url):
        return str(path_of(url))
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        # A password that was not percent-encoded may reach as far: nothing of it is shown.
        return "PostgreSQL"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def find_keys(url: str, keys: KeyRing | None, *, may_make: bool) -> KeyRing:
    """The key ring for a store.

    Args:
        url: the store's.
        keys: the one that was given, or None for the environment's, else the user's own.
        may_make: make one where there is none: the store is new.

    Raises:
        VaultKeyError: there is none, or it cannot be used.
    """
    if keys is not None:
        return keys
    if os.environ.get(_KEYS):
        # No local variable holds it: it may be the keys themselves.
        return KeyRing.from_env(os.environ[_KEYS])
    if url.startswith(_MEMORY):
        return KeyRing.generate()
    path = keys_path()
    if path.exists():
        return KeyRing.from_file(path)
    if not may_make:
        raise vault_key_error(
            f"There is no key ring: not in {_KEYS}, and not in {path}.",
            "Bring back the one this store was made with; for a new store make one by: "
            "tiktok-oauth keys new",
        )
    ring = KeyRing.generate()
    try:
        ring.save(path)
    except VaultKeyError:
        if not path.exists():
            raise
        return KeyRing.from_file(path)  # Another process made one at the same moment.
    logger.warning(
        "A new key ring was made in %s. Keep a copy of it in a safe place: without it nobody can "
        "read the tokens in this store.",
        path,
    )
    return ring


def keys_path() -> Path:
    """Where the key ring is when nobody says otherwise."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "tiktok-oauth" / "keys.json"


def state_path() -> Path:
    """Where databases and journals are when nobody says otherwise."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tiktok-oauth"


def journal_of(url: str, store: Store) -> Path | None:
    """Where a store's journals are when nobody says otherwise; None for memory."""
    if is_url(url):
        path = path_of(url)
        return path.with_name(f"{path.name}-answers")
    if store.timeline().startswith("memory"):
        return None
    return state_path() / "answers" / (name_of(store) or "store")
