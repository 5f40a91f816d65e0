"""Whatever comes in, a parser gives its value or a TikTokAPIError, and nothing else.

``make fast`` tries a hundred examples of each, ``make test`` thousands and ``make fuzz`` a
million; a failure prints the blob that brings it back.
"""

from __future__ import annotations

import hashlib
import hmac
import pickle
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec

from hypothesis import given, note
from hypothesis import strategies as st

from tests.fuzz.near_misses import ANSWERS, ANY_BODY
from tests.protocol.answers import STATE, TICKET
from tiktok_oauth.errors import ErrorAction, TikTokAPIError, ValidationError, error_class
from tiktok_oauth.protocol import data, qr, token
from tiktok_oauth.protocol.authorize import Callback, callback_error, parse_callback
from tiktok_oauth.protocol.envelope import parse_retry_after
from tiktok_oauth.protocol.webhook import parse_webhook
from tiktok_oauth.types import (
    QrAuthorization,
    QrStatus,
    Secret,
    TikTokClientToken,
    TikTokRefreshResponse,
    TikTokTokens,
    TikTokUserInfo,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpResponse

P = ParamSpec("P")

SENT = Secret("rft.sent")
TICKET_SECRET = Secret(TICKET)
PARSERS: list[tuple[Callable[[HttpResponse], object], type]] = [
    (token.parse_tokens, TikTokTokens),
    (partial(token.parse_refresh, sent=SENT), TikTokRefreshResponse),
    (token.parse_client_token, TikTokClientToken),
    (token.parse_revoke, bool),
    (data.parse_user_info, TikTokUserInfo),
    (data.parse_data, dict),
    (partial(qr.parse_qr_get, ticket=TICKET_SECRET, state=STATE), QrAuthorization),
    (partial(qr.parse_qr_check, ticket=TICKET_SECRET, state=STATE), QrStatus),
]


def check_error(error: TikTokAPIError) -> None:
    """An error is whole: right class, one printable line, a hint, a real status, picklable."""
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own pickle

    assert isinstance(error, error_class(error.code))
    assert error.message.isprintable()
    assert 0 < len(error.message) <= 2100
    assert 400 <= error.status_code <= 599
    assert (error.action is ErrorAction.RETRY) is error.retryable
    assert error.__cause__ is None
    assert vars(back) == vars(error)


def outcome_of(parse: Callable[P, object], *given_: P.args, **options: P.kwargs) -> object:
    """What a parser returned or, of our own errors, raised; any other failure fails the test."""
    try:
        return parse(*given_, **options)
    except TikTokAPIError as error:
        return error


@given(ANSWERS)
def test_any_answer_is_a_value_or_a_typed_error(response: HttpResponse) -> None:
    """Every parser takes every answer: broken samples, odd values, plain noise."""
    note(f"{response.status} {response.headers} {response.body!r}")
    for parse, kind in PARSERS:
        outcome = outcome_of(parse, response)

        if isinstance(outcome, TikTokAPIError):
            check_error(outcome)
            assert outcome.http_status == response.status
            assert outcome.hint
        else:
            assert type(outcome) is kind


SAFE_TEXT = st.text(max_size=12)
NAMES = st.sampled_from(["code", "state", "scopes", "error", "error_description", "errCode", "x"])
QUERIES = st.one_of(
    st.lists(st.tuples(NAMES, SAFE_TEXT), max_size=5).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
    ),
    st.text(max_size=40),
    st.dictionaries(NAMES | SAFE_TEXT, SAFE_TEXT | st.none() | st.lists(SAFE_TEXT), max_size=4),
    st.none() | st.integers() | st.binary(max_size=9) | st.lists(SAFE_TEXT, max_size=2),
)


@given(QUERIES)
def test_any_callback_is_read_or_refused(query: Any) -> None:  # noqa: ANN401 - anything at all
    """A callback gives a code, or an error with a type; anything else is refused."""
    outcome = outcome_of(parse_callback, query)

    if isinstance(outcome, Callback):
        assert (outcome.code is None) is bool(outcome.error)
        if outcome.error:
            check_error(callback_error(outcome))
    else:
        assert type(outcome) is ValidationError
        check_error(outcome)


def sign(body: bytes) -> str:
    """A header that is right for a body."""
    return f"t=1000,s={hmac.new(b'secret', b'1000.' + body, hashlib.sha256).hexdigest()}"


VALUES = st.one_of(
    st.text("ts=,0123456789abcdef", max_size=80),
    st.text(max_size=9),
    st.none(),
    st.binary(max_size=9),
)
PAIRS = st.lists(st.tuples(st.sampled_from(["TikTok-Signature", "Host", "x"]), VALUES), max_size=3)
HEADERS = st.one_of(
    st.just(None), PAIRS, PAIRS.map(dict), st.lists(st.integers() | st.text(max_size=3), max_size=2)
)


@given(HEADERS, ANY_BODY, st.sampled_from([None, 0.0, 300.0]))
def test_any_webhook_is_an_event_or_refused(
    headers: Any,  # noqa: ANN401 - anything at all
    body: bytes,
    max_age: float | None,
) -> None:
    """No header but the right one opens a webhook, and a signed body is an event or refused."""
    read = partial(parse_webhook, secrets=[Secret("secret")], now=1000.0, max_age=max_age)
    forged = outcome_of(read, headers, body)
    signed = outcome_of(read, {"tiktok-signature": sign(body)}, body)

    assert type(forged) is ValidationError
    assert type(signed) in {ValidationError, WebhookEvent}
    for outcome in (forged, signed):
        if isinstance(outcome, TikTokAPIError):
            check_error(outcome)


@given(st.text(max_size=70), st.floats(0, 4e9))
def test_any_retry_after_is_a_wait_or_none(value: str, now: float) -> None:
    """Whatever the header says, the wait is between nothing and a day, or None."""
    seconds = parse_retry_after(value, now=now)

    assert seconds is None or 0 <= seconds <= 86400
