"""What goes wrong besides the kills."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import Server

Misfortune = Literal["drops", "restarts", "full", "jumps"]
"""- ``drops``: a twentieth of the answers is dropped after TikTok has replaced the token;
- ``restarts``: the PostgreSQL server crashes and comes back;
- ``full``: the disk is full for a while;
- ``jumps``: the vault's clock jumps by a day, to and fro."""

_SIZE = "48m"
_BLOCK = bytes(65_536)


class Trouble(Protocol):
    """Something that begins and ends again and again while processes are killed."""

    def begin(self) -> None:
        """Let it go wrong."""
        ...

    def end(self) -> None:
        """Let it be well again."""
        ...


class Restarts:
    """A database server that crashes, and comes back at once."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def begin(self) -> None:
        """Crash, and come back."""
        self._server.stop("immediate")
        self._server.start()

    def end(self) -> None:
        """Nothing is left to do."""


class FullDisk:
    """A disk that fills up to the last byte."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def begin(self) -> None:
        """Fill it."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while ballast.write(_BLOCK):
                continue

    def end(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Make a folder a small disk in memory; where that is not allowed, skip, but fail in CI."""
    options = ("-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "tmpfs")
    if os.geteuid() != 0 or not _done("mount", *options, str(folder)):
        missing = "needs the right to mount a small disk"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)  # A disk can only be filled safely where it is one of its own.
    try:
        yield
    finally:
        _done("umount", "-l", str(folder))


def _done(program: str, *arguments: str) -> bool:
    path = shutil.which(program)
    return path is not None and not subprocess.run([path, *arguments], check=False).returncode
