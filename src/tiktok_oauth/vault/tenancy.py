"""A journal directory belongs to one store: the answers in it are brought into no other."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.wholefile import write_whole

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
        StoreError: it holds another store's answers, or cannot be written.
    """
    name, path = name_of(store), directory / _TENANT
    if name is None or _read(path) == name:
        return
    if _read(path) is not None and any(directory.glob("*.journal")):
        raise store_error(
            f"The answers in {directory} are another store's.",
            "Bring back the store they belong to, or name another directory by journal=.",
        )
    with contextlib.suppress(FileNotFoundError):
        # How often the other one was started says nothing about this one.
        (directory / "starts").unlink()
    try:
        write_whole(path, lambda file: file.write(name.encode("ascii")), replace=True)
    except OSError as error:
        raise store_error(
            f"The journal's directory cannot be written: {error.strerror}.",
            "Make room on its disk, or name another directory.",
            retryable=True,
        ) from None


def _read(path: Path) -> str | None:
    with contextlib.suppress(OSError):
        return path.read_text()
    return None
