"""Which SQLite opens a file: Python's own, or the newer one of the package pysqlite3.

Two copies of SQLite in one process must not have the same file open: when one of them closes it,
the system ends the locks of the other too (sqlite.org/howtocorrupt.html, section 2.2, read
2026-11-23). So a program asks for the newer one by name, and is refused where another is at work.
"""

from __future__ import annotations

import importlib
import os
import sqlite3
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from tiktok_oauth.vault.stores.sqlitefile import Identity

Version = tuple[int, int, int]

_NEWER = "sqlite+pysqlite3:"
_DESCRIPTORS = "/dev/fd"


def library_of(where: str | Path) -> ModuleType:
    """The module that opens a database: one with the interface of ``sqlite3``.

    Args:
        where: the database's path or URL. ``sqlite+pysqlite3:///`` asks for pysqlite3.

    Raises:
        StoreError: it is not installed.
    """
    if not os.fspath(where).startswith(_NEWER):
        return sqlite3
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError as error:
        raise store_error(
            "The package pysqlite3 is not installed.",
            "Run: pip install 'tiktok-oauth[sqlite]' (Linux on x86-64, macOS on Apple silicon). Or "
            "write sqlite:/// for Python's own SQLite.",
        ) from error


def refuse_second(library: ModuleType, file: Identity, ours: frozenset[ModuleType]) -> None:
    """Refuse to open a file that another copy of SQLite has open in this process.

    Args:
        library: what is to open it.
        file: which file it is.
        ours: what our own databases in this process have it open with.

    Raises:
        StoreError: it would end the locks of the other, or the other its own.
    """
    # A stranger's connection is of Python's own, which shares that copy and its locks.
    beside_a_stranger = not ours and library is not sqlite3 and _is_open(file)
    if beside_a_stranger or (ours and library not in ours):
        raise store_error(
            "Another copy of SQLite has the database open in this process: when one of them "
            "closes it, the locks of the other end.",
            "Open it with one URL in the whole process, and with nothing beside.",
        )


def _is_open(file: Identity) -> bool:
    """Whether this process has a descriptor of a file, as far as the system tells."""
    try:
        names = os.listdir(_DESCRIPTORS)  # noqa: PTH208 - numbers, not paths
    except OSError:
        return False
    return any(_is_of(int(name), file) for name in names)


def _is_of(descriptor: int, file: Identity) -> bool:
    try:
        status = os.fstat(descriptor)
    except OSError:  # The one that read the list is closed by now.
        return False
    return (status.st_dev, status.st_ino) == file
