"""Private files: readable by their owner only, complete or absent, never written over unasked."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.kms import key_error

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 1 << 20
_ROOT = 0


def read_private(path: Path) -> Secret:
    """The text of a file that nobody else can read.

    Raises:
        VaultKeyError: it is not there, cannot be read, or others could have read or placed it.
    """
    try:
        # Non-blocking: a pipe in the file's place must not make the program hang.
        with open(path, "rb", opener=_open_nonblocking) as file:
            status = os.fstat(file.fileno())
            problem = privacy_problem(path, status.st_mode, status.st_uid, os.geteuid())
            if problem is not None:
                raise key_error(*problem)
            # What is not ASCII is no key either, and is told as that.
            return Secret(file.read(_LARGEST).decode("ascii", "replace"))
    except FileNotFoundError:
        text = f"There is no key file {path}."
        hint = "Bring it back from where you keep it safe: without it, no stored token opens."
    except OSError as error:
        text = f"The key file {path} cannot be read: {error.strerror}."
        hint = "Make it readable for the user this process runs as, and for nobody else."
    raise key_error(text, hint)


def privacy_problem(path: Path, mode: int, owner: int, user: int) -> tuple[str, str] | None:
    """Who else could have read or placed a key file, and the mend; None when nobody could."""
    if not stat.S_ISREG(mode):
        return f"The key file {path} is not a regular file.", "Name the file that holds the keys."
    if owner not in {user, _ROOT}:
        text = f"The key file {path} belongs to user ID {owner}; this process runs as {user}."
        return text, f"If the keys in it are yours: chown {user} {path}"
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        text = f"Others than its owner can use the key file {path}: its mode is {mode & 0o777:04o}."
        return text, f"Run: chmod 600 {path}"
    return None


def write_private(path: Path, content: Secret, *, replace: bool) -> None:
    """Write a file with mode 0600 that is complete, on disk, from the moment it can be seen.

    Args:
        path: where; missing directories above it are made with mode 0700.
        content: ASCII text.
        replace: take the place of an existing file, in one step.

    Raises:
        VaultKeyError: the file exists and ``replace`` is off, or it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _make_directory(path.parent)
        try:
            _write_new(part, content)
            if replace:
                part.replace(path)
            else:
                # Unlike a rename, a link fails where something is already.
                path.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except FileExistsError:
        text = f"The key file {path} exists already; it was not touched."
        hint = "Read it, or name another file: the keys in it may be all that opens your tokens."
    except OSError as error:
        text = f"The key file {path} cannot be written: {error.strerror}."
        hint = "Name a place on a local file system that this process may write to."
    else:
        return
    raise key_error(text, hint)


def _open_nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _write_new(path: Path, content: Secret) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content.reveal().encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _make_directory(path: Path) -> None:
    if path.exists():
        return
    _make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    """Make the names in a directory as durable as the files."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
