"""Events: frozen, and without a place for a secret."""

from __future__ import annotations

import inspect
import pickle

import pytest

from tiktok_oauth import events
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import AttemptFailed, CallEnded, Event, RequestStarted

KINDS = [k for k in vars(events).values() if inspect.isclass(k) and issubclass(k, Event)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_event_has_a_field_for_a_secret(kind: type[Event]) -> None:
    """No field of an event is named after a token, secret, code verifier, body or header."""
    words = ("token", "secret", "verifier", "body", "header", "authorization")

    assert not [f for f in kind.__struct_fields__ if any(word in f for word in words)]
    assert kind.__struct_fields__[:2] == ("method", "correlation_id")


def test_events_are_frozen_and_picklable() -> None:
    """An event cannot be changed once told, and can be sent to another process."""
    started = RequestStarted("m", "id", "https://a.example/", "GET")
    failed = AttemptFailed("m", "id", "e", TikTokErrorCode.API_ERROR, True, 1, 3, "h", None, None)

    with pytest.raises(AttributeError):
        started.url = "x"  # type: ignore[misc]  # wrong on purpose
    for event in (started, failed, CallEnded("m", "id", 0.1, 1, None)):
        assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own pickle
