"""Calls as OpenTelemetry spans, from our own events: they have no field for a secret.

Needs the extra ``otel``, which is OpenTelemetry's API alone: where spans go is up to the SDK that
a program, or its operator, sets up. Nothing instruments HTTP libraries: their spans would hold
queries and headers.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer

from tiktok_oauth.events import (
    AttemptFailed,
    CallEnded,
    RequestStarted,
    ResponseReceived,
    RetryScheduled,
)
from tiktok_oauth.observe.listeners import listen
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Tracer, TracerProvider
    from opentelemetry.util.types import Attributes

    from tiktok_oauth.events import Event

_call: ContextVar[_Call | None] = ContextVar("tiktok_oauth_call", default=None)
"""The call under way in this thread or task: there is never more than one."""


def trace_calls(tracer_provider: TracerProvider | None = None) -> Callable[[], None]:
    """Report each call of every client in this process as a span; returns how to stop that.

    Args:
        tracer_provider: who makes spans; the program's global one when not given.
    """
    tracer = get_tracer("tiktok_oauth", VERSION, tracer_provider)
    return listen(_Reporter(tracer, time.time_ns).hear)


class _Call:
    """What is known of a call before it ends."""

    def __init__(self, method: str, correlation_id: str, started_at: int) -> None:
        self.key = (method, correlation_id)
        self.started_at = started_at
        self.attributes: dict[str, str | int] = {}
        self.steps: list[tuple[str, int, Attributes]] = []


class _Reporter:
    """Makes one span of the events of one call, once it has ended.

    A call that is cancelled has no end, and so no span.
    """

    def __init__(self, tracer: Tracer, clock_ns: Callable[[], int]) -> None:
        self._tracer = tracer
        self._clock_ns = clock_ns

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        now = self._clock_ns()
        call = _call.get()
        if isinstance(event, RequestStarted) or call is None or call.key != _key(event):
            call = _Call(event.method, event.correlation_id, now)
            _call.set(call)
        match event:
            case RequestStarted():
                call.attributes |= {"url.full": event.url, "http.request.method": event.http_method}
            case ResponseReceived():
                call.attributes["http.response.status_code"] = event.status
                if event.log_id:
                    call.attributes["tiktok.log_id"] = event.log_id
                found: Attributes = {
                    "http.response.status_code": event.status,
                    "tiktok.attempt": event.attempt,
                }
                call.steps.append(("answered", now, found))
            case AttemptFailed():
                call.attributes |= _known({"tiktok.error": event.tiktok_code})
                found = {"error.type": event.code.value, "tiktok.attempt": event.attempt}
                call.steps.append(("failed", now, found))
            case RetryScheduled():
                call.steps.append(("waiting", now, {"tiktok.wait_seconds": event.seconds}))
            case CallEnded():
                _call.set(None)
                self._tell(call, event, now)
            case _:
                pass

    def _tell(self, call: _Call, ended: CallEnded, now: int) -> None:
        span = self._tracer.start_span(
            f"tiktok_oauth.{ended.method}",
            kind=SpanKind.CLIENT if ended.attempts else SpanKind.INTERNAL,
            attributes={
                **call.attributes,
                "tiktok.method": ended.method,
                "tiktok.correlation_id": ended.correlation_id,
                "tiktok.attempts": ended.attempts,
            },
            start_time=min(call.started_at, now - int(ended.seconds * 1e9)),
        )
        for name, at, attributes in call.steps:
            span.add_event(name, attributes, at)
        if ended.code is not None:
            span.set_attribute("error.type", ended.code.value)
            span.set_status(Status(StatusCode.ERROR))
        span.end(now)


def _key(event: Event) -> tuple[str, str]:
    return event.method, event.correlation_id


def _known(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
