"""Sockets of the blocking transports: what Python leaves open is closed."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from contextlib import closing

import pytest

from tiktok_oauth.engine.ports import Phase
from tiktok_oauth.transport.sockets import Attempt, TlsSocket, connect, current

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.TLS])
def test_what_is_reset_before_the_handshake_is_closed(
    monkeypatch: pytest.MonkeyPatch, phase: Phase
) -> None:
    """A server that hangs up at once leaves no open socket behind, whatever collects garbage."""
    made: list[TlsSocket] = []

    class Seen(TlsSocket):
        def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
            made.append(self)
            return super().recv(buflen, flags)

    context = ssl.create_default_context()
    context.sslsocket_class = Seen
    attempt = Attempt(5.0, owner=made)
    monkeypatch.setattr(current, "attempt", attempt)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = connect("127.0.0.1", server.getsockname()[1])
        theirs, _ = server.accept()
        with closing(theirs):
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        heard = select.poll()
        heard.register(ours, select.POLLIN)
        assert heard.poll(5000)
        attempt.phase = phase  # a library may say "TLS" before it asks for a handshake

        with pytest.raises(ConnectionResetError):
            context.wrap_socket(ours, server_hostname="localhost")

    [socket_of_ours] = made
    assert socket_of_ours.fileno() == -1
