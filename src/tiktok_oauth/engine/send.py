"""The retry story: attempts, waits, deadline, and what each failure becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from tiktok_oauth.engine.ports import ClosedError, DeadlineError, TransportError
from tiktok_oauth.errors import (
    NetworkError,
    RequestTimeoutError,
    TikTokAPIError,
    TikTokErrorCode,
    invalid_argument,
)
from tiktok_oauth.events import RequestStarted, ResponseReceived, RetryScheduled
from tiktok_oauth.policy import Failure, may_retry, retry_delay
from tiktok_oauth.protocol.envelope import log_id_of, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.engine.span import Span
    from tiktok_oauth.protocol.endpoints import Endpoint
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.types import Secret

T = TypeVar("T")

_SERVICE_UNAVAILABLE = 503
_SERVER_ERRORS = 500
_LONGEST_MESSAGE = 300
_LOST = (
    "An earlier attempt of this call went unanswered: TikTok probably handled it, and the new "
    "tokens were lost on the way. Send the person through consent again."
)


class Call(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """One request and how to read its answer.

    Attributes:
        endpoint: where it goes, and whether it may be repeated.
        request: what is sent, the same in every attempt.
        parse: turns an answer into a value, or raises a typed error.
        secrets: what must not come back to the caller in TikTok's words.
    """

    endpoint: Endpoint
    request: HttpRequest
    parse: Callable[[HttpResponse], T]
    secrets: tuple[Secret, ...] = ()

    def cover(self, text: str) -> str:
        """A text of TikTok's without our own secrets, should it repeat one, plain or encoded."""
        for secret in self.secrets:
            text = secret.cover(text)
        return text

    def scrub(self, failure: TikTokAPIError) -> None:
        """Take our own secrets out of an error, and then shorten what TikTok said."""
        failure.message = self.cover(failure.message)[:_LONGEST_MESSAGE]
        failure.args = (failure.message,)
        failure.log_id = failure.log_id and self.cover(failure.log_id)
        failure.tiktok_code = failure.tiktok_code and self.cover(failure.tiktok_code)


async def send(span: Span, call: Call[T]) -> T:
    """Make a call, with as many attempts as the policy allows.

    Raises:
        TikTokAPIError: the last attempt's failure.
    """
    core = span.core
    deadline = core.config.deadline
    end = None if deadline is None else core.clock.monotonic() + deadline
    core.report(
        RequestStarted(
            span.method,
            span.correlation_id,
            core.app.base_url + call.endpoint.path,
            call.endpoint.method,
        )
    )
    unanswered = reached = False
    while True:
        span.attempts += 1
        try:
            return await _attempt(span, call, end)
        except TikTokAPIError as error:
            failure = error
        if unanswered and failure.tiktok_code == "invalid_grant" and call.endpoint.single_use:
            failure.lost_in_flight = True
            failure.hint = _LOST
        call.scrub(failure)
        span.sign(failure)
        span.failed(failure)
        delay = _next_delay(span, call, failure)
        unanswered = unanswered or _is_ambiguous(failure)
        reached = reached or not failure.never_sent
        failure.never_sent = not reached
        if delay is None or _is_over(span, end, delay):
            # Without the frames below: what TikTok said is in their local variables.
            raise failure.with_traceback(None)
        core.report(RetryScheduled(span.method, span.correlation_id, span.attempts + 1, delay))
        await core.clock.pause(delay)
        if core.sender.closed:
            raise invalid_argument("The client was closed during the call.")
        if _is_over(span, end):
            raise failure.with_traceback(None)


def _is_over(span: Span, end: float | None, delay: float = 0.0) -> bool:
    return end is not None and span.core.clock.monotonic() + delay >= end


async def _attempt(span: Span, call: Call[T], end: float | None) -> T:
    core = span.core
    started = core.clock.monotonic()
    timeout = core.config.timeout if end is None else min(core.config.timeout, end - started)
    outcome: HttpResponse | TikTokAPIError
    try:
        outcome = await core.sender.send(call.request, timeout=timeout, limit=call.endpoint.limit)
    except TransportError as error:
        outcome = from_transport(error, timeout)
    # Raised out here, so that no frame of an HTTP library hangs on to it.
    if isinstance(outcome, TikTokAPIError):
        raise outcome
    log_id = log_id_of(outcome)
    core.report(
        ResponseReceived(
            span.method,
            span.correlation_id,
            outcome.status,
            core.clock.monotonic() - started,
            span.attempts,
            log_id and call.cover(log_id),
        )
    )
    try:
        return call.parse(outcome)
    except TikTokAPIError as error:
        if error.code is TikTokErrorCode.RATE_LIMIT or outcome.status == _SERVICE_UNAVAILABLE:
            header = outcome.headers.get("retry-after")
            error.retry_after = parse_retry_after(header, now=core.clock.now())
        raise


def _next_delay(span: Span, call: Call[T], failure: TikTokAPIError) -> float | None:
    policy = span.core.config.retry
    allowed = may_retry(
        Failure(failure.code, failure.retryable, failure.never_sent),
        attempt=span.attempts,
        attempts=policy.attempts,
        repeatable=call.endpoint.repeatable,
    )
    if not allowed:
        return None
    return retry_delay(
        policy,
        attempt=span.attempts,
        retry_after=failure.retry_after,
        roll=0.0 if policy.jitter == "none" else span.core.dice.roll(),
    )


def from_transport(error: TransportError, timeout: float) -> TikTokAPIError:
    """The typed error for an attempt that brought no whole answer."""
    typed: TikTokAPIError
    if isinstance(error, ClosedError):
        typed = invalid_argument("The client was closed during the call.")
    elif isinstance(error, DeadlineError):
        typed = RequestTimeoutError(
            TikTokErrorCode.TIMEOUT_ERROR,
            f"TikTok gave no whole answer within {timeout:g} s ({error.phase}).",
            "",
            retryable=True,
            hint="Try again later.",
        )
    else:
        typed = NetworkError(
            TikTokErrorCode.NETWORK_ERROR,
            f"TikTok could not be reached, or the answer broke off ({error.phase}: "
            f"{error.detail}).",
            "",
            retryable=True,
            hint="Check the network, DNS, proxy and certificates, then try again.",
        )
    typed.never_sent = error.phase.never_sent
    return typed


def _is_ambiguous(failure: TikTokAPIError) -> bool:
    """Whether TikTok may have handled the attempt although we hold no answer to it."""
    if failure.http_status is None:
        return not failure.never_sent
    return failure.http_status >= _SERVER_ERRORS
