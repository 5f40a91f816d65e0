"""Where a running vault keeps things: its store, its keys, its journal, and its own boot."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.vault.freeze import remember_life
from tiktok_oauth.vault.refresh.answers import rehearse
from tiktok_oauth.vault.refresh.journal import Journal, NoJournal, make_directory
from tiktok_oauth.vault.refresh.recover import read_answers
from tiktok_oauth.vault.refresh.setback import Marks
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.stores.rows import Boot
from tiktok_oauth.vault.tenancy import move_in

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.stores.store import Store

_CHECK = "key "


class Site(msgspec.Struct, frozen=True, eq=False):
    """One start of one vault. Made by ``open_site``; not usable after a fork.

    Attributes:
        directory: the journals of this host; None for a store in memory.
        boot: this start: random, never used twice.
        marks: what this boot has written of late.
    """

    store: Store
    cipher: Cipher
    journal: Journal | NoJournal
    directory: Path | None
    boot: str
    marks: Marks

    def touch(self, timeline: str) -> None:
        """Say in the store that this boot lives, and how far it has caught up."""
        self.store.touch_boot(self._as_boot(timeline))
        remember_life(self)

    def own_answers(self) -> list[Answer]:
        """What this boot's own journal holds, the oldest of each account first."""
        return read_answers(self.journal.payloads(), self.cipher)

    def end(self, *, settled: bool, timeline: str = "") -> None:
        """Let go of everything but the store. When nothing is under way the boot ends, too.

        Args:
            settled: whether nothing is.
            timeline: how far this boot has caught up; without one, its journal is replayed once
                more if it is kept.
        """
        keep = True
        try:
            if settled:
                self.store.end_boot(self.boot, timeline)
                keep = self.store.may_forget
        finally:
            self.journal.close(keep=keep)

    def close(self, *, settled: bool, timeline: str = "") -> None:
        """Let go of everything."""
        try:
            self.end(settled=settled, timeline=timeline)
        finally:
            self.store.close()

    def _as_boot(self, timeline: str) -> Boot:
        keys = ",".join(self.cipher.ring.key_ids)
        return Boot(self.boot, self.journal.host, keys, 0.0, timeline)


def open_site(store: Store, ring: KeyRing, directory: Path | None) -> Site:
    """Make sure that store and keys belong together, and begin a boot.

    Raises:
        VaultKeyError: a key that something is sealed with is missing, or is another one.
        StoreError: the store or the journal cannot be used.
    """
    cipher = Cipher(ring)
    check_keys(store, cipher)
    rehearse(cipher)
    boot = secrets.token_hex(16)
    # The journal is there, and locked, before anybody can hear of the boot: a boot without one
    # counts as dead.
    journal = NoJournal() if directory is None else _journal(store, directory, boot)
    site = Site(store, cipher, journal, directory, boot, Marks())
    try:
        store.begin_boot(site._as_boot(store.timeline()))  # noqa: SLF001 - its own file
    except BaseException:
        journal.close(keep=False)
        raise
    return site


def _journal(store: Store, directory: Path, boot: str) -> Journal:
    make_directory(directory)
    move_in(store, directory)
    return Journal(directory, boot)


def check_keys(store: Store, cipher: Cipher) -> None:
    """Judge a ring by what the store was sealed with, and leave a check value of each key.

    Raises:
        VaultKeyError: they do not fit; nothing has changed.
    """
    known = judge_keys(store, cipher)
    for key_id in cipher.ring.key_ids:
        if key_id not in known:
            store.put_setting(_CHECK + key_id, cipher.check_value(key_id))


def judge_keys(store: Store, cipher: Cipher) -> frozenset[str]:
    """Judge a ring by what the store was sealed with; returns the keys that are known there.

    Raises:
        VaultKeyError: they do not fit.
    """
    stored = {
        key_id: value
        for key_id in cipher.ring.key_ids
        if (value := store.setting(_CHECK + key_id)) is not None
    }
    cipher.judge_check_values(stored, store.key_ids())
    return frozenset(stored)
