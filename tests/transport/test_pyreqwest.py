"""What only reqwest's own way has to prove: that it is the one used, and can be ended over TLS.

With a ``ca_file`` the transport goes through aiohttp. So here the system trusts the server.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import (
    OK,
    FaultServer,
    answering,
    answering_then_saying,
    secured,
    silent_after_request,
)
from tests.transport.callers import AwaitingCaller, Caller, request
from tests.transport.test_endings import cancel
from tests.transport.test_faults import failure
from tiktok_oauth.engine.ports import DeadlineError

if TYPE_CHECKING:
    import ssl

pytestmark = pytest.mark.slow
"""Sockets of its own."""


@pytest.fixture
def name() -> str:
    """The transport under test."""
    return "pyreqwest"


@pytest.fixture(autouse=True)
def system_that_trusts(ca_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose only authority is the tests' own."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)


def test_connections_over_tls_are_reused(client: Caller, tls: ssl.SSLContext) -> None:
    """Requests one after the other share a connection over TLS."""
    with FaultServer(secured(tls, answering(OK)), scheme="https") as server:
        statuses = [client.start(server.url).result().status for _ in range(4)]

    assert statuses == [200] * 4
    assert server.connections == 1


def test_bytes_nobody_asked_for_spoil_a_tls_connection(client: Caller, tls: ssl.SSLContext) -> None:
    """What comes over TLS while a connection is idle is not taken for the next answer."""
    says = threading.Event()
    stale = secured(tls, answering_then_saying(OK, b"HTTP/1.1 200 OK\r\n\r\nstale", says))
    with FaultServer(stale, secured(tls, answering(OK)), scheme="https") as server:
        client.start(server.url).result()
        says.set()
        server.wait(lambda s: s.said == 1)
        got = client.start(server.url).result()

    assert got.body == b"{}"
    assert server.connections == 2


def test_a_cancel_breaks_a_tls_connection(client: Caller, tls: ssl.SSLContext) -> None:
    """The connection of an attempt that is cancelled over TLS is closed at once."""
    assert isinstance(client, AwaitingCaller)
    with FaultServer(secured(tls, silent_after_request), scheme="https") as server:
        attempt = client.transport.send(request(server.url), timeout=5, limit=1000)
        client.loop.start(cancel(attempt)).result()

        assert server.wait(lambda s: s.open == 0, timeout=0.2)


def test_a_deadline_over_tls_counts_as_sent(client: Caller, tls: ssl.SSLContext) -> None:
    """A request that was sent over TLS and not answered may have been handled."""
    with FaultServer(secured(tls, silent_after_request), scheme="https") as server:
        error = failure(client.start(server.url, timeout=0.3))

        assert server.wait(lambda s: s.open == 0, timeout=0.2)
    assert (type(error), error.phase.never_sent) == (DeadlineError, False)


def test_many_attempts_end_at_once(client: Caller) -> None:
    """Closing a client with many attempts under way breaks all their connections in one go."""
    with FaultServer(silent_after_request) as server:
        attempts = [client.start(server.url) for _ in range(100)]
        server.wait(lambda s: len(s.requests) == 100)
        client.close()
        phases = {failure(attempt).phase.never_sent for attempt in attempts}

        assert server.wait(lambda s: s.open == 0, timeout=0.5)
    assert phases == {False}
