"""Small private files that are whole or not there, even after the power was cut."""

from __future__ import annotations

import os
import secrets
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, write: Callable[[IO[bytes]], object], *, replace: bool) -> None:
    """Make a file with mode 0600 that is complete, on disk, from the moment it can be seen.

    Args:
        path: where, in a directory that is there.
        write: writes the content.
        replace: take the place of an existing file, in one step.

    Raises:
        FileExistsError: one is there, and ``replace`` is off.
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            write(file)
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
