"""Everything the engine reports, one frozen value each. None has a field for a secret.

They are msgspec structs because one is made for every line of the log: a frozen dataclass
costs six times as much to create.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokErrorCode


class Event(msgspec.Struct, frozen=True, gc=False):
    """What every event says: which public method, under which correlation ID."""

    method: str
    correlation_id: str


class RequestStarted(Event, frozen=True, gc=False):
    """A call that goes over the network begins. ``url`` has no query."""

    url: str
    http_method: str


class ResponseReceived(Event, frozen=True, gc=False):
    """An attempt was answered, well or badly."""

    status: int
    seconds: float
    attempt: int
    log_id: str | None


class AttemptFailed(Event, frozen=True, gc=False):
    """An attempt failed; ``attempt`` is 0 when the call was refused before any."""

    error: str
    code: TikTokErrorCode
    retryable: bool
    attempt: int
    attempts: int
    hint: str
    log_id: str | None
    tiktok_code: str | None


class RetryScheduled(Event, frozen=True, gc=False):
    """Another attempt will follow after a wait."""

    attempt: int
    seconds: float


class Noticed(Event, frozen=True, gc=False):
    """Something went well in an unusual way that somebody should know."""

    text: str


class CallSucceeded(Event, frozen=True, gc=False):
    """A call returned its value; ``details`` are what the log line says about it."""

    details: tuple[tuple[str, str], ...]


class CallEnded(Event, frozen=True, gc=False):
    """A call ended: ``code`` is None when it succeeded."""

    seconds: float
    attempts: int
    code: TikTokErrorCode | None
