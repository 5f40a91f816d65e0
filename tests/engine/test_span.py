"""One call from its first line to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.correlation import correlation_id
from tiktok_oauth.engine.span import Span
from tiktok_oauth.errors import TikTokErrorCode, ValidationError, invalid_argument
from tiktok_oauth.events import AttemptFailed, CallEnded, Noticed

if TYPE_CHECKING:
    from tests.support.scripted import FakeClock, Recorder
    from tiktok_oauth.engine.core import Core

ID = "tiktok-1790000000000-abababab"


def test_a_call_lasts_from_entry_to_exit(core: Core, clock: FakeClock, heard: Recorder) -> None:
    """By the clock that never jumps."""
    with Span(core, "thing"):
        clock.advance(1.5)

    assert heard.events == [CallEnded("thing", ID, 1.5, 0, None)]


def test_a_refusal_before_any_attempt_has_its_line(core: Core, heard: Recorder) -> None:
    """Signed, reported as attempt 0, counted."""
    with pytest.raises(ValidationError) as caught, Span(core, "thing"):
        raise invalid_argument("x is wrong.", "Mend x.")

    failed, ended = heard.events
    assert (caught.value.method, caught.value.correlation_id) == ("thing", ID)
    assert isinstance(failed, AttemptFailed)
    assert (failed.attempt, failed.error, failed.hint) == (0, "x is wrong.", "Mend x.")
    assert ended == CallEnded("thing", ID, 0.0, 0, TikTokErrorCode.VALIDATION_ERROR)


@pytest.mark.parametrize("foreign", [KeyboardInterrupt, GeneratorExit, ZeroDivisionError])
def test_what_is_not_ours_is_no_outcome(
    core: Core, heard: Recorder, foreign: type[BaseException]
) -> None:
    """A cancelled call is not counted, and its exception passes unchanged."""
    with pytest.raises(foreign), Span(core, "thing"):
        raise foreign

    assert heard.events == []


def test_a_closed_client_is_refused_on_entry(core: Core, heard: Recorder) -> None:
    """The body does not run; the refusal is reported like any other."""
    core.sender.closed = True  # type: ignore[misc]  # the scripted one can be set
    with pytest.raises(ValidationError, match="closed"), Span(core, "thing"):
        pytest.fail("the body ran")

    assert [type(event) for event in heard.events] == [AttemptFailed, CallEnded]


def test_the_callers_id_goes_before_our_own(core: Core, heard: Recorder) -> None:
    """Also on notices."""
    with correlation_id("mine"), Span(core, "thing") as span:
        span.noticed("Odd.")

    assert heard.events[0] == Noticed("thing", "mine", "Odd.")
