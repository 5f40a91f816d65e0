"""What a tapped connection notes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.chaos.marks import Marks, Sends
from tests.chaos.tap import TappedSocket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REQUEST = b"POST / HTTP/1.1\r\n\r\ngrant_type=refresh_token&refresh_token=rft.old"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n"
_BODY = b'{"refresh_token": "rft.new"}'


class _Tapped:
    """A tapped connection, its other end, and what it has noted."""

    def __init__(self, marks: Path) -> None:
        ours, self.theirs = socket.socketpair()
        self.ours = TappedSocket(ours, Marks(marks))
        self._sends = Sends(marks)

    def noted(self) -> list[tuple[bool, bool]]:
        """Of each refresh, whether it has ended and whether it brought a token."""
        self._sends.read()
        return [(send.ended is not None, bool(send.got)) for send in self._sends.all]


@pytest.fixture
def tapped(tmp_path: Path) -> Iterator[_Tapped]:
    """A connection."""
    tapped = _Tapped(tmp_path / "marks")
    with tapped.ours, tapped.theirs:
        yield tapped


def test_a_refresh_is_noted_before_it_is_sent_and_when_its_answer_is_whole(
    tapped: _Tapped,
) -> None:
    """An answer may come in pieces."""
    tapped.ours.send(_REQUEST)
    assert tapped.noted() == [(False, False)]
    tapped.theirs.send(_HEAD + _BODY[:5])
    tapped.ours.recv(4096)
    assert tapped.noted() == [(False, False)]
    tapped.theirs.send(_BODY[5:])
    tapped.ours.recv(4096)
    assert tapped.noted() == [(True, True)]


@pytest.mark.parametrize("answer", [b"", _HEAD[:20]])
def test_a_connection_that_is_closed_brings_no_token(tapped: _Tapped, answer: bytes) -> None:
    """Not even where an answer had begun."""
    tapped.ours.sendmsg([_REQUEST[:20], _REQUEST[20:]])
    if answer:
        tapped.theirs.send(answer)
        tapped.ours.recv(4096)
    tapped.ours.close()
    assert tapped.noted() == [(True, False)]


def test_other_requests_are_not_noted(tapped: _Tapped) -> None:
    """Only refreshes are."""
    tapped.ours.send(b"GET / HTTP/1.1\r\n\r\n")
    tapped.theirs.send(_HEAD + _BODY)
    tapped.ours.recv(4096)
    assert tapped.noted() == []
