"""What the engine needs from the world, and nothing more."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse


class Phase(StrEnum):
    """How far an attempt got before it failed."""

    RESOLVE = "resolve"
    """Looking up the host name."""
    CONNECT = "connect"
    """Opening the TCP connection, or asking a proxy for it."""
    TLS = "tls"
    """The TLS handshake."""
    EXCHANGE = "exchange"
    """Sending the request or waiting for the answer: TikTok may have handled it."""

    @property
    def never_sent(self) -> bool:
        """Whether TikTok certainly never saw the request."""
        return self is not Phase.EXCHANGE


class TransportError(Exception):
    """An attempt ended without an answer. Its text never holds a header, a body or a query.

    Transports raise it *outside* the ``except`` block that caught the HTTP library's error, so
    that neither ``__cause__`` nor ``__context__`` drags along frames whose locals hold secrets.
    """

    def __init__(self, detail: str, *, phase: Phase) -> None:
        super().__init__(detail)
        self.detail = detail
        self.phase = phase


class NoConnectionError(TransportError):
    """Refused, unresolvable, TLS failure, reset, short or half body."""


class DeadlineError(TransportError):
    """The attempt's time was up, in whatever phase."""


class ClosedError(TransportError):
    """The client was closed, before the attempt or while it was under way."""


class Transport(Protocol):
    """One client's way out, blocking. Safe to share between threads."""

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt and return whatever was answered.

        Args:
            request: what to send, as it is: no header is added but Host, Content-Length and
                Connection; no redirect is followed, nothing is decoded or retried.
            timeout: seconds for the whole attempt, over every phase.
            limit: bytes of body to read at most; a longer one sets ``overflow``.

        Raises:
            TransportError: there was no whole answer (see its subclasses).
        """
        ...

    def close(self) -> None:
        """End this client's attempts at once (from any thread) and refuse new ones.

        Idle connections belong to the pool shared per process and settings and stay in it.
        """
        ...


class AsyncTransport(Protocol):
    """One client's way out, awaiting. Safe to share between tasks, and between event loops.

    A vault uses it from a loop of its own.
    """

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """As ``Transport.send``; cancelling it closes its connection."""
        ...

    async def aclose(self) -> None:
        """End this client's attempts at once and refuse new ones."""
        ...
