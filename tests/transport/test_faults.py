"""How every transport reports each fault: its class, and whether anything was sent."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import (
    OK,
    FaultServer,
    Script,
    answer,
    answering,
    answering_once,
    chunked,
    closing_after_request,
    proxying,
    refusing,
    resetting,
    resetting_after_request,
    resetting_in_request,
    saying,
    secured,
)
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.engine.ports import NoConnectionError, Phase, TransportError

if TYPE_CHECKING:
    import ssl
    from concurrent.futures import Future

    from tests.transport.callers import Caller
    from tests.transport.conftest import Call
    from tiktok_oauth.protocol.http import HttpResponse

pytestmark = pytest.mark.slow
"""Sockets of its own."""


def failure(attempt: Future[HttpResponse]) -> TransportError:
    """Return what the attempt ended with, having checked that it drags nothing along."""
    error = attempt.exception()
    assert isinstance(error, TransportError), error
    assert (error.__cause__, error.__context__) == (None, None)
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "s3cret" not in told
    assert re.fullmatch(r"[\w ,:;.'\"()/\[\]-]+", str(error)), str(error)
    return error


def test_a_refused_connection(client: Caller) -> None:
    """Nobody listens: nothing was sent."""
    with refusing() as url:
        error = failure(client.start(url))

    assert (type(error), error.phase) == (NoConnectionError, Phase.CONNECT)
    assert "refused" in str(error).lower()


def test_an_unknown_host(client: Caller) -> None:
    """The name does not exist: nothing was sent."""
    error = failure(client.start("http://nobody.invalid/"))

    assert (type(error), error.phase) == (NoConnectionError, Phase.RESOLVE)


BROKEN: dict[str, Script] = {
    "reset in the request": resetting_in_request,
    "reset after the request": resetting_after_request,
    "closed after the request": closing_after_request,
    "half a status line": answering_once(OK[:7]),
    "half a header": answering_once(OK[:30]),
    "half a body": answering_once(answer(200, b'{"a":1}', length=70)),
    "half a chunk": answering_once(chunked(b"abc", end=b"5\r\nab")),
    "chunks without an end": answering_once(chunked(b"abc", end=b"")),
    "a chunk without a size": answering_once(chunked(b"abc", end=b"zz\r\n\r\n")),
    "a negative chunk": answering_once(chunked(b"abc", end=b"-1\r\n\r\n")),
    "garbage": answering_once(b"\x16\x03\x01 nonsense\r\n\r\n"),
    "a web page without HTTP": answering_once(b"<html><body>No</body></html>"),
    "a header without end": answering_once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_broken_exchange(client: Caller, script: Script, method: str) -> None:
    """The connection breaks once it is used: TikTok may have handled the request."""
    with FaultServer(script) as server:
        error = failure(client.start(server.url, method=method))
        assert server.wait(lambda s: s.open == 0, timeout=1)

    assert (type(error), error.phase.never_sent) == (NoConnectionError, False)
    assert server.connections == 1


def test_a_reset_at_accept(client: Caller) -> None:
    """The server drops the connection as it is made, before or after the request is sent."""
    with FaultServer(resetting) as server:
        error = failure(client.start(server.url))

    assert type(error) is NoConnectionError
    assert (server.connections, server.requests) == (1, [])


def test_a_certificate_of_an_unknown_authority(client: Caller, tls: ssl.SSLContext) -> None:
    """The system does not trust the server: nothing was sent."""
    with FaultServer(secured(tls, answering(OK)), scheme="https") as server:
        error = failure(client.start(server.url))

    assert (type(error), error.phase) == (NoConnectionError, Phase.TLS)
    assert "certificate" in str(error).lower()


def test_a_certificate_of_another_host(
    call: Call, ca_file: str, tls_of_another: ssl.SSLContext
) -> None:
    """The server is somebody else: nothing was sent."""
    client = call(ConnectionSettings(ca_file=ca_file))
    with FaultServer(secured(tls_of_another, answering(OK)), scheme="https") as server:
        error = failure(client.start(server.url))

    assert (type(error), error.phase) == (NoConnectionError, Phase.TLS)


@pytest.mark.parametrize("script", [resetting, saying(OK)], ids=["reset", "no TLS"])
def test_a_broken_handshake(client: Caller, script: Script) -> None:
    """The handshake breaks off: nothing was sent."""
    with FaultServer(script, scheme="https") as server:
        error = failure(client.start(server.url))

    assert (type(error), error.phase.never_sent) == (NoConnectionError, True)


def test_a_missing_file_of_authorities(call: Call) -> None:
    """A ``ca_file`` that is not there: nothing was sent."""
    client = call(ConnectionSettings(ca_file="/nowhere/ca.pem"))

    error = failure(client.start("https://localhost:1/"))

    assert error.phase.never_sent


@pytest.mark.parametrize("refusal", [answer(407), answer(502, b"<html>"), b"", b"nonsense"])
def test_a_proxy_that_opens_no_tunnel(call: Call, refusal: bytes) -> None:
    """The proxy refuses: TikTok never saw the request."""
    with FaultServer(proxying(refusal)) as proxy:
        client = call(ConnectionSettings(proxy=f"http://u:s3cret@127.0.0.1:{proxy.port}"))
        error = failure(client.start("https://localhost:1/"))

    assert (type(error), error.phase.never_sent) == (NoConnectionError, True)


def test_a_refusing_proxy(call: Call) -> None:
    """The proxy is not there: nothing was sent."""
    with refusing() as url:
        error = failure(call(ConnectionSettings(proxy=url)).start("https://localhost:1/"))

    assert (type(error), error.phase) == (NoConnectionError, Phase.CONNECT)
