"""Blocking sockets whose every wait ends with the attempt they serve."""

from __future__ import annotations

import contextlib
import errno
import queue
import socket
import ssl
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from tiktok_oauth.engine.ports import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer, WriteableBuffer

_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


class Attempt:
    """One request under way: until when, how far, and what it waits on.

    Its own thread moves it on; any other thread may end it.
    """

    def __init__(self, timeout: float, owner: object) -> None:
        self.owner: object = owner
        self.timeout: float = timeout
        self.phase: Phase = Phase.RESOLVE
        self.ended: bool = False
        self._deadline = monotonic() + timeout
        self._lock = threading.Lock()
        self._waits_on: socket.socket | queue.SimpleQueue[Any] | None = None

    def left(self) -> float:
        """Return the seconds left, which are never zero.

        Raises:
            TimeoutError: none are.
            ConnectionAbortedError: the attempt was ended.
        """
        if self.ended:
            raise ConnectionAbortedError(errno.ECONNABORTED, "ended")
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def wait_on(self, thing: socket.socket | queue.SimpleQueue[Any]) -> None:
        """Name what ``end`` has to wake."""
        if self._waits_on is not thing:
            with self._lock:
                self._waits_on = thing

    def let_go(self) -> None:
        """Forget what was waited on, before it is closed or given to somebody else."""
        with self._lock:
            self._waits_on = None

    def end(self) -> None:
        """Wake the attempt's thread, whatever it waits for; from any thread."""
        with self._lock:
            self.ended = True
            thing = self._waits_on
            if isinstance(thing, socket.socket):
                # Not SSLSocket.shutdown(): it first turns the object back into a plain socket,
                # and what the other thread writes next would leave in clear text.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(thing, socket.SHUT_RDWR)
            elif thing is not None:
                thing.put(None)

    def abandon(self) -> None:
        """Close the descriptor that a forked child inherited; its parent goes on unharmed."""
        if isinstance(self._waits_on, socket.socket):
            self._waits_on.close()


class _Current(threading.local):
    attempt: Attempt | None = None


current: _Current = _Current()
"""The attempt that this thread is making: sockets ask it how long they may still wait."""


class _Timed(socket.socket):
    """Sets the time left before each operation: one timeout for all would start anew each time."""

    def _set_time_left(self) -> None:
        attempt = current.attempt
        if attempt is not None:
            attempt.wait_on(self)
            self.settimeout(attempt.left())

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        self._set_time_left()
        return super().recv(buflen, flags)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        self._set_time_left()
        return super().recv_into(buffer, nbytes or 0, flags)

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        self._set_time_left()
        return super().send(data, flags)

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        self._set_time_left()
        super().sendall(data, flags)

    def is_quiet(self) -> bool:
        """Tell whether the connection is open and nothing came that nobody asked for."""
        self.settimeout(0)
        try:
            super().recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False


class TcpSocket(_Timed):
    """A TCP socket bound to this thread's attempt."""


class TlsSocket(_Timed, ssl.SSLSocket):
    """A TLS socket bound to this thread's attempt."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read; what is lost before the handshake is closed.

        Python looks for early data then, and leaves the socket open when that fails (seen in 3.11)
        for another reason than that there is no connection.
        """
        try:
            return super().recv(buflen, flags)
        except OSError as error:
            attempt = current.attempt
            if attempt and self.version() is None and error.errno != errno.ENOTCONN:
                attempt.let_go()
                self.close()
            raise

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 (as inherited)
        """Shake hands, as a phase of its own."""
        if current.attempt is not None:
            current.attempt.phase = Phase.TLS
        self._set_time_left()
        super().do_handshake(block)


def connect(host: str, port: int) -> TcpSocket:
    """Open a TCP connection to the first address that answers, for this thread's attempt.

    Raises:
        OSError: there is none, the time is up or the attempt was ended.
    """
    attempt = current.attempt
    if attempt is None:
        raise RuntimeError("a connection is opened by an attempt")
    attempt.phase = Phase.RESOLVE
    addresses = _look_up(host, port, attempt)
    attempt.phase = Phase.CONNECT
    for index, address in enumerate(addresses):
        last = index == len(addresses) - 1
        # A dead address may use up its share of the time only, not the next one's.
        share = attempt.left() / (len(addresses) - index)
        try:
            return _connect_one(address, share, attempt)
        except OSError:
            if last or attempt.ended:
                raise
    raise socket.gaierror(socket.EAI_NONAME, "no address")


def _connect_one(address: _Address, timeout: float, attempt: Attempt) -> TcpSocket:
    family, kind, proto, _, where = address
    sock = TcpSocket(family, kind, proto)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        attempt.wait_on(sock)
        sock.settimeout(min(timeout, attempt.left()))
        sock.connect(where)
    except BaseException:
        attempt.let_go()
        sock.close()
        raise
    return sock


def _look_up(host: str, port: int, attempt: Attempt) -> Sequence[_Address]:
    """Resolve a name, in a thread of its own because the system's resolver cannot be stopped."""
    host = host.strip("[]")
    with contextlib.suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    answer: queue.SimpleQueue[Sequence[_Address] | OSError | UnicodeError | None]
    answer = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error.with_traceback(None))

    attempt.wait_on(answer)
    threading.Thread(target=look_up, name="tiktok-oauth-resolver", daemon=True).start()
    try:
        found = answer.get(timeout=attempt.left())
    except queue.Empty:
        raise TimeoutError from None
    if found is None:
        raise ConnectionAbortedError(errno.ECONNABORTED, "ended")
    if isinstance(found, Exception):
        raise found
    return found
