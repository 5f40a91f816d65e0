"""What every answer has in common: an error in one of TikTok's shapes, a log ID, a wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, NoReturn

import msgspec

from tiktok_oauth.errors import ServerError, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.protocol import codes

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpResponse

_SERVER_ERRORS = range(500, 600)
_TOO_MANY_REQUESTS = 429
_CLIENT_ERRORS = 400
_LONGEST_WAIT = 24 * 3600
_LONGEST_HEADER = 64
_TOKEN = re.compile(r"(act|rft|clt)\.[\w.!*~%+/=-]{8,}")
_LOG_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_LOG_ID_IN_BODY = re.compile(rb'"log_id"\s*:\s*"([\w.:-]{1,128})"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error TikTok sent: its string and its sentence."""

    code: str
    message: str


def clean(text: object, length: int = 2000) -> str:
    """A foreign sentence made fit for logs: no control characters, no token, not long."""
    if not isinstance(text, str):
        return ""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * length])
    return _TOKEN.sub(r"\1.***", printable)[:length].strip()


def log_id_of(response: HttpResponse) -> str | None:
    """TikTok's log ID: from the ``x-tt-logid`` header, else from the body."""
    header = response.headers.get("x-tt-logid")
    if header is not None and _LOG_ID.fullmatch(header):
        return header
    found = _LOG_ID_IN_BODY.search(response.body)
    return found[1].decode("ascii") if found else None


def is_readable(response: HttpResponse) -> bool:
    """Whether the body is whole and unencoded: we ask for ``identity`` and cap its length."""
    encoding = response.headers.get("content-encoding")
    return not response.overflow and encoding in {None, "", "identity"}


def read_refusal(response: HttpResponse) -> Refusal | None:
    """The error in a body, in any shape TikTok uses; None when there is none.

    OAuth endpoints: ``error`` is a string. Data endpoints: ``error`` is an object whose code
    is ``ok`` on success. One documentation page prints that object without the key ``error``.
    """
    if not is_readable(response):
        return None
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict):
        code, message = error.get("code"), error.get("message")
    elif error:
        code, message = error, body.get("error_description")
    elif isinstance(body.get("message"), str):
        code, message = body.get("code"), body["message"]
    else:
        return None
    if not isinstance(code, str) or code in {"", "ok"}:
        return None
    return Refusal(clean(code, 80) or "?", clean(message))


def refuse(response: HttpResponse, expected: str) -> NoReturn:
    """Raise the error that an answer without the expected value stands for.

    Args:
        response: the answer.
        expected: what was missing, e.g. ``an access token``.

    Raises:
        TikTokAPIError: TikTok's own error when the body holds one, else the status decides.
    """
    refusal = read_refusal(response)
    if refusal is None:
        raise _unknown_shape(response, expected)
    verdict = codes.classify(refusal.code, refusal.message, response.status)
    raise verdict.error(
        verdict.code,
        refusal.message or f"TikTok answered {refusal.code}.",
        "",
        verdict.code in _RETRYABLE,
        response.status if _is_failure(verdict.code, response) else None,
        log_id_of(response),
        hint=verdict.hint,
        tiktok_code=refusal.code,
        http_status=response.status,
    )


_RETRYABLE = frozenset({TikTokErrorCode.RATE_LIMIT, TikTokErrorCode.API_ERROR})


def _is_failure(code: TikTokErrorCode, response: HttpResponse) -> bool:
    return code is TikTokErrorCode.API_ERROR and response.status in _SERVER_ERRORS


def _unknown_shape(response: HttpResponse, expected: str) -> TikTokAPIError:
    status = response.status
    if status == _TOO_MANY_REQUESTS:
        verdict = codes.classify("rate_limit_exceeded", "", status)
        return verdict.error(
            verdict.code,
            "TikTok answered 429, too many requests.",
            "",
            retryable=True,
            log_id=log_id_of(response),
            hint=verdict.hint,
            http_status=status,
        )
    handled = status < _CLIENT_ERRORS
    return ServerError(
        TikTokErrorCode.API_ERROR,
        f"TikTok answered {status} {_describe(response)} instead of {expected}.",
        "",
        not handled,
        status if status in _SERVER_ERRORS else None,
        log_id_of(response),
        hint=(
            "TikTok may have handled the request, so it is not repeated."
            if handled
            else "TikTok is failing, or something between you and it answered: try again later."
        ),
        http_status=status,
    )


def _describe(response: HttpResponse) -> str:
    if response.overflow:
        return "with a body that is too long"
    if not is_readable(response):
        return "with an encoded body"
    if not response.body:
        return "with an empty body"
    if response.body.lstrip()[:1] == b"<":
        return "with HTML"
    return "with a body in no known shape"


def parse_retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds a ``Retry-After`` header asks to wait; None when absent, negative or senseless.

    Args:
        value: seconds, or an HTTP date.
        now: Unix seconds, which a date is counted from.
    """
    if not value or len(value) > _LONGEST_HEADER:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value, now)
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if 0 <= seconds <= _LONGEST_WAIT else None


def _until(date: str, now: float) -> float:
    # Rare, and a fifth of our whole start-up time.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    moment = parsedate_to_datetime(date)
    # HTTP dates are UTC; one that does not say so is read as a local time.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
