"""What to say about a failure without repeating anything that was sent or received."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Protocol

from tiktok_oauth.engine.ports import (
    ClosedError,
    DeadlineError,
    NoConnectionError,
    Phase,
    TransportError,
)

_DETAILS = {
    Phase.RESOLVE: "the host name could not be looked up",
    Phase.CONNECT: "no connection could be made",
    Phase.TLS: "the TLS handshake failed, or the certificate was not accepted",
    Phase.EXCHANGE: "the connection broke before a whole answer had come",
}


class Progress(Protocol):
    """What an attempt knows of itself."""

    timeout: float
    phase: Phase
    ended: bool
    """Whether its client was closed."""


def explain(error: BaseException, attempt: Progress) -> TransportError:
    """Turn a library's error into ours, keeping the system's or OpenSSL's own words only.

    Messages of HTTP libraries are dropped: they may quote a header, a URL or a received line.
    """
    phase = attempt.phase
    if attempt.ended:
        return ClosedError("the client is closed", phase=phase)
    if isinstance(error, TimeoutError):
        return DeadlineError(f"no whole answer within {attempt.timeout:g} s", phase=phase)
    cause = _system_error(error)
    if isinstance(cause, socket.gaierror):
        phase = Phase.RESOLVE
    elif isinstance(cause, ssl.SSLError) and phase is Phase.CONNECT:
        phase = Phase.TLS
    return no_connection(phase, _words(cause))


def no_connection(phase: Phase, reason: str | None = None) -> NoConnectionError:
    """Say that there was no whole answer, and why if that is known in words of the system's."""
    detail = _DETAILS[phase]
    return NoConnectionError(f"{detail}: {reason}" if reason else detail, phase=phase)


def _system_error(error: BaseException) -> OSError | None:
    """Find the error of the system or of OpenSSL that a library wrapped in its own."""
    seen: BaseException | None = error
    found = None
    while seen is not None:
        if isinstance(seen, OSError) and (seen.errno or isinstance(seen, ssl.SSLError)):
            found = seen
        seen = seen.__cause__ or seen.__context__
    return found


def _words(error: OSError | None) -> str | None:
    """Return fixed words for a system error, which never quote the exchange."""
    if isinstance(error, ssl.SSLError):
        return getattr(error, "verify_message", None) or getattr(error, "reason", None)
    if isinstance(error, socket.gaierror):
        return error.strerror
    return os.strerror(error.errno) if error is not None and error.errno else None
