"""Attempts that would take forever, one for each phase in which that can happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.faults import (
    OK,
    FaultServer,
    Script,
    answer,
    answering_then_silent,
    chunked,
    secured,
    silent,
    silent_after_request,
    trickling,
    unreachable,
)
from tiktok_oauth.connection import ConnectionSettings

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from concurrent.futures import Future
    from contextlib import ExitStack

    from tests.transport.callers import Caller
    from tests.transport.conftest import Call
    from tiktok_oauth.protocol.http import HttpResponse

LONG = answer(200, b"x" * 1000)
TUNNEL = b"HTTP/1.1 200 Connection established\r\nX-Padding: " + b"x" * 500
RECORD = b"\x16\x03\x03\x40\x00" + b"\x02" * 500


@dataclass
class Stage:
    """What the phases are made of."""

    call: Call
    ca_file: str
    tls: ssl.SSLContext
    stack: ExitStack

    def serve(self, *scripts: Script, scheme: str = "http") -> FaultServer:
        """Start a server that plays these scripts."""
        return self.stack.enter_context(FaultServer(*scripts, scheme=scheme))

    def to(self, *scripts: Script, secure: bool = False) -> Hanging:
        """Hang at a server that plays these scripts."""
        if not secure:
            return Hanging(self.call(), self.serve(*scripts).url)
        server = self.serve(*(secured(self.tls, script) for script in scripts), scheme="https")
        return Hanging(self.call(ConnectionSettings(ca_file=self.ca_file)), server.url)

    def through(self, script: Script) -> Hanging:
        """Hang at a proxy that plays this script."""
        proxy = f"http://127.0.0.1:{self.serve(script).port}"
        return Hanging(self.call(ConnectionSettings(proxy=proxy)), "https://localhost:1/")


@dataclass
class Hanging:
    """A client and where it will hang."""

    client: Caller
    url: str

    def start(self, timeout: float) -> Future[HttpResponse]:
        """Begin the attempt that hangs."""
        return self.client.start(self.url, timeout=timeout)


def _connecting(stage: Stage) -> Hanging:
    return Hanging(stage.call(), stage.stack.enter_context(unreachable()))


def _kept(stage: Stage) -> Hanging:
    hanging = stage.to(answering_then_silent(OK))
    hanging.start(5).result()
    return hanging


def _handshake(script: Script) -> Callable[[Stage], Hanging]:
    return lambda stage: Hanging(stage.call(), stage.serve(script, scheme="https").url)


NEVER_SENT: dict[str, Callable[[Stage], Hanging]] = {
    "connecting": _connecting,
    "proxy silence": lambda stage: stage.through(silent_after_request),
    "proxy trickle": lambda stage: stage.through(trickling(TUNNEL)),
    "TLS silence": _handshake(silent),
    "TLS trickle": _handshake(trickling(RECORD, asked=False)),
}
SENT: dict[str, Callable[[Stage], Hanging]] = {
    "silence": lambda stage: stage.to(silent_after_request),
    "silence on a kept connection": _kept,
    "header trickle": lambda stage: stage.to(trickling(LONG)),
    "body trickle": lambda stage: stage.to(trickling(LONG, len(LONG) - 900)),
    "chunk trickle": lambda stage: stage.to(trickling(chunked(*[b"x"] * 200), 60)),
    "silence over TLS": lambda stage: stage.to(silent_after_request, secure=True),
    "trickle over TLS": lambda stage: stage.to(trickling(LONG, 900), secure=True),
}
PHASES = NEVER_SENT | SENT
