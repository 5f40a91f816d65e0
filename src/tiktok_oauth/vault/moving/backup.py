"""A copy of a SQLite store, made while it is used.

The copy is frozen from birth. Whoever puts it in the store's place has older tokens than TikTok:
nothing is refreshed then before somebody has looked. No key is ever in it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.errors import invalid_argument, store_error
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.stores import sql, sqlitefile
from tiktok_oauth.vault.stores.sqliteconnection import connect, failure, refuse_foreign
from tiktok_oauth.vault.stores.sqlitelibrary import library_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

_MARK = {"name": FROZEN, "value": b"backup"}


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished copy."""

    path: Path
    size: int
    accounts: int


def back_up(url: str, target: Path) -> Backup:
    """Copy a SQLite store into a new private file, as it stands at one moment.

    Those who write meanwhile wait until it is copied, which takes some seconds a gigabyte; the
    answers that TikTok sends them are on disk before.

    Args:
        url: the store's.
        target: the file to make; it must not exist.

    Raises:
        ValidationError: it is no SQLite store.
        StoreError: the file exists, or one of the two cannot be used; nothing is left behind.
    """
    if not sqlitefile.is_url(url):
        raise invalid_argument(
            "Only SQLite stores are copied by this command.",
            "Back a PostgreSQL database up by its own means: archive its write-ahead log, and "
            "keep the journals of all hosts.",
        )
    source, library = sqlitefile.path_of(url), library_of(url)
    sqlitefile.identity(source)
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    with _told(target, library):
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            accounts = _copy(source, part, library)
            _sync(part)
            # Unlike a rename, a link fails where something is already.
            target.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
        _sync(target.parent)
        return Backup(target, target.stat().st_size, accounts)


def _copy(source: Path, part: Path, library: ModuleType) -> int:
    with (
        contextlib.closing(
            connect(sqlitefile.uri(source), None, reads=True, library=library)
        ) as old,
        contextlib.closing(library.connect(part, isolation_level=None)) as new,
    ):
        refuse_foreign(old)
        old.backup(new)
        # One file, whatever the source keeps beside it.
        new.execute("PRAGMA journal_mode=DELETE")
        new.execute(sql.PUT_SETTING, _MARK)
        [found] = new.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise store_error(
                "The copy is damaged, and so is the store that it was made from.",
                "Keep the store as it is, and bring back an older backup.",
            )
        [accounts] = new.execute("SELECT COUNT(*) FROM accounts").fetchone()
    return int(accounts)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def _told(target: Path, library: ModuleType) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        message, hint = f"The file {target} exists already; it was not touched.", "Name another."
    except OSError as error:
        message = f"The backup {target} cannot be written: {error.strerror}."
        hint = "Name a place with room that this process may write to."
    except library.Error as error:
        raise failure(error) from error
    else:
        return
    raise store_error(message, hint)
