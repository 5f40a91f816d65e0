"""A journal directory belongs to one store: the answers in it are brought into no other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.freeze import ALIVE
from tiktok_oauth.vault.wholefile import told_of, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.stores.store import Store

NAME = "name"
"""The setting that tells a store from others; made with its schema."""

_TENANT = "store"


def name_of(store: Store) -> str | None:
    """What tells a store from others; None where its author knows no such thing."""
    name = store.setting(NAME)
    return None if name is None else name.decode("ascii")


def move_in(store: Store, directory: Path) -> None:
    """Make a directory the store's own. One without answers may be taken from another.

    Raises:
        StoreError: it holds another store's answers, or cannot be read or written.
    """
    name, path = name_of(store), directory / _TENANT
    if name is None:
        return
    with told_of(directory):
        tenant = _read(path)
        if tenant == name:
            return
        if tenant is not None and any(directory.glob("*.journal")):
            raise store_error(
                f"The answers in {directory} are another store's.",
                "Bring back the store they belong to, or name another directory by journal=.",
            )
        with contextlib.suppress(FileNotFoundError):
            # When the other one was last alive says nothing about this one.
            (directory / ALIVE).unlink()
        write_whole(path, lambda file: file.write(name.encode("ascii")), replace=True)


def _read(path: Path) -> str | None:
    # What is there and cannot be read is no empty place: another's answers may be beside it.
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(errors="replace")
    return None
