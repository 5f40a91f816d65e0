"""What the blocking transport makes of an answer, however it comes in pieces."""

from __future__ import annotations

import socket
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.transport.answers import FAILURES, read_answer

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpResponse

LIMIT = 100
HEAD = b"HTTP/1.1 200 OK\r\nX-Tt-Logid: 2026\r\nX-Empty:\r\n"
PLAIN = HEAD + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\nX-After: 1\r\n\r\n"
CLOSING = HEAD + b"\r\n{}"
EARLY = b"HTTP/1.1 103 Early Hints\r\nX-Tt-Logid: early\r\n\r\n"


class Wire(socket.socket):
    """Hands out an answer piece by piece, then the end of the connection."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = [piece for piece in pieces if piece]

    def recv(self, buflen: int, flags: int = 0) -> bytes:
        """The next piece, if it is not longer than what is asked for."""
        return self.pieces.pop(0) if self.pieces else b""


def read(*pieces: bytes, limit: int = LIMIT, has_body: bool = True) -> tuple[HttpResponse, bool]:
    """Read an answer that comes in these pieces."""
    with Wire(*pieces) as wire:
        return read_answer(wire, limit, has_body=has_body)


def cut(text: bytes, places: list[int]) -> list[bytes]:
    """Cut a text at some places."""
    marks = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(marks)]


@given(
    st.sampled_from([PLAIN, CHUNKED, CLOSING, EARLY + PLAIN, EARLY + EARLY + CHUNKED]),
    st.lists(st.integers(min_value=0)),
)
def test_an_answer_is_the_same_however_it_is_cut(text: bytes, places: list[int]) -> None:
    """Pieces of any length make the same answer, and hints before it are passed over."""
    answer, goes_on = read(*cut(text, places))

    assert (answer.status, answer.body, answer.overflow) == (200, b"{}", False)
    assert answer.headers.get("x-tt-logid") == "2026"
    assert answer.headers.get("x-empty") == ""
    assert answer.headers.get("x-after") is None
    assert goes_on is not text.endswith(CLOSING)


@given(st.sampled_from([PLAIN, CHUNKED]), st.data())
def test_half_an_answer_is_an_error(text: bytes, data: st.DataObject) -> None:
    """Wherever the connection breaks before the end, there is no answer."""
    end = data.draw(st.integers(min_value=0, max_value=len(text) - 1))

    with pytest.raises(ConnectionError, match="half an answer"):
        read(text[:end])


@given(st.lists(st.binary(max_size=40) | st.sampled_from([HEAD, PLAIN, CHUNKED, b"\r\n"])))
def test_any_bytes_are_an_answer_or_an_error(pieces: list[bytes]) -> None:
    """Nothing but the errors that are told of comes out, and no more body than was asked for."""
    try:
        answer, _ = read(*pieces)
    except (*FAILURES, ConnectionError):
        return

    assert 100 <= answer.status <= 999
    assert len(answer.body) <= LIMIT


@pytest.mark.parametrize("behind", [PLAIN, b"something", b"HTTP/1.1 200 OK\r\n"])
def test_what_comes_behind_an_answer_ends_the_connection(behind: bytes) -> None:
    """Bytes that nobody asked for change nothing in the answer, and no other one is trusted."""
    answer, goes_on = read(PLAIN + behind)

    assert (answer.status, answer.body, goes_on) == (200, b"{}", False)


def test_a_body_is_cut_at_the_limit() -> None:
    """One byte more than asked for is an overflow, and the rest is not read."""
    answer, goes_on = read(CLOSING[:-2], b"x" * (LIMIT + 1), b"never read")

    assert (answer.body, answer.overflow, goes_on) == (b"x" * LIMIT, True, False)


def test_an_answer_without_a_body_is_whole_after_its_head() -> None:
    """The answer to HEAD tells a length, and nothing follows."""
    answer, goes_on = read(HEAD + b"Content-Length: 2\r\n\r\n", has_body=False)

    assert (answer.status, answer.body, goes_on) == (200, b"", False)


@pytest.mark.parametrize(
    "endless", [b"X-Header: " + b"x" * 1000, HEAD + b"X: 1\r\n" * 50, b"HTTP/1.1 200 "]
)
def test_an_endless_head_is_an_error(endless: bytes) -> None:
    """What never comes to a body does not fill the memory."""
    with pytest.raises((*FAILURES, ConnectionError)):
        read(HEAD, *[endless] * 1000)


def test_endless_chunks_are_an_error() -> None:
    """Chunks that hold next to nothing do not go on for ever."""
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

    with pytest.raises(ConnectionError, match="more than any answer needs"):
        read(start, *[b"1;" + b"x" * 1000 + b"\r\nx\r\n"] * 90)
