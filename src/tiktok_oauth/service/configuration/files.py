"""A look at the files that a start needs: the key ring, the session key, the database."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.service.configuration.findings import Finding
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.opening import find_keys, keys_path, open_store
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.sealing.privatefile import read_private
from tiktok_oauth.vault.site import judge_keys
from tiktok_oauth.vault.stores.sqlitefile import is_url, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.service.configuration.plan import Plan


def is_new(url: str) -> bool:
    """Whether a store is a SQLite file that is not there yet.

    Raises:
        StoreError: there is no such directory.
    """
    return is_url(url) and not path_of(url).exists()


def judge_files(plan: Plan, url: str) -> Iterator[Finding]:
    """Look at the files, and at the database if there is one. Nothing is changed."""
    source = _source(plan, "database")
    try:
        new = is_new(url)
    except TikTokAPIError as error:
        yield Finding("database", source, "fail", error.message, error.hint)
        return
    ring = None
    if plan.keys is not None or keys_path().exists() or not new:
        try:
            given = None if plan.keys is None else KeyRing.from_file(plan.keys)
            ring = find_keys(url, given, may_make=False)
        except TikTokAPIError as error:
            yield Finding("keys", _source(plan, "keys"), "fail", error.message, error.hint)
    if plan.session_key_file.exists():
        try:
            read_private(plan.session_key_file)
        except TikTokAPIError as error:
            where = _source(plan, "session_key_file")
            yield Finding("session_key_file", where, "fail", error.message, error.hint)
    if not new:
        yield from _judge_database(url, ring, source)


def _judge_database(url: str, ring: KeyRing | None, source: str) -> Iterator[Finding]:
    try:
        with closing(open_store(url)) as store:
            store.standing(time.time(), warm=False)
            if store.setting(FROZEN) is not None:
                says = "It is an older copy of itself: nothing is refreshed."
                yield Finding("database", source, "warn", says, "See: tiktok-oauth unfreeze")
            if ring is not None:
                judge_keys(store, Cipher(ring))
    except TikTokAPIError as error:
        yield Finding("database", source, "fail", error.message, error.hint)


def _source(plan: Plan, key: str) -> str:
    written = plan.sources.service.get(key)
    return "default" if written is None else written.source
