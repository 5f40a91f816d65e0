"""A store that was restored from a backup starts frozen.

Every account that was refreshed since the backup holds a dead refresh token then, and sending it
may end the grant for good. The store remembers when a vault was last alive, and so does each host
beside its journals: a store that remembers less than a host does is an older copy.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.wholefile import told_of, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.store import Store

FROZEN = "frozen"
ALIVE = "alive"
"""The setting, and the file beside the journals, that say when a vault was last alive."""

_LAGGING = 300
"""Seconds that a standby which takes over may have missed: that is a failover, no older copy."""
_MOST_DIGITS = 15


def freeze_if_older(site: Site) -> None:
    """Freeze a store that is behind what this host remembers of it; say so if it is frozen.

    Raises:
        StoreError: the store, or what this host remembers, cannot be read or written.
    """
    if site.directory is None:
        return
    forgivable = _LAGGING if site.store.may_forget else 0
    # Read before the store: others write there first, so what is read here is never ahead of it.
    if _read(site.directory / ALIVE) > _known(site.store) + forgivable:
        site.store.put_setting(FROZEN, b"restored")
    if site.store.setting(FROZEN) is not None:
        logger.error(
            "The token store is frozen: it is an older copy of itself. Nothing is refreshed "
            "before somebody has looked: bring back the journals of all hosts, start a vault on "
            "each, then run: tiktok-oauth unfreeze"
        )


def unfreeze(store: Store) -> None:
    """Let claims be granted again.

    Raises:
        StoreError: the store cannot be written.
    """
    store.put_setting(FROZEN, None)


def remember_life(site: Site) -> None:
    """Remember that a vault is alive now: copies that were made before it are older from now on.

    To be called now and then, and before answers leave a journal, since with them a journal could
    bring an older copy up to date.

    Raises:
        StoreError: the store, or what this host remembers, cannot be read or written.
    """
    if site.directory is None:
        return
    path = site.directory / ALIVE
    moment = max(int(time.time()), _read(path) + 1, _known(site.store) + 1)
    site.store.raise_setting(ALIVE, b"%020d" % moment)
    _write(path, moment)


def _known(store: Store) -> int:
    return int(store.setting(ALIVE) or b"0")


def _write(path: Path, number: int) -> None:
    with told_of(path.parent):
        write_whole(path, lambda file: file.write(b"%d" % number), replace=True)


def _read(path: Path) -> int:
    # What is there and cannot be read is no missing memory: without it an older copy would pass.
    with told_of(path.parent), contextlib.suppress(FileNotFoundError):
        text = path.read_bytes()
        if text.isdigit() and len(text) <= _MOST_DIGITS:
            return int(text)
    return 0
