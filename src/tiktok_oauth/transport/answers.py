"""Reads one answer off a blocking socket, with the parser of Node.js."""

from __future__ import annotations

from typing import TYPE_CHECKING

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from tiktok_oauth.protocol.http import HttpResponse

if TYPE_CHECKING:
    import socket

FAILURES = (HttpParserError, HttpParserUpgrade)
_PIECE = 16 * 1024
_HEAD_LIMIT = 64 * 1024
_CHUNKS_LIMIT = 8
"""How many times as long as its body an answer may be: one of single bytes is six times."""


def read_answer(wire: socket.socket, limit: int, *, has_body: bool) -> tuple[HttpResponse, bool]:
    """Read until the answer is whole, or longer than the limit.

    Args:
        wire: where it comes from.
        limit: bytes of body after which nothing more is read.
        has_body: whether one may come: the answer to HEAD has none.

    Returns:
        The answer, and whether another one may follow on the same connection.

    Raises:
        HttpParserError: it is no HTTP.
        OSError: the connection broke before it was whole.
    """
    answer = _Answer(has_body=has_body)
    parser = answer.parser = HttpResponseParser(answer)
    try:
        most = _HEAD_LIMIT + _CHUNKS_LIMIT * limit
        while not answer.is_whole and len(answer.body) <= limit:
            data = wire.recv(_PIECE)
            most -= len(data)
            if not data:
                answer.end()
            elif most < 0 or (not answer.has_head and most < _CHUNKS_LIMIT * limit):
                raise ConnectionError("more than any answer needs")
            else:
                _feed(parser, data, answer)
    finally:
        answer.parser = None  # They hold each other.
    overflow = len(answer.body) > limit
    response = HttpResponse(answer.status, answer.headers, bytes(answer.body[:limit]), overflow)
    return response, answer.keeps_alive and not overflow


def _feed(parser: HttpResponseParser, data: bytes, answer: _Answer) -> None:
    try:
        parser.feed_data(data)
    except HttpParserError:
        if not answer.is_whole:
            raise
        answer.keeps_alive = False  # What came behind it is nobody's business.


class _Answer:
    """What the parser has found so far; it calls the methods."""

    def __init__(self, *, has_body: bool) -> None:
        self.parser: HttpResponseParser | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.has_head = False
        self.is_whole = False
        self.keeps_alive = False
        self._has_body = has_body

    def on_message_begin(self) -> None:
        """Begin an answer; after a whole one, nobody has asked for it."""
        self.keeps_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; of several with one name, the first."""
        if not self.has_head:
            self.headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        """Know how it ended, unless that is still to come."""
        if self.parser is not None and not self.has_head:
            self.status = self.parser.get_status_code()
            if self.status // 100 == 1:
                self.headers.clear()
            else:
                self.has_head = True
                self.is_whole = not self._has_body

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if not self.is_whole:
            self.body += body

    def on_message_complete(self) -> None:
        """Be whole, and know whether the other side waits for another request."""
        if self.parser is not None and self.has_head and not self.is_whole:
            self.is_whole = True
            self.keeps_alive = self.parser.should_keep_alive()

    def end(self) -> None:
        """Be whole, if the end of the connection is the end of the body.

        Raises:
            ConnectionError: it is not.
        """
        if not self.has_head or {"content-length", "transfer-encoding"} & self.headers.keys():
            raise ConnectionError("half an answer")
        self.is_whole = True
