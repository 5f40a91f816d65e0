"""One file of a journal: room taken ahead, locked while its writer lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.refresh.answers import split
from tiktok_oauth.vault.wholefile import sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".journal"
OWN: set[Path] = set()
"""Volumes of this process: a lock does not keep out the process that holds it."""

_ROOM = 1024 * 1024
_BLANK = bytes(64 * 1024)
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


class Volume:
    """One file of a journal, locked while it is open.

    Raises:
        StoreError: it cannot be made, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end: int = 0
        self._room = 0
        unseen = path.with_suffix(".part")
        with told("made"):
            self._file = os.open(unseen, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        OWN.add(path)
        try:
            with told("made"):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever finds a journal without a lock takes its writer for dead.
                unseen.rename(path)
            self.grow()
            with told("made"):
                sync_directory(path.parent)
        except BaseException:
            for name in (unseen, path):
                with contextlib.suppress(OSError):
                    name.unlink(missing_ok=True)
            self.close(keep=True)
            raise

    @property
    def is_tight(self) -> bool:
        """Whether more room is to be taken before the next request."""
        return self._room - self.end < _ROOM // 2

    def grow(self) -> None:
        """Take more room."""
        with told("extended"):
            # Room that was only promised would be entered in the file system's books at each sync.
            for place in range(self._room, self._room + _ROOM, len(_BLANK)):
                _write_at(self._file, _BLANK, place)
            os.fsync(self._file)
        self._room += _ROOM

    def write(self, data: bytes) -> None:
        """Write bytes behind the others: from now on only the machine's end can lose them."""
        with told("written"):
            _write_at(self._file, data, self.end)
        self.end += len(data)

    def sync(self) -> None:
        """Put on disk what was written."""
        with told("written"):
            os.fdatasync(self._file)

    def payloads(self) -> Iterator[bytes]:
        """What it holds.

        Raises:
            StoreError: it cannot be read.
        """
        with told("read"):
            return split(os.pread(self._file, self.end, 0))

    def close(self, *, keep: bool) -> None:
        """Let go of the file: ``keep`` it for whoever comes next, or delete it.

        Raises:
            StoreError: it cannot be deleted.
        """
        try:
            if not keep:
                with told("deleted"):
                    self.path.unlink(missing_ok=True)
        finally:
            OWN.discard(self.path)
            self.forget()

    def forget(self) -> None:
        """Let go in a forked child: the parent goes on writing, and keeps the lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def locked(path: Path) -> int | None:
    """The open file, if nobody else holds its lock."""
    try:
        file = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    if os.fstat(file).st_nlink == 0:  # Somebody finished it between our two steps.
        os.close(file)
        return None
    return file


def _write_at(file: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, place)
        view, place = view[written:], place + written


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what the system says into a sentence that says what to do.

    Raises:
        StoreError: the journal could not be ``what``.
    """
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise store_error(
            f"The journal could not be {what}: {error.strerror}.",
            "Make room on its disk, and look into the system log; or name another directory.",
            retryable=True,
        ) from None
