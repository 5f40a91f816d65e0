"""The journal: every answer of TikTok's is on disk here, sealed, before anything reads it.

A vault writes files of its own, named after its boot and locked while it lives: whoever gets
the lock knows that its writer is dead, however it died, and reads what it left. Room is taken
ahead of need, so a disk that fills up later does not cost an answer.

One directory belongs to one host. Only vaults of that host can tell whether a boot is dead.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
import threading
import weakref
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.refresh.volume import OWN, SUFFIX, Volume, told
from tiktok_oauth.vault.stores.groupcommit import GroupCommit
from tiktok_oauth.vault.wholefile import make_private, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_FULL = 8 * 1024 * 1024
_KEPT = 2
_LIVING: weakref.WeakSet[Journal] = weakref.WeakSet()


class Journal:
    """One vault's journal. Safe to share between threads; not usable after a fork.

    Answers stay in it for a while after they were written to the store, in case the store loses
    them: a volume is dropped when the one after it is full, too.

    Args:
        directory: belongs to this host and to nobody else's eyes; made when missing.
        boot: this start of the vault.

    Raises:
        StoreError: the directory cannot be used, or the disk is full.
    """

    def __init__(self, directory: Path, boot: str) -> None:
        self._directory = make_directory(directory)
        self._boot = boot
        self._number = 0
        self.host: str = _host_of(directory)
        self._growing = threading.Lock()
        self._writing = threading.Lock()
        self._group = GroupCommit(self._sync)
        self._volumes = [self._new_volume()]
        _LIVING.add(self)

    def make_room(self) -> None:
        """Take room for more answers; called before a request, so that its answer finds some.

        Raises:
            StoreError: the disk is full.
        """
        if self._volumes[-1].is_tight:
            with self._growing:
                if self._volumes[-1].is_tight:
                    self._volumes[-1].grow()

    @property
    def is_full(self) -> bool:
        """Whether it is time for ``turn_over``."""
        return self._volumes[-1].end >= _FULL

    def turn_over(self) -> Volume | None:
        """Begin a new volume; returns the one to drop, once what it holds stands in the store.

        Raises:
            StoreError: the disk is full.
        """
        with self._growing:
            if self.is_full:
                new = self._new_volume()
                with self._writing:
                    # Whoever syncs what was written before asks for the new one.
                    self._volumes[-1].sync()
                    self._volumes = [*self._volumes, new]
            return self._volumes[0] if len(self._volumes) > _KEPT else None

    def drop(self, volume: Volume) -> None:
        """Delete a volume whose answers stand in the store.

        Raises:
            StoreError: it could not be. Whoever starts after this vault's end does it.
        """
        with self._growing:
            self._volumes = [other for other in self._volumes if other is not volume]
        volume.close(keep=False)

    def append(self, record: bytes) -> None:
        """Write a record; it is on disk when this returns, with others of the same moment.

        Raises:
            StoreError: it could not be written.
        """
        self.write(record)
        self.sync()

    def write(self, record: bytes) -> None:
        """Write a record: it outlives this process from now on, and the machine after ``sync``.

        Raises:
            StoreError: it could not be written.
        """
        with self._writing:
            self._volumes[-1].write(record)

    def sync(self) -> None:
        """Put on disk what was written, with others of the same moment.

        Raises:
            StoreError: it could not be.
        """
        self._group.do(self._volumes[-1])

    def _sync(self, volumes: Sequence[Volume]) -> Sequence[None]:
        for volume in dict.fromkeys(volumes):
            volume.sync()
        return [None] * len(volumes)

    def payloads(self) -> Iterator[bytes]:
        """What this journal holds itself."""
        return itertools.chain.from_iterable(volume.payloads() for volume in self._volumes)

    def close(self, *, keep: bool) -> None:
        """Let go of the files: ``keep`` them for whoever starts next, or delete them.

        Raises:
            StoreError: one could not be deleted. Whoever starts next does it.
        """
        volumes, self._volumes = self._volumes, []
        with contextlib.ExitStack() as each:
            for volume in volumes:
                each.callback(volume.close, keep=keep)

    def forget(self) -> None:
        """Let go in a forked child."""
        for volume in self._volumes:
            volume.forget()

    def _new_volume(self) -> Volume:
        self._number += 1
        return Volume(self._directory / f"{self._boot}-{self._number}{SUFFIX}")


class NoJournal:
    """What a store in memory has for a journal: it would outlive what it is for."""

    host: str = "memory"
    is_full = False

    def turn_over(self) -> Volume | None:
        """Begin nothing."""
        return None

    def drop(self, volume: Volume) -> None:
        """Nothing was kept."""

    def make_room(self) -> None:
        """There is always room for nothing."""

    def append(self, record: bytes) -> None:
        """Forget it."""

    def write(self, record: bytes) -> None:
        """Forget it."""

    def sync(self) -> None:
        """There is nothing to put anywhere."""

    def payloads(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())

    def close(self, *, keep: bool) -> None:
        """Nothing to let go of."""


def make_directory(directory: Path) -> Path:
    """Make a directory for journals when it is missing, and see that it is private.

    Raises:
        StoreError: it is not, or cannot be made.
    """
    with told("made"):
        with contextlib.suppress(FileExistsError):  # A link that leads nowhere; told below.
            make_private(directory)
        mode = directory.lstat().st_mode
    if not stat.S_ISDIR(mode) or mode & 0o077:
        raise store_error(
            f"The journal's directory {directory} must be a directory that only its owner can "
            "enter.",
            f"Run chmod 700 {directory}, or name another one.",
        )
    return directory


def _host_of(directory: Path) -> str:
    """What tells this journal directory from those of other hosts, made once."""
    path = directory / "host"
    with contextlib.suppress(FileExistsError), told("made"):
        write_whole(path, lambda file: file.write(secrets.token_hex(8).encode()), replace=False)
    with told("read"):
        return path.read_text()


def _forget_all() -> None:
    for journal in tuple(_LIVING):
        journal.forget()
    _LIVING.clear()
    OWN.clear()


os.register_at_fork(after_in_child=_forget_all)
