"""A server that misbehaves on purpose, over real sockets, as a script tells it to.

    with FaultServer(answering(OK)) as server:
        client.get(server.url)
        assert server.connections == 1

Each connection plays the next script, and the last script again and again. A script is a
function of one ``Peer``; those below cover the faults a client has to live with, and combine:
``secured(tls, trickling(OK))`` trickles over TLS.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

Script = Callable[["Peer"], None]

_TRICKLE = 0.02
"""Seconds between two bytes of a trickle."""
_PATIENCE = 10.0
"""Seconds after which a test that waits in vain fails."""


def answer(
    status: int | str = 200,
    body: bytes = b"{}",
    *headers: str,
    length: int | None = None,
) -> bytes:
    """Write an answer down as it goes over the wire; ``length`` may lie."""
    lines = [
        f"HTTP/1.1 {status} {'' if isinstance(status, str) else 'Some Reason'}".rstrip(),
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Write down an answer in chunks; another ``end`` breaks it."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


OK = answer()


class Peer:
    """One connection as the server sees it."""

    def __init__(self, sock: socket.socket, server: FaultServer) -> None:
        self.sock = sock
        self.server = server
        self._unread = b""

    def read_request(self) -> bytes | None:
        """Read and record one request; ``None`` when the client has gone."""
        while (end := self._unread.find(b"\r\n\r\n")) < 0:
            if not self._receive():
                return None
        size = end + 4 + _content_length(self._unread[:end])
        while len(self._unread) < size:
            if not self._receive():
                return None
        request, self._unread = self._unread[:size], self._unread[size:]
        self.server.count(request=request)
        return request

    def _receive(self) -> bytes:
        data = self.sock.recv(65536)
        self._unread += data
        return data

    def wait_until_gone(self) -> None:
        """Be silent until the client closes the connection or the server ends."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class FaultServer:
    """Listens on a loopback port and plays scripts; counts and records what it is asked."""

    def __init__(self, *scripts: Script, scheme: str = "http") -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.said = 0
        self._scripts = scripts
        self._scheme = scheme
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._peers: list[tuple[threading.Thread, Peer]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """Where a client reaches it; by name, so that certificates can be checked."""
        return f"{self._scheme}://localhost:{self.port}/v2/oauth/token/"

    def wait(self, condition: Callable[[FaultServer], bool], timeout: float = _PATIENCE) -> bool:
        """Wait until a fact about the server holds; tell whether it came to hold in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the server ends before; tell whether it goes on."""
        return not self._ending.wait(seconds)

    def count(
        self,
        *,
        request: bytes | None = None,
        connections: int = 0,
        still_open: int = 0,
        said: int = 0,
    ) -> None:
        """Count what happened, for those who wait for it."""
        with self._changed:
            if request is not None:
                self.requests.append(request)
            self.connections += connections
            self.open += still_open
            self.said += said
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        _shut(self._listener)
        self._thread.join(_PATIENCE)
        self._listener.close()
        for thread, peer in self._peers:
            _shut(peer.sock)
            thread.join(_PATIENCE)
            peer.sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                peer = Peer(sock, self)
                thread = threading.Thread(target=self._play, args=(script, peer), daemon=True)
                self._peers.append((thread, peer))
                self.count(connections=1, still_open=1)
                thread.start()

    def _play(self, script: Script, peer: Peer) -> None:
        try:
            with contextlib.suppress(OSError):
                script(peer)
        finally:
            peer.sock.close()
            self.count(still_open=-1)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def answering(*answers: bytes) -> Script:
    """Answer request after request, with the last answer again and again."""

    def script(peer: Peer) -> None:
        turn = 0
        while peer.read_request() is not None:
            peer.sock.sendall(answers[min(turn, len(answers) - 1)])
            turn += 1

    return script


def answering_once(raw: bytes) -> Script:
    """Answer one request and close the connection, without having said so."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.sock.sendall(raw)

    return script


def answering_when(says: threading.Event, raw: bytes) -> Script:
    """Answer one request when ``says`` is set."""

    def script(peer: Peer) -> None:
        peer.read_request()
        says.wait(_PATIENCE)
        peer.sock.sendall(raw)
        peer.wait_until_gone()

    return script


def saying(raw: bytes) -> Script:
    """Speak first, without having been asked."""

    def script(peer: Peer) -> None:
        peer.sock.sendall(raw)
        peer.wait_until_gone()

    return script


def answering_then_saying(raw: bytes, more: bytes, says: threading.Event) -> Script:
    """Answer one request, and send something nobody asked for when ``says`` is set."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.sock.sendall(raw)
        says.wait(_PATIENCE)
        peer.sock.sendall(more)
        peer.server.count(said=1)
        peer.wait_until_gone()

    return script


def trickling(raw: bytes, at_once: int = 0, *, asked: bool = True) -> Script:
    """Answer one byte at a time but for the first ``at_once``, or speak so without a request."""

    def script(peer: Peer) -> None:
        if asked:
            peer.read_request()
        peer.sock.sendall(raw[:at_once])
        for index in range(at_once, len(raw)):
            if not peer.server.pause(_TRICKLE):
                return
            peer.sock.sendall(raw[index : index + 1])
        peer.wait_until_gone()

    return script


def answering_then_silent(raw: bytes) -> Script:
    """Answer the first request of a connection, and none after it."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.sock.sendall(raw)
        peer.read_request()
        peer.wait_until_gone()

    return script


def silent(peer: Peer) -> None:
    """Accept the connection and say nothing: silence at accept, or within a TLS handshake."""
    peer.wait_until_gone()


def silent_after_request(peer: Peer) -> None:
    """Read the request and say nothing."""
    peer.read_request()
    peer.wait_until_gone()


def resetting(peer: Peer) -> None:
    """Reset the connection before reading anything."""
    peer.reset()


def resetting_in_request(peer: Peer) -> None:
    """Reset the connection when the first bytes of a request have come."""
    select.select([peer.sock], [], [], _PATIENCE)
    peer.sock.recv(1)
    peer.reset()


def resetting_after_request(peer: Peer) -> None:
    """Read the request, then reset the connection."""
    peer.read_request()
    peer.reset()


def closing_after_request(peer: Peer) -> None:
    """Read the request, then close the connection without an answer."""
    peer.read_request()


def secured(tls: ssl.SSLContext, script: Script) -> Script:
    """Play a script over TLS."""

    def secured_script(peer: Peer) -> None:
        peer.sock = tls.wrap_socket(peer.sock, server_side=True)
        script(peer)

    return secured_script


def proxying(refusal: bytes | None = None) -> Script:
    """Be a proxy for one connection: tunnel for CONNECT, forward for the rest, or refuse."""

    def script(peer: Peer) -> None:
        request = peer.read_request()
        if request is None:
            return
        if refusal is not None:
            peer.sock.sendall(refusal)
            return
        method, target, _ = request.split(b" ", 2)
        authority = target if method == b"CONNECT" else target.split(b"/")[2]
        host, _, port = authority.decode().rpartition(":")
        with socket.create_connection((host, int(port)), _PATIENCE) as upstream:
            if method == b"CONNECT":
                peer.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                upstream.sendall(request.replace(b"http://" + authority, b"", 1))
            _pump(peer.sock, upstream)

    return script


def _pump(one: socket.socket, other: socket.socket) -> None:
    while True:
        readable, _, _ = select.select([one, other], [], [], _PATIENCE)
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Give a URL where every connection is refused: its port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@contextlib.contextmanager
def unreachable() -> Iterator[str]:
    """Give a URL to which a connection is never made: its queue of connections is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
