"""Webhooks as the app behind them sees them: signed, repeated, in every wrong way."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.mint import open_id
from tiktok_oauth.sandbox.notices import Notice
from tiktok_oauth.sandbox.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.visitor import Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

HOUR = 3_600


class Received(NamedTuple):
    """A webhook as it arrived."""

    path: str
    body: bytes
    time: int
    signature: str

    def is_genuine(self, secret: str = DEFAULT_APP.client_secret) -> bool:
        """Whether the app's secret signed it."""
        message = f"{self.time}.".encode() + self.body
        return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest() == self.signature


class Receiver(HTTPServer):
    """An app's callback: keeps what comes, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: Queue[Received] = Queue()
        self.status = 200

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/hooks?app=1"

    def next(self) -> Received:
        """Wait for the next webhook."""
        return self.received.get(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Keep it, and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        pairs = dict(part.split("=") for part in self.headers["TikTok-Signature"].split(","))
        status = self.server.status
        self.server.received.put(Received(self.path, body, int(pairs["t"]), pairs["s"]))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(own_sandbox: Sandbox) -> Iterator[Receiver]:
    """A callback that the default app has registered."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        own_sandbox.add_app(replace(DEFAULT_APP, webhook_url=server.url))
        yield server
        server.shutdown()
        thread.join()
    own_sandbox.reset()


@pytest.fixture
def connected(guest: Visitor) -> None:
    """Mina has connected the app."""
    guest.exchange()


def wait_for(own_sandbox: Sandbox, status: str) -> None:
    """Wait until the first webhook has come to this end."""
    live = own_sandbox.live
    with live.changed:
        assert live.changed.wait_for(
            lambda: [row.status for row in own_sandbox.webhooks()][:1] == [status], timeout=5
        )


def attempts(own_sandbox: Sandbox, count: int) -> None:
    """Wait until the first webhook was tried so often."""
    live = own_sandbox.live
    with live.changed:
        assert live.changed.wait_for(lambda: own_sandbox.webhooks()[0].attempts == count, timeout=5)


@pytest.mark.usefixtures("connected")
def test_a_disconnect_is_told_and_signed(own_sandbox: Sandbox, receiver: Receiver) -> None:
    """The body is TikTok's, and its signature that of the app's secret over time and body."""
    own_sandbox.disconnect("mina")

    received = receiver.next()
    event = json.loads(received.body)
    assert received.path == "/hooks?app=1"
    assert received.is_genuine()
    assert abs(received.time - own_sandbox.now()) < 5
    assert list(event) == ["client_key", "event", "create_time", "user_openid", "content"]
    assert event["event"] == "authorization.removed"
    assert event["user_openid"] == open_id(DEFAULT_APP.client_key, "mina")
    assert event["content"] == '{"reason": 1}'


@pytest.mark.usefixtures("connected")
def test_a_revoke_is_told_with_its_own_reason(
    own_sandbox: Sandbox, guest: Visitor, receiver: Receiver
) -> None:
    """Five: the developer did it."""
    token = guest.exchange().json["access_token"]

    guest.call("/v2/oauth/revoke/", token=token)

    assert json.loads(receiver.next().body)["content"] == '{"reason": 5}'
    wait_for(own_sandbox, "delivered")


@pytest.mark.usefixtures("connected")
def test_a_webhook_is_repeated_until_it_is_taken(own_sandbox: Sandbox, receiver: Receiver) -> None:
    """After a minute, then two: with the same body and a time of its own."""
    receiver.status = 500
    own_sandbox.disconnect("mina")
    first = receiver.next()
    attempts(own_sandbox, 1)
    own_sandbox.advance(60)
    second = receiver.next()
    attempts(own_sandbox, 2)
    receiver.status = 200
    own_sandbox.advance(120)
    receiver.next()
    wait_for(own_sandbox, "delivered")

    assert second.body == first.body
    assert second.is_genuine()
    assert second.time - first.time in range(60, 65)
    assert own_sandbox.webhooks()[0].answers == (500, 500, 200)


@pytest.mark.usefixtures("connected")
def test_the_time_of_a_repetition_can_stay(own_sandbox: Sandbox, receiver: Receiver) -> None:
    """Then the whole request is the same again."""
    world = own_sandbox.world
    world.knobs = replace(world.knobs, webhook_time_renewed=False)
    receiver.status = 500
    own_sandbox.disconnect("mina")
    first = receiver.next()
    attempts(own_sandbox, 1)
    own_sandbox.advance(60)

    assert receiver.next() == first


def test_after_72_hours_it_is_dropped() -> None:
    """With waits that grow to six hours."""
    outbox = Outbox()
    outbox.accept(Notice("k", "e", 0, "o", "{}", 0.0), None)
    times = []
    while dispatch := outbox.next():
        times.append(dispatch.due)
        outbox.settle(dispatch, dispatch.due, 0)

    waits = [after - before for before, after in itertools.pairwise(times)]
    assert waits[:4] == [60, 120, 240, 480]
    assert max(waits) == 6 * HOUR
    assert 66 * HOUR < times[-1] <= 72 * HOUR
    assert [row.status for row in outbox.rows()] == ["dropped"]


@pytest.mark.usefixtures("connected")
def test_a_duplicate_comes_twice(own_sandbox: Sandbox, receiver: Receiver) -> None:
    """At least once means that an app has to tell them apart."""
    own_sandbox.fault("webhook_duplicate")
    own_sandbox.disconnect("mina")

    assert receiver.next().body == receiver.next().body


@pytest.mark.usefixtures("connected")
def test_a_forged_one_is_not_signed_by_tiktok(own_sandbox: Sandbox, receiver: Receiver) -> None:
    """The real one follows."""
    own_sandbox.fault("webhook_forged", account="mina", count=1)
    own_sandbox.disconnect("mina")

    assert not receiver.next().is_genuine()
    assert receiver.next().is_genuine()


def test_a_reordered_one_comes_after_later_ones(
    own_sandbox: Sandbox, guest: Visitor, receiver: Receiver
) -> None:
    """Nobody promises an order."""
    guest.exchange()
    own_sandbox.fault("webhook_reordered", count=1)
    own_sandbox.disconnect("mina")
    token = guest.exchange().json["access_token"]
    guest.call("/v2/oauth/revoke/", token=token)

    assert b"5" in receiver.next().body.rpartition(b"reason")[2]
    own_sandbox.advance(60)
    assert b"1" in receiver.next().body.rpartition(b"reason")[2]


@pytest.mark.usefixtures("connected")
def test_nobody_there_is_no_crash(own_sandbox: Sandbox) -> None:
    """It is tried again, and dropped when the app no longer wants to hear."""
    own_sandbox.add_app(replace(DEFAULT_APP, webhook_url="http://127.0.0.1:1/"))
    own_sandbox.disconnect("mina")
    attempts(own_sandbox, 1)
    own_sandbox.add_app(DEFAULT_APP)
    own_sandbox.advance(60)
    wait_for(own_sandbox, "dropped")

    assert own_sandbox.webhooks()[0].answers == (0,)
