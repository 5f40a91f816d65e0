"""Private files: readable by their owner only, complete or absent, never written over unasked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.kms import key_error
from tiktok_oauth.vault.wholefile import make_private, write_whole

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
        hint = (
            "Bring it back from where you keep it safe: without it, no stored token opens. For a "
            "new store make one: tiktok-oauth keys new"
        )
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
        if user == _ROOT:
            # Whatever root makes beside it would be out of the service's reach, too.
            return text, f"Run this as user ID {owner}, as the service does: sudo -u '#{owner}' ..."
        return text, f"If the keys in it are yours: chown {user} {path}"
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        text = f"Others than its owner can use the key file {path}: its mode is {mode & 0o777:04o}."
        return text, f"Run: chmod 600 {path}"
    return None


def write_private(path: Path, content: Secret, *, replace: bool) -> None:
    """Write a file with mode 0600 that is complete, on disk, from the moment it can be seen.

    Args:
        path: where; missing directories above it are made with mode 0700. What is replaced behind
            a link is the file, and not the link.
        content: ASCII text.
        replace: take the place of an existing file, in one step.

    Raises:
        VaultKeyError: the file exists and ``replace`` is off, or it cannot be written.
    """
    path = Path(os.path.realpath(path)) if replace else path
    try:
        make_private(path.parent)
        # No local variable holds it.
        write_whole(
            path, lambda file: file.write(content.reveal().encode("ascii")), replace=replace
        )
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
