"""Marks of refreshes taken where their bytes pass, so that the vault uses its own way to TikTok."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.chaos.marks import Marks

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_REFRESH = b"&refresh_token="


def run_tapped(marks: Marks, program: Coroutine[Any, Any, None]) -> None:
    """Run a program on an event loop that notes each refresh that passes its sockets."""
    with asyncio.Runner(loop_factory=lambda: _TappedLoop(marks)) as runner:
        runner.run(program)


class _TappedLoop(asyncio.SelectorEventLoop):
    """An event loop whose connections are tapped."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self._marks = marks

    async def create_connection(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - handed on
        """Connect, as ever."""
        sock = settings.get("sock")
        if sock is not None:
            settings["sock"] = TappedSocket(sock, self._marks)
        return await super().create_connection(*args, **settings)


class TappedSocket(socket.socket):
    """Takes over a connection, and notes the refreshes that pass it, one at a time.

    Args:
        sock: the connection; it is this socket's from now on.
        marks: the notes.
    """

    def __init__(self, sock: socket.socket, marks: Marks) -> None:
        family, kind, protocol = sock.family, sock.type, sock.proto
        super().__init__(family, kind, protocol, sock.detach())
        self.setblocking(False)
        self._marks = marks
        self._sent: bytes | None = None
        self._came = b""

    def send(self, data: Any, flags: int = 0, /) -> int:  # noqa: ANN401 - a buffer of any kind
        """Send, once it is noted what."""
        self._note_request(bytes(data))
        return super().send(data, flags)

    def sendmsg(self, buffers: Any, *others: Any) -> int:  # noqa: ANN401 - as above
        """Send several pieces, once it is noted what."""
        pieces = list(buffers)
        self._note_request(b"".join(pieces))
        return super().sendmsg(pieces, *others)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive, and note an answer that is whole before anybody else sees its last byte."""
        data = super().recv(size, flags)
        if data:
            self._note_answer(data)
        return data

    def close(self) -> None:
        """Close: what is under way brings no answer any more."""
        if self._sent is not None:
            sent, self._sent = self._sent, None
            self._marks.failed(sent)
        super().close()

    def _note_request(self, data: bytes) -> None:
        if self._sent is None and _REFRESH in data:
            self._came = b""
            self._sent = self._marks.sent(data)

    def _note_answer(self, data: bytes) -> None:
        if self._sent is None:
            return
        self._came += data
        head, blank, body = self._came.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if blank and length and len(body) >= int(length[1]):
            sent, self._sent = self._sent, None
            self._marks.answered(sent, body)
