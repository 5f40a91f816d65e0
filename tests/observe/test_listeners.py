"""Who hears of the events of all clients."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tiktok_oauth import TikTokOAuth
from tiktok_oauth.events import CallEnded, CallSucceeded, Event
from tiktok_oauth.observe.listeners import listen

if TYPE_CHECKING:
    import pytest


def make_a_call() -> None:
    """One public call, without network."""
    with TikTokOAuth("aw1234567890", "s" * 32, "https://example.com/callback") as client:
        client.get_authorization_url()


def test_a_listener_hears_of_every_client_until_it_stops() -> None:
    """Success and end of the call; nothing once it has stopped."""
    heard: list[Event] = []
    stop = listen(heard.append)
    make_a_call()
    stop()
    make_a_call()

    assert [type(event) for event in heard] == [CallSucceeded, CallEnded]
    assert {event.method for event in heard} == {"get_authorization_url"}


def test_a_listener_that_raises_costs_nobody_a_call(caplog: pytest.LogCaptureFixture) -> None:
    """The call goes on, the others hear of it, and the log says whose fault it was."""
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise RuntimeError(event.method)

    stops = [listen(fail), listen(heard.append)]
    with caplog.at_level(logging.ERROR, "tiktok_oauth"):
        make_a_call()
    for stop in stops:
        stop()

    assert [type(event) for event in heard] == [CallSucceeded, CallEnded]
    assert "A listener failed on CallEnded" in caplog.text
