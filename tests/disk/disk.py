"""A disk that loses what was not synced, and may have torn it.

It is as unkind as POSIX lets it be: a sync keeps a file's content, not its name, which is its
directory's; and of what was written since, any sectors may be there and others not.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from tests.disk.tracing import Step

Fate = Literal["lost", "torn", "kept"]
"""What becomes of that which was not synced."""

_SECTOR = 512


class _Node:
    """A file, or a directory with the changes of its names."""

    def __init__(self, *, is_directory: bool = False) -> None:
        self.is_directory = is_directory
        self.synced = bytearray()
        self.pending: list[tuple[int, bytes] | int] = []
        self.names: list[tuple[str, _Node | None]] = []
        self.length = 0

    def sync(self) -> None:
        """What was written is there for good."""
        self.synced = _with(self.synced, self.pending)
        self.pending.clear()

    def after(self, fate: Fate, dice: random.Random) -> bytes:
        """What is read after the cut."""
        if fate == "lost" or not self.pending:
            return bytes(self.synced)
        if fate == "kept":
            return bytes(_with(self.synced, self.pending))
        found: list[tuple[int, bytes] | int] = []
        for change in self.pending:
            found += [change] if isinstance(change, int) else _torn(*change, dice)
        return bytes(_with(self.synced, [one for one in found if dice.random() < 0.7]))


class Disk:
    """The files in a directory.

    Args:
        room: the directory, which is empty.
    """

    def __init__(self, room: str) -> None:
        self._live: dict[str, _Node] = {room: _Node(is_directory=True)}
        self._kept: dict[str, _Node] = dict(self._live)

    def take(self, step: Step) -> None:
        """Do what a process asked for."""
        kind, path, at, data = step
        node = self._live.get(path)
        if kind == "unknown":
            raise NotImplementedError(data.decode())
        if kind in {"file", "directory"}:
            if node is None:
                self._name(path, _Node(is_directory=kind == "directory"))
        elif node is None:
            raise KeyError(path)
        elif kind == "gone":
            self._name(path, None)
        elif kind == "link":
            self._name(data.decode(), node)
        elif kind in {"sync", "sync data"}:
            node.sync()
            for name, child in node.names:
                _put(self._kept, name, child)
            node.names.clear()
        elif kind == "size":
            node.pending.append(at)
            node.length = at
        else:
            at = node.length if kind == "append" else at
            node.pending.append((at, data))
            node.length = max(node.length, at + len(data))

    def after(self, fate: Fate, dice: random.Random) -> Mapping[str, bytes | None]:
        """Every path that is found after the cut, with its content; None for a directory."""
        names = dict(self._kept)
        for node in {id(node): node for node in self._live.values()}.values():
            count = {"lost": 0, "kept": len(node.names)}.get(fate, dice.randint(0, len(node.names)))
            for name, child in node.names[:count]:
                _put(names, name, child)
        return {
            path: None if node.is_directory else node.after(fate, dice)
            for path, node in sorted(names.items())
            if all(str(parent) in names for parent in _parents(path, self._kept))
        }

    def _name(self, path: str, node: _Node | None) -> None:
        _put(self._live, path, node)
        self._live[str(PurePosixPath(path).parent)].names.append((path, node))


def _put(names: dict[str, _Node], path: str, node: _Node | None) -> None:
    if node is None:
        names.pop(path, None)
    else:
        names[path] = node


def _parents(path: str, known: Mapping[str, _Node]) -> list[PurePosixPath]:
    room = min(known, key=len)
    return [parent for parent in PurePosixPath(path).parents if parent.is_relative_to(room)]


def _with(content: bytearray, changes: list[tuple[int, bytes] | int]) -> bytearray:
    content = bytearray(content)
    for change in changes:
        if isinstance(change, int):
            del content[change:]
            content.extend(bytes(change - len(content)))
        else:
            at, data = change
            content.extend(bytes(max(0, at - len(content))))
            content[at : at + len(data)] = data
    return content


def _torn(at: int, data: bytes, dice: random.Random) -> list[tuple[int, bytes] | int]:
    """The sectors of a write: some are there, and others not."""
    if dice.random() < 0.5:
        return [(at, data)]
    first = at - at % _SECTOR
    pieces: list[tuple[int, bytes] | int] = []
    for begin in range(first, at + len(data), _SECTOR):
        low, high = max(begin, at), min(begin + _SECTOR, at + len(data))
        pieces.append((low, data[low - at : high - at]))
    return pieces
