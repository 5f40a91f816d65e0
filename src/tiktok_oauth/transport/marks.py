"""Sockets that a library keeps to itself, found again by a mark they were opened with.

The mark is the time after which TCP would first ask whether a silent connection still stands:
two to nine hours, in seconds. No connection is silent for a minute, so it changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import select
import socket
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEEP_IDLE: int | None = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
_DESCRIPTORS = "/dev/fd"
_AGAIN = 0.002
_PATIENCE = 1.0

WORK: bool = _KEEP_IDLE is not None and os.path.exists(_DESCRIPTORS)  # noqa: PTH110 (os has it at hand)
"""Whether this system lets a process look at its sockets: Linux and macOS do."""

_seconds = itertools.cycle(range(2 * 3600, 9 * 3600))
_marks: WeakValueDictionary[int, Mark] = WeakValueDictionary()


class Mark:
    """What tells one connection from all others of the process.

    Attributes:
        seconds: the keep-alive time that its socket is to be opened with.
    """

    def __init__(self) -> None:
        self.seconds: int = next(each for each in _seconds if each not in _marks)
        self._descriptor = -1
        self._inode = -1
        self._poll = select.poll()
        _marks[self.seconds] = self

    def is_quiet(self) -> bool:
        """Tell whether the connection is open and nothing came that nobody asked for."""
        try:
            if self._descriptor < 0:
                _locate_all()
            is_it = os.fstat(self._descriptor).st_ino == self._inode
        except OSError:
            return False
        return is_it and not self._poll.poll(0)

    def locate(self, descriptor: int) -> None:
        """Note the socket's descriptor, and what tells it from a later one of that number."""
        self._inode = os.fstat(descriptor).st_ino
        self._poll.register(descriptor, select.POLLIN)
        self._descriptor = descriptor


class Breaker:
    """Breaks connections of one loop, and goes on until they are gone.

    A connection may still be about to be opened, or be opened once more. One search serves all
    that are to be broken.
    """

    def __init__(self) -> None:
        self._doomed: dict[int, float] = {}

    def doom(self, mark: Mark) -> None:
        """Break the connection that bears a mark, whatever it is used for."""
        loop = asyncio.get_running_loop()
        if not self._doomed:
            loop.call_soon(self._break, loop)
        self._doomed[mark.seconds] = loop.time() + _PATIENCE

    def _break(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        found = set()
        for _, mark, sock in _marked_sockets():
            if mark in self._doomed:
                found.add(mark)
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for mark, until in tuple(self._doomed.items()):
            if mark in found:
                self._doomed[mark] = now  # unless it is found again, it is gone
            elif until <= now:
                del self._doomed[mark]
        if self._doomed:
            loop.call_later(_AGAIN, self._break, loop)


def _locate_all() -> None:
    """Note where each mark's socket is: after many were opened, one search serves them all."""
    for descriptor, mark, _ in _marked_sockets():
        if (bearer := _marks.get(mark)) is not None:
            bearer.locate(descriptor)


def _marked_sockets() -> Iterator[tuple[int, int, socket.socket]]:
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 (names are wanted, not paths)
        with contextlib.suppress(OSError), _duplicate(int(name)) as found:
            yield int(name), _read(found), found


def _duplicate(descriptor: int) -> socket.socket:
    # The library may close its own at any time, and the number may become another's.
    own = os.dup(descriptor)
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, own)
    except OSError:  # no socket
        os.close(own)
        raise


def _read(found: socket.socket) -> int:
    return found.getsockopt(socket.IPPROTO_TCP, _KEEP_IDLE or 0)
