"""The journals that dead vaults of this host have left."""

from __future__ import annotations

import itertools
import os
import time
from typing import TYPE_CHECKING

from tiktok_oauth.vault.refresh.answers import split
from tiktok_oauth.vault.refresh.volume import OWN, SUFFIX, locked, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Leftover:
    """The journal of a boot that is dead, held so that nobody else takes it up, too."""

    def __init__(self, boot: str, files: Mapping[Path, int]) -> None:
        self.boot = boot
        self._files = files

    def payloads(self) -> Iterator[bytes]:
        """What the dead boot had written."""
        with told("read"):
            held = [os.pread(file, os.fstat(file).st_size, 0) for file in self._files.values()]
        return itertools.chain.from_iterable(map(split, held))

    def age(self) -> float:
        """Seconds since something was written to it."""
        return min(
            (time.time() - os.fstat(file).st_mtime for file in self._files.values()), default=0.0
        )

    def delete(self) -> None:
        """Let go of what it holds: everything in it stands in the store."""
        with told("deleted"):
            for path in self._files:
                path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let somebody else have it."""
        for file in self._files.values():
            os.close(file)


def boots_in(directory: Path) -> list[str]:
    """The boots that have a journal in a directory, the living, too.

    Raises:
        StoreError: the directory cannot be read.
    """
    with told("listed"):
        return sorted({_boot_of(path) for path in directory.glob(f"*{SUFFIX}")})


def leftover(directory: Path, boot: str) -> Leftover | None:
    """A boot's journal, if its writer is dead and nobody else holds it."""
    held = _hold(directory, boot)
    return Leftover(boot, held) if held else None


def _hold(directory: Path, boot: str) -> dict[Path, int] | None:
    """A dead boot's volumes, open and locked; None when somebody else has one of them."""
    held: dict[Path, int] = {}
    for path in _volumes_of(directory, boot):
        file = None if path in OWN else locked(path)
        if file is not None:
            held[path] = file
        elif path.exists():
            for other in held.values():
                os.close(other)
            return None
    return held


def _volumes_of(directory: Path, boot: str) -> list[Path]:
    return sorted(directory.glob(f"{boot}-*{SUFFIX}"), key=_number_of)


def _boot_of(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).rpartition("-")[0]


def _number_of(path: Path) -> int:
    number = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    return int(number) if number.isdigit() else 0
