"""The dead of this host: what their journals hold goes into the store, then they are let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.observe.logs import logger
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
        self._replayed: set[str] = set()

    def bury(self) -> None:
        """Replay what the dead have left, then say that their claims are nobody's.

        Raises:
            StoreError: the store cannot be used.
        """
        if self._site.directory is None:
            return
        for left in leftovers.leftovers(self._site.directory):
            self._bury(left)
        self._end_boots(self._site.directory)

    def open_again(self) -> None:
        """The store has forgotten something: everything is to be replayed once more."""
        self._replayed.clear()

    def _bury(self, left: Leftover) -> None:
        if left.boot not in self._replayed:
            try:
                found = read_answers(left.payloads(), self._site.cipher)
            except VaultKeyError as error:
                # It stays until somebody comes who has the key.
                logger.error("The journal of a dead vault cannot be read. %s", error)
                left.release()
                return
            if run(replay_all(self._desks, found)):
                left.release()
                return
            self._site.store.end_boot(left.boot)
            self._replayed.add(left.boot)
        if self._site.store.may_forget and left.age() < _KEPT:
            left.release()
        else:
            left.done()

    def _end_boots(self, directory: Path) -> None:
        """Boots of this host without a journal are dead and have left nothing."""
        for boot in self._site.store.boots():
            if boot.host != self._site.journal.host or boot.boot == self._site.boot:
                continue
            if not leftovers.is_known(directory, boot.boot):
                self._site.store.end_boot(boot.boot)
