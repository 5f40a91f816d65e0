"""What every transport promises about requests, answers and connections."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import (
    OK,
    FaultServer,
    answer,
    answering,
    answering_once,
    answering_then_saying,
    chunked,
)
from tests.transport.callers import BODY
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.engine.ports import NoConnectionError

if TYPE_CHECKING:
    from tests.transport.callers import Caller
    from tests.transport.conftest import Call

pytestmark = pytest.mark.slow
"""Sockets of its own."""

CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"


def test_the_answer_comes_back_as_it_is(client: Caller) -> None:
    """Status, headers and body of an answer come back unchanged."""
    with FaultServer(answering(answer(400, b'{"error":"x"}', "X-TT-LogID: 2026"))) as server:
        got = client.start(server.url).result()

    assert (got.status, got.body, got.overflow) == (400, b'{"error":"x"}', False)
    assert got.headers.get("x-tt-logid") == "2026"
    assert got.headers.get("retry-after") is None


def test_the_request_goes_out_as_it_is(client: Caller) -> None:
    """Nothing is added to a request but Host, Content-Length and Connection."""
    with FaultServer(answering(OK)) as server:
        client.start(server.url + "?fields=a,b").result()

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    sent = dict(header.lower().split(b": ", 1) for header in headers)
    assert line == b"POST /v2/oauth/token/?fields=a,b HTTP/1.1"
    assert body == BODY
    assert sent[b"host"] == b"localhost:%d" % server.port
    assert sent.keys() - {b"connection"} == {
        b"host",
        b"content-length",
        b"content-type",
        b"accept",
        b"accept-encoding",
        b"user-agent",
        b"authorization",
    }


def test_a_get_has_no_body(client: Caller) -> None:
    """A request without a body is sent without one."""
    with FaultServer(answering(OK)) as server:
        client.start(server.url, method="GET").result()

    assert server.requests[0].startswith(b"GET ")
    assert b"content-length" not in server.requests[0].lower()


@pytest.mark.parametrize("raw", [chunked(b"ab", b"cd"), CLOSING, answer("204", b"")])
def test_every_framing_of_a_body_is_read(client: Caller, raw: bytes) -> None:
    """Chunks, an end of the connection and an empty body all end a body."""
    with FaultServer(answering_once(raw)) as server:
        got = client.start(server.url).result()

    assert got.body in {b"abcd", b"{}", b""}
    assert got.body in raw.replace(b"\r\n2\r\n", b"")


def test_connections_are_reused(client: Caller) -> None:
    """Requests one after the other share a connection, even those of another client."""
    other = client.another()
    with FaultServer(answering(OK)) as server:
        for each in (client, client, other):
            each.start(server.url).result()
        client.close()
        other.start(server.url).result()

    assert (server.connections, len(server.requests)) == (1, 4)


def test_idle_connections_are_closed(call: Call) -> None:
    """A connection that nobody uses is closed when the idle timeout is over."""
    client = call(ConnectionSettings(idle_timeout=0.2))
    with FaultServer(answering(OK)) as server:
        client.start(server.url).result()
        kept = not server.wait(lambda s: s.open == 0, timeout=0.1)

        assert kept
        assert server.wait(lambda s: s.open == 0, timeout=0.5)


def test_a_connection_closed_meanwhile_is_not_used(client: Caller) -> None:
    """A kept connection that the server closed costs no attempt."""
    with FaultServer(answering_once(OK), answering(OK)) as server:
        client.start(server.url).result()
        server.wait(lambda s: s.open == 0)
        got = client.start(server.url).result()

    assert got.status == 200
    assert (server.connections, len(server.requests)) == (2, 2)


MORE = [answer(200, b"stale"), b"x", b"\x00" * 9000]


@pytest.mark.parametrize("more", MORE)
def test_bytes_after_an_answer_spoil_its_connection(client: Caller, more: bytes) -> None:
    """What comes together with an answer is not taken for the next one."""
    with FaultServer(answering(OK + more), answering(OK)) as server:
        first = client.start(server.url)
        spoilt = isinstance(first.exception(), NoConnectionError)
        second = client.start(server.url).result()

    assert spoilt or first.result().body == b"{}"
    assert second.body == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize("more", MORE)
def test_bytes_nobody_asked_for_spoil_a_kept_connection(client: Caller, more: bytes) -> None:
    """What comes while a connection is idle is not taken for the next answer."""
    says = threading.Event()
    with FaultServer(answering_then_saying(OK, more, says), answering(OK)) as server:
        client.start(server.url).result()
        says.set()
        server.wait(lambda s: s.said == 1)
        got = client.start(server.url).result()

    assert got.body == b"{}"
    assert server.connections == 2


def test_cookies_are_not_kept(client: Caller) -> None:
    """A cookie that the server sets is not sent back."""
    with FaultServer(answering(answer(200, b"{}", "Set-Cookie: a=b; Path=/"))) as server:
        client.start(server.url).result()
        client.start(server.url).result()

    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(client: Caller, status: int) -> None:
    """A redirect is an answer like any other."""
    with FaultServer(answering(answer(status, b"", "Location: /elsewhere"))) as server:
        got = client.start(server.url).result()

    assert (got.status, got.headers.get("location")) == (status, "/elsewhere")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_retried(client: Caller, status: int, method: str) -> None:
    """One attempt is one request, whatever the answer is."""
    with FaultServer(answering(answer(status, b"{}", "Retry-After: 0"), OK)) as server:
        got = client.start(server.url, method=method).result()

    assert (got.status, got.headers.get("retry-after")) == (status, "0")
    assert len(server.requests) == 1


def test_nothing_is_decoded(client: Caller) -> None:
    """A body that says it is encoded comes back as it is."""
    with FaultServer(answering(answer(200, b"not gzip", "Content-Encoding: gzip"))) as server:
        got = client.start(server.url).result()

    assert (got.body, got.headers.get("content-encoding")) == (b"not gzip", "gzip")


def test_a_body_of_just_the_limit_is_whole(client: Caller) -> None:
    """The limit itself is still allowed."""
    with FaultServer(answering(answer(200, b"x" * 1000))) as server:
        got = client.start(server.url, limit=1000).result()

    assert (len(got.body), got.overflow) == (1000, False)


@pytest.mark.parametrize("raw", [answer(200, b"x" * 5_000_000), chunked(*[b"x" * 50_000] * 100)])
def test_a_longer_body_is_cut_and_its_connection_closed(client: Caller, raw: bytes) -> None:
    """Of a body over the limit only the beginning is read."""
    with FaultServer(answering(raw)) as server:
        got = client.start(server.url, limit=1000).result()
        assert server.wait(lambda s: s.open == 0, timeout=1)

    assert (got.body, got.overflow) == (b"x" * 1000, True)


def test_many_attempts_at_once(client: Caller) -> None:
    """Attempts of one client may run at the same time, each with its own answer."""
    with FaultServer(answering(OK)) as server:
        attempts = [client.start(server.url) for _ in range(160)]
        statuses = {attempt.result().status for attempt in attempts}

    assert statuses == {200}
    assert len(server.requests) == 160
