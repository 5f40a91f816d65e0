"""The board's directory: one small file a process, read and tidied by all of them.

- ``sheet-<name>`` is replaced as a whole each second by the process it is named after;
- ``alive-<name>`` is locked by it for as long as it lives, whatever it dies of;
- ``departed`` holds what the dead have counted;
- ``history`` and ``history.old`` hold a line a second, ten minutes each;
- ``keeper`` is locked by the one process that writes the last three;
- ``census`` is locked by the one that counts accounts;
- ``reading`` is locked by readers together, and by who moves counts between files alone.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from tiktok_oauth.service.figures.sheets import Departed, Sheet, Totals, read_together
from tiktok_oauth.service.figures.values import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

T = TypeVar("T")
Duty = Literal["keeper", "census"]

HISTORY = 600
"""Samples that are kept at least, one a second."""
_SHEET, _ALIVE = "sheet-", "alive-"
_PRIVATE = 0o600


class BoardFiles:
    """One process's way to the board.

    Args:
        directory: private to the user; made when it is not there.

    Raises:
        OSError: it cannot be made or read; so do all methods.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._locks: dict[str, int] = {}
        self._lines: int | None = None

    def join(self, name: str) -> None:
        """Take part under a name. It ends with this process, or with ``leave``."""
        # Nobody may find the file before it is locked: its process would count as dead.
        with self._alone():
            self._try_lock(f"{_ALIVE}{name}")

    def put(self, sheet: Sheet) -> None:
        """Replace one's own sheet."""
        self._replace(f"{_SHEET}{sheet.name}", sheet)

    def leave(self) -> None:
        """Let go of everything; one's own counts stay."""
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()

    def read(self, now: float) -> Totals:
        """All sheets as one."""
        with self._together():
            departed = self._read("departed", Departed) or Departed()
            return read_together(self._sheets(), departed, now)

    def history(self, since: float) -> list[Sample]:
        """The samples after a moment, oldest first."""
        with self._together():
            lines = [*self._read_lines("history.old"), *self._read_lines("history")]
        samples = [s for line in lines if (s := _decoded(line, Sample)) is not None]
        return [sample for sample in samples if sample.at > since]

    def has_duty(self, duty: Duty) -> bool:
        """Whether this process is the one that does something for all; another one takes over."""
        return duty in self._locks or self._try_lock(duty)

    def bury(self) -> None:
        """Add the counts of dead processes to those of the departed. To be called by the keeper."""
        with self._alone():
            dead = [name for name in self._names(_ALIVE) if self._is_dead(name)]
            # A sheet without its lock is what a keeper that died here has left.
            names = {*dead, *(set(self._names(_SHEET)) - set(self._names(_ALIVE)))}
            if not names:
                return
            found = (self._read(f"{_SHEET}{name}", Sheet) for name in sorted(names))
            departed = self._read("departed", Departed) or Departed()
            self._replace("departed", departed.joined([s for s in found if s is not None]))
            for name in names:
                for kind in (_ALIVE, _SHEET):
                    with suppress(FileNotFoundError):
                        self._path(f"{kind}{name}").unlink()

    def append(self, sample: Sample) -> None:
        """Add to the history. To be called by the keeper."""
        path = self._path("history")
        if self._lines is None:
            self._lines = len(self._read_lines("history"))
        if self._lines >= HISTORY:
            with self._alone():
                path.replace(self._path("history.old"))
            self._lines = 0
        descriptor = _open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with os.fdopen(descriptor, "ab") as file:
            file.write(msgspec.json.encode(sample) + b"\n")
        self._lines += 1

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _names(self, kind: str) -> list[str]:
        found = (path.name for path in self._directory.iterdir())
        return [name.removeprefix(kind) for name in found if name.startswith(kind)]

    def _sheets(self) -> list[Sheet]:
        found = (self._read(f"{_SHEET}{name}", Sheet) for name in sorted(self._names(_SHEET)))
        return [sheet for sheet in found if sheet is not None]

    def _read(self, name: str, kind: type[T]) -> T | None:
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        return _decoded(content, kind)

    def _read_lines(self, name: str) -> list[bytes]:
        try:
            return self._path(name).read_bytes().splitlines()
        except FileNotFoundError:
            return []

    def _replace(self, name: str, content: msgspec.Struct) -> None:
        # Named after the process: a keeper that hangs must not write into its successor's file.
        half = self._path(f"half-{os.getpid()}-{name}")
        descriptor = _open_private(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(content))
        half.replace(self._path(name))

    def _is_dead(self, name: str) -> bool:
        if f"{_ALIVE}{name}" in self._locks:
            return False
        if not self._try_lock(f"{_ALIVE}{name}"):
            return False
        os.close(self._locks.pop(f"{_ALIVE}{name}"))
        return True

    def _try_lock(self, name: str) -> bool:
        descriptor = _open_private(self._path(name), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._locks[name] = descriptor
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _together(self) -> Iterator[None]:
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        descriptor = _open_private(self._path("reading"), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _open_private(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, _PRIVATE)


def _decoded(content: bytes, kind: type[T]) -> T | None:
    """What was written, or None for half a line of a process that was killed, or a stranger's."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError:
        return None
