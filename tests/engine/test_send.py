"""The retry story over in-memory ports: what is reported, decided and hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.engine.conftest import OPTIONS
from tests.support.scripted import RESET, SILENCE, answer, oauth_error
from tiktok_oauth.config import RetryPolicy
from tiktok_oauth.engine.run import run
from tiktok_oauth.engine.send import Call, send
from tiktok_oauth.engine.span import Span
from tiktok_oauth.errors import NetworkError, RequestTimeoutError, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.events import (
    AttemptFailed,
    CallEnded,
    CallSucceeded,
    RequestStarted,
    ResponseReceived,
    RetryScheduled,
)
from tiktok_oauth.protocol.endpoints import Endpoint
from tiktok_oauth.protocol.envelope import refuse
from tiktok_oauth.protocol.http import HttpRequest
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from tests.engine.conftest import MakeCore
    from tests.support.scripted import FakeClock, Recorder, Script
    from tiktok_oauth.engine.core import Core
    from tiktok_oauth.events import Event
    from tiktok_oauth.protocol.http import HttpResponse

ENDPOINT = Endpoint("POST", "/v2/thing/", single_use=True)
REQUEST = HttpRequest("POST", "https://open.tiktokapis.com/v2/thing/")
ID = "tiktok-1790000000000-abababab"
OK = answer(b"fine", x_tt_logid="2026")


def read(response: HttpResponse) -> bytes:
    """Take a body that says it is fine, and refuse any other."""
    if response.body != b"fine":
        refuse(response, "a fine body")
    return response.body


CALL: Call[bytes] = Call(ENDPOINT, REQUEST, read)


def tell(core: Core, call: Call[bytes] = CALL) -> bytes:
    """Make one call under the name ``thing``."""
    with Span(core, "thing") as span:
        body = run(send(span, call))
        span.succeeded(("a", "b"))
        return body


def test_a_good_call_reports_four_events(core: Core, script: Script, heard: Recorder) -> None:
    """Started, received, succeeded, ended, under one correlation ID."""
    script.play(OK)
    expected: list[Event] = [
        RequestStarted("thing", ID, "https://open.tiktokapis.com/v2/thing/", "POST"),
        ResponseReceived("thing", ID, 200, 0.0, 1, "2026"),
        CallSucceeded("thing", ID, (("a", "b"),)),
        CallEnded("thing", ID, 0.0, 1, None),
    ]

    assert tell(core) == b"fine"
    assert heard.events == expected


def test_a_failed_attempt_is_reported_before_the_wait(
    core: Core, script: Script, heard: Recorder
) -> None:
    """The error in full, then the wait, then the next attempt's answer."""
    script.play(oauth_error("server_error", "Busy.", 500), OK)
    tell(core)

    _, received, failed, waits, *_, ended = heard.events
    assert received == ResponseReceived("thing", ID, 500, 0.0, 1, "202609210000AAAA")
    assert failed == AttemptFailed(
        "thing",
        ID,
        "Busy.",
        TikTokErrorCode.API_ERROR,
        True,
        1,
        3,
        "TikTok is busy or failing: try again later.",
        "202609210000AAAA",
        "server_error",
    )
    assert waits == RetryScheduled("thing", ID, 2, 0.1)
    assert isinstance(ended, CallEnded)
    assert (round(ended.seconds, 6), ended.attempts, ended.code) == (0.1, 2, None)


def test_a_raised_error_is_signed(core: Core, script: Script, heard: Recorder) -> None:
    """Method, ID and attempts are on it, and its code ends the call."""
    script.play(RESET)
    with pytest.raises(NetworkError) as caught:
        tell(core)

    assert (caught.value.method, caught.value.correlation_id) == ("thing", ID)
    assert caught.value.attempts == 3
    ended = heard.events[-1]
    assert isinstance(ended, CallEnded)
    assert (round(ended.seconds, 6), ended.code) == (0.3, TikTokErrorCode.NETWORK_ERROR)


def test_an_error_has_no_history_of_the_transport(core: Core, script: Script) -> None:
    """Neither cause nor context: those would drag along frames of the HTTP library."""
    script.play(SILENCE)
    with pytest.raises(RequestTimeoutError) as caught:
        tell(core)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_our_secrets_are_taken_out_of_tiktoks_words(core: Core, script: Script) -> None:
    """A sentence that repeats what was sent is masked, in ``str``, ``args`` and the log."""
    call = replace(CALL, secrets=(Secret("hunter2-secret"), Secret("other")))
    script.play(oauth_error("invalid_request", "Bad value hunter2-secret in hunter2-secret."))
    with pytest.raises(TikTokAPIError) as caught:
        tell(core, call)

    assert caught.value.message == "Bad value *** in ***."
    assert caught.value.args == ("Bad value *** in ***.",)


def test_a_call_that_spends_nothing_cannot_lose_anything(core: Core, script: Script) -> None:
    """``lost_in_flight`` is for codes and refresh tokens only."""
    call = replace(CALL, endpoint=Endpoint("POST", "/v2/thing/"))
    script.play(RESET, oauth_error("invalid_grant"))
    with pytest.raises(TikTokAPIError) as caught:
        tell(core, call)

    assert not caught.value.lost_in_flight


def test_jitter_rolls_the_dice(make_core: MakeCore, script: Script, clock: FakeClock) -> None:
    """A roll of a half halves a full jitter's delay, and adds a quarter to an additive one's."""
    for jitter in ("full", "additive"):
        script.play(RESET, OK)
        tell(make_core(replace(OPTIONS, retry=RetryPolicy(jitter=jitter))))

    assert clock.pauses == [0.05, 0.125]


def test_an_attempt_never_gets_less_than_no_time(
    make_core: MakeCore, script: Script, clock: FakeClock
) -> None:
    """A pause that took longer than asked leaves a call with the failure it had."""

    async def oversleep(seconds: float) -> None:
        clock.advance(seconds + 5)

    clock.pause = oversleep  # type: ignore[method-assign]  # a machine that was suspended
    script.play(RESET, OK)
    with pytest.raises(NetworkError):
        tell(make_core(replace(OPTIONS, deadline=1.0)))

    assert all(attempt.timeout > 0 for attempt in script.attempts)


def test_every_attempt_is_bounded_in_time_and_size(core: Core, script: Script) -> None:
    """Timeout and limit are handed to the transport."""
    script.play(OK)
    tell(core)

    assert [(a.timeout, a.limit) for a in script.attempts] == [(10.0, 64 * 1024)]
