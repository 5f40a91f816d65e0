"""Events as log lines on the standard logger ``tiktok_oauth``, as text or as JSON.

Each record carries its fields as ``record.data``; ``configure_logging`` shows them.
"""

from __future__ import annotations

import json as json_module
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TextIO

from tiktok_oauth import events
from tiktok_oauth.errors import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Callable

Level = Literal["debug", "info", "warn", "error"]

logger: logging.Logger = logging.getLogger("tiktok_oauth")
# Silent unless the application says otherwise.
logger.addHandler(logging.NullHandler())

_LEVELS: dict[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_NAMES = {number: name for name, number in _LEVELS.items()}
Line = tuple[int, str, dict[str, object]]


def _started(event: events.RequestStarted) -> Line:
    return logging.INFO, "Starting request", {"url": event.url, "method": event.http_method}


def _received(event: events.ResponseReceived) -> Line:
    return (
        logging.INFO,
        "Response received",
        {
            "status": event.status,
            "duration": f"{event.seconds * 1000:.0f}ms",
            "attempt": event.attempt,
            "logId": event.log_id,
        },
    )


def _succeeded(event: events.CallSucceeded) -> Line:
    return logging.INFO, "Success", dict(event.details)


def _failed(event: events.AttemptFailed) -> Line:
    fields: dict[str, object] = {
        "error": event.error,
        "code": event.code.value,
        "retryable": event.retryable,
    }
    optional = {"hint": event.hint, "tiktokCode": event.tiktok_code, "logId": event.log_id}
    fields.update((name, value) for name, value in optional.items() if value)
    return logging.ERROR, f"Error (attempt {event.attempt}/{event.attempts})", fields


def _scheduled(event: events.RetryScheduled) -> Line:
    fields: dict[str, object] = {"delay": f"{event.seconds * 1000:.0f}ms", "attempt": event.attempt}
    return logging.DEBUG, "Retrying", fields


def _noticed(event: events.Noticed) -> Line:
    return logging.WARNING, event.text, {}


_KINDS: dict[type[events.Event], tuple[int, Callable[..., Line]]] = {
    events.RequestStarted: (logging.INFO, _started),
    events.ResponseReceived: (logging.INFO, _received),
    events.CallSucceeded: (logging.INFO, _succeeded),
    events.AttemptFailed: (logging.ERROR, _failed),
    events.RetryScheduled: (logging.DEBUG, _scheduled),
    events.Noticed: (logging.WARNING, _noticed),
}


def log(event: events.Event) -> None:
    """Write an event to the logger, if somebody listens at its level."""
    kind = _KINDS.get(type(event))
    if kind is None or not logger.isEnabledFor(kind[0]):
        return
    level, text, data = kind[1](event)
    data["correlationId"] = event.correlation_id
    message = f"[TikTokOAuth] {event.method} - {text}"
    # Made by hand: searching the stack for the caller would cost more than the line itself.
    record = logging.getLogRecordFactory()(logger.name, level, "", 0, message, (), None)
    record.data = data
    try:
        logger.handle(record)
    except Exception:  # noqa: BLE001 - somebody's filter must not cost anybody a token
        if logging.raiseExceptions:
            traceback.print_exc()


def configure_logging(
    *, json: bool = False, level: Level = "info", stream: TextIO | None = None
) -> None:
    """Show the library's log lines. Calling it again replaces what it set up before.

    Args:
        json: one JSON object per line instead of text.
        level: the lowest level to show: ``debug``, ``info``, ``warn`` or ``error``.
        stream: where to write; standard error when not given.

    Raises:
        ValidationError: ``level`` is none of the four.
    """
    if not isinstance(level, str) or level not in _LEVELS:
        raise invalid_argument("level must be 'debug', 'info', 'warn' or 'error'.")
    for handler in [h for h in logger.handlers if isinstance(h, _Handler)]:
        logger.removeHandler(handler)
    handler = _Handler(stream)
    handler.setFormatter(_JsonFormatter() if json else _TextFormatter())
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[level])
    logger.propagate = False


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that a second ``configure_logging`` finds it. Follows a replaced ``sys.stderr``."""

    def __init__(self, stream: TextIO | None) -> None:
        self._fixed = stream
        super().__init__(stream)

    def emit(self, record: logging.LogRecord) -> None:
        if self._fixed is None:
            self.stream = sys.stderr
        super().emit(record)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    data: dict[str, object] = dict(getattr(record, "data", {}))
    return {**data, "timestamp": moment.replace("+00:00", "Z")}


class _JsonFormatter(logging.Formatter):
    """One object a line: JSON escapes whatever could forge another one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": _NAMES.get(record.levelno, record.levelname.lower()),
            "message": record.getMessage(),
            "data": _fields(record),
        }
        return json_module.dumps(line, default=str, separators=(",", ":"))


class _TextFormatter(logging.Formatter):
    """The same for eyes: time, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        level = _NAMES.get(record.levelno, record.levelname.lower())
        rest = " ".join(
            f"{name}={json_module.dumps(value, default=str)}"
            for name, value in fields.items()
            if name != "timestamp" and value is not None
        )
        return f"{fields['timestamp']} {level:5} {record.getMessage()} {rest}"
