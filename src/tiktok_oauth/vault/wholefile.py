"""Small private files that are whole or not there, even after the power was cut."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import IO, TYPE_CHECKING

from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ROOT = 0
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, write: Callable[[IO[bytes]], object], *, replace: bool) -> None:
    """Make a file with mode 0600 that is complete, on disk, from the moment it can be seen.

    Args:
        path: where, in a directory that is there.
        write: writes the content.
        replace: take the place of an existing file, in one step. Whose that was, its place stays.

    Raises:
        FileExistsError: one is there, and ``replace`` is off.
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            write(file)
            if replace:
                _leave_to_its_owner(file.fileno(), path)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            # Unlike a rename, a link fails where something is already.
            path.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
    sync_directory(path.parent)


@contextlib.contextmanager
def told_of(directory: Path) -> Iterator[None]:
    """Turn what the system says of a journal's directory into a sentence that says what to do.

    Raises:
        StoreError: it cannot be used.
    """
    try:
        yield
    except PermissionError as error:
        raise store_error(
            f"The journal's directory {directory} cannot be used: {error.strerror}.",
            "Run this as the user it belongs to. If a restore has changed whose it is, or its "
            f"mode: chown -R {os.geteuid()} {directory} && chmod -R u=rwX,go= {directory}",
        ) from None
    except OSError as error:
        raise store_error(
            f"The journal's directory {directory} cannot be used: {error.strerror}.",
            "Make room on its disk, or name another directory.",
            retryable=True,
        ) from None


def make_private(directory: Path) -> None:
    """Make a directory with mode 0700, and those above it, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    if directory.exists():
        return
    make_private(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory as durable as the files.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _leave_to_its_owner(file: int, path: Path) -> None:
    """Give a file to whom the one before belongs, where only root can differ from them.

    Else one command of root's would take it from the program that needs it.
    """
    with contextlib.suppress(OSError):
        before = path.lstat()
        if os.geteuid() == _ROOT != before.st_uid:
            os.fchown(file, before.st_uid, before.st_gid)
