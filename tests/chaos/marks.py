"""What processes note of their refreshes, so that it outlives them: a mark a step, in one file.

A mark is one write to a file, which no kill undoes. Tokens are named by a piece of their SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.transport.urllib3 import Urllib3Transport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

_MARK = struct.Struct("=cId8s8s")
_NOTHING = bytes(8)
_PIECE = 65_536
TO_KEEP = 1.0
"""Seconds after which an answer that has come must be safe."""
_TOKEN_PATH = "/v2/oauth/token/"
_SENT = re.compile(rb"(?:^|&)refresh_token=([^&]+)")
_CAME = re.compile(rb'"refresh_token" ?: ?"([^"]+)"')


def name_of(sha256: str) -> bytes:
    """How marks name a token whose SHA-256 is known in hex."""
    return bytes.fromhex(sha256[:16])


def name_of_token(token: str) -> bytes:
    """How marks name a token."""
    return name_of(hashlib.sha256(token.encode()).hexdigest())


class Marks:
    """Notes how far each refresh got. Any number of processes may write to one file.

    Args:
        path: the file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._pid = os.getpid()

    def sent(self, body: bytes) -> bytes:
        """A request is about to be sent; returns the name of its token."""
        name = _name_in(_SENT, body)
        self._write(b"S", name)
        return name

    def answered(self, sent: bytes, body: bytes) -> None:
        """Its answer has come."""
        self._write(b"R", sent, _name_in(_CAME, body))

    def failed(self, sent: bytes) -> None:
        """No answer will come."""
        self._write(b"E", sent)

    def _write(self, kind: bytes, sent: bytes, got: bytes = _NOTHING) -> None:
        os.write(self._file, _MARK.pack(kind, self._pid, time.monotonic(), sent, got))


def _name_in(pattern: re.Pattern[bytes], body: bytes) -> bytes:
    found = pattern.search(body)
    return _NOTHING if found is None else hashlib.sha256(unquote_to_bytes(found[1])).digest()[:8]


class MarkingTransport:
    """The blocking transport, which notes how far each refresh got."""

    def __init__(self, marks: Marks) -> None:
        self._inner = Urllib3Transport(ConnectionSettings(idle_timeout=5.0))
        self._marks = marks

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        if not request.url.endswith(_TOKEN_PATH):
            return self._inner.send(request, timeout=timeout, limit=limit)
        sent = self._marks.sent(request.body or b"")
        try:
            response = self._inner.send(request, timeout=timeout, limit=limit)
        except BaseException:
            self._marks.failed(sent)
            raise
        self._marks.answered(sent, response.body)
        return response

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()


@dataclass(slots=True)
class Send:
    """One refresh request, as its sender noted it.

    Attributes:
        pid: the process that sent it.
        sent: the name of the token it sent.
        began: when (monotonic).
        ended: when its answer had come, or could no longer come; None if the sender never knew.
        got: the name of the token that came; empty when none did.
    """

    pid: int
    sent: bytes
    began: float
    ended: float | None = None
    got: bytes = b""


class Sends:
    """All marks of one file, read on as it grows.

    Attributes:
        all: every request, in the order of their first marks.
    """

    def __init__(self, path: Path) -> None:
        self.all: list[Send] = []
        self._open: dict[tuple[int, bytes], Send] = {}
        # A write that crosses a page can be seen when half of it is done.
        self._torn = b""
        self._file = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)

    def read(self) -> None:
        """Take in what was noted since."""
        while data := os.read(self._file, _PIECE):
            data = self._torn + data
            whole = len(data) // _MARK.size * _MARK.size
            self._torn = data[whole:]
            for kind, pid, at, sent, got in _MARK.iter_unpack(data[:whole]):
                self._take(kind, Send(pid, sent, at), got)

    def open_in(self, pid: int) -> list[Send]:
        """The requests of a process that have not ended."""
        return [send for send in self._open.values() if send.pid == pid]

    def of(self, tokens: AbstractSet[bytes]) -> list[Send]:
        """The requests that sent one of these tokens."""
        return [send for send in self.all if send.sent in tokens]

    def _take(self, kind: bytes, mark: Send, got: bytes) -> None:
        key = (mark.pid, mark.sent)
        if kind == b"S":
            self.all.append(mark)
            self._open[key] = mark
            return
        send = self._open.pop(key)
        send.ended, send.got = mark.began, got.strip(b"\0") and got


def duplicates(sends: Iterable[Send], died: Mapping[int, float]) -> int:
    """How many requests had a token that was in use, or replaced to its sender's knowledge.

    An account whose new token is refused may try the one before it: that is no duplicate.

    Args:
        sends: all there were.
        died: when processes were killed.
    """
    by_token: dict[bytes, list[Send]] = defaultdict(list)
    for send in sorted(sends, key=lambda send: send.began):
        by_token[send.sent].append(send)
    return sum(
        any(
            _forbids(earlier, send, died) and not _is_refused(by_token, earlier.got, send)
            for earlier in theirs[:place]
        )
        for theirs in by_token.values()
        for place, send in enumerate(theirs)
    )


def _forbids(earlier: Send, later: Send, died: Mapping[int, float]) -> bool:
    """Whether a request must not have been made after an earlier one with the same token."""
    death = died.get(earlier.pid, float("inf"))
    if earlier.ended is None:
        return death > later.began
    # Who was killed with the new token in hand may have taken it along.
    was_kept = bool(earlier.got) and death > earlier.ended + TO_KEEP
    return was_kept or min(earlier.ended, death) > later.began


def _is_refused(by_token: Mapping[bytes, Sequence[Send]], token: bytes, before: Send) -> bool:
    """Whether a token was sent before a request, and never brought another one."""
    sends = [send for send in by_token.get(token, ()) if send.began < before.began]
    return bool(sends) and not any(send.got for send in sends)
