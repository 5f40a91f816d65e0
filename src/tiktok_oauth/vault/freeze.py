"""A store that was restored from a backup starts frozen.

Every account that was refreshed since the backup holds a dead refresh token then, and sending it
may end the grant for good. Each host remembers, beside its journals, how often a vault was
started on the store: a store that remembers fewer starts is an older copy.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.wholefile import told_of, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.store import Store

FROZEN = "frozen"
_STARTS = "starts"
_MOST_DIGITS = 15


def freeze_if_restored(site: Site) -> None:
    """Freeze a store that is behind what this host remembers of it, and count this start.

    Raises:
        StoreError: the store, or what this host remembers, cannot be read or written.
    """
    if site.directory is None:
        return
    # Read before the store: others write there first, so what is read here is never ahead of it.
    if _read(site.directory / _STARTS) > _known(site.store):
        site.store.put_setting(FROZEN, b"restored")
    if site.store.setting(FROZEN) is not None:
        logger.error(
            "The token store is frozen: it is an older copy of itself. Nothing is refreshed "
            "before somebody has looked: bring back the journals of all hosts, start a vault on "
            "each, then run: tiktok-oauth unfreeze"
        )
    count(site)


def unfreeze(store: Store) -> None:
    """Let claims be granted again.

    Raises:
        StoreError: the store cannot be written.
    """
    store.put_setting(FROZEN, None)


def count(site: Site) -> None:
    """Count a start, or an end: copies that were made before it are older from now on.

    Raises:
        StoreError: the store cannot be read or written.
    """
    if site.directory is None:
        return
    path = site.directory / _STARTS
    number = max(_read(path), _known(site.store)) + 1
    site.store.raise_setting(_STARTS, b"%020d" % number)
    _write(path, number)


def _known(store: Store) -> int:
    return int(store.setting(_STARTS) or b"0")


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
