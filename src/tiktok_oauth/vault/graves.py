"""The dead of this host: what their journals hold goes into the store, then they are let go."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import VaultKeyError, store_error
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.freeze import remember_life
from tiktok_oauth.vault.refresh import leftovers
from tiktok_oauth.vault.refresh.recover import read_answers, replay_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tiktok_oauth.vault.refresh.leftovers import Leftover
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.site import Site

_KEPT = 3600.0
"""Seconds that a dead journal is kept where the store may forget what was written."""


class Graves:
    """Buries the dead of one host for one vault. Not safe to share: call it under a lock.

    Args:
        site: where the vault keeps things.
        desks: its desks by app.
    """

    def __init__(self, site: Site, desks: Mapping[str, Desk]) -> None:
        self._site = site
        self._desks = desks
        self._timeline = ""
        self._kept: dict[str, float] = {}
        """Until when what stands in the store is kept, by boot."""

    def bury(self) -> None:
        """Replay what the dead have left, then say that their claims are nobody's.

        Raises:
            StoreError: the store cannot be used.
        """
        if self._site.directory is None:
            return
        self._timeline = self._site.store.timeline()
        now, boots = time.time(), leftovers.boots_in(self._site.directory)
        if self._site.boot not in boots:
            # Whoever does not see its own journal does not see those of the living, either.
            raise store_error(
                f"The journal's directory {self._site.directory} is not the one it was.",
                "Bring it back, or restart; nothing was sent to TikTok.",
                retryable=True,
            )
        self._kept = {boot: self._kept[boot] for boot in boots if boot in self._kept}
        for boot in boots:
            if self._kept.get(boot, now) <= now:
                self._bury(self._site.directory, boot)
        self._end_boots(self._site.directory)

    def open_again(self) -> None:
        """The store has forgotten something: everything is to be replayed once more."""
        self._kept.clear()

    def _bury(self, directory: Path, boot: str) -> None:
        left = leftovers.leftover(directory, boot)
        if left is None:
            return
        try:
            if not self._stands(boot) and not self._replay(left):
                return
            if self._site.store.may_forget and (age := left.age()) < _KEPT:
                self._kept[boot] = time.time() + _KEPT - age
            else:
                remember_life(self._site)
                left.delete()
        finally:
            left.release()

    def _stands(self, boot: str) -> bool:
        """Whether somebody has replayed it, and no failover has taken that back since."""
        return boot in self._kept or self._site.store.has_ended(boot, self._timeline)

    def _replay(self, left: Leftover) -> bool:
        """Bring a journal into the store; whether nothing is left to be done."""
        try:
            found = read_answers(left.payloads(), self._site.cipher)
        except VaultKeyError as error:
            # It stays until somebody comes who has the key.
            logger.error("The journal of a dead vault cannot be read. %s", error)
            return False
        if run(replay_all(self._desks, found)):
            return False
        self._site.store.end_boot(left.boot, self._timeline)
        return True

    def _end_boots(self, directory: Path) -> None:
        """Boots of this host without a journal are dead and have left nothing."""
        host = self._site.journal.host
        ours = {boot.boot for boot in self._site.store.boots() if boot.host == host}
        # A journal is there before its boot is known: who is known and has none is dead.
        for boot in ours - {self._site.boot, *leftovers.boots_in(directory)}:
            self._site.store.end_boot(boot, self._timeline)
