"""How transports reach a server: names, authorities, proxies."""

from __future__ import annotations

import base64
import socket
import threading
from time import monotonic
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.support.faults import OK, FaultServer, answering, proxying, secured
from tests.transport.test_faults import failure
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.engine.ports import ClosedError, DeadlineError, NoConnectionError, Phase
from tiktok_oauth.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from tests.transport.conftest import Call

pytestmark = pytest.mark.slow
"""Sockets of its own."""

PASSWORD = b"Proxy-Authorization: Basic " + base64.b64encode(b"u@x:s3cret")


def proxy_at(server: FaultServer, scheme: str = "http") -> str:
    """Write down a proxy's URL with a user and a password."""
    return f"{scheme}://u%40x:s3cret@localhost:{server.port}"


def test_an_authority_of_ones_own(call: Call, ca_file: str, tls: ssl.SSLContext) -> None:
    """A server whose certificate comes from ``ca_file`` is trusted, and its connection kept."""
    client = call(ConnectionSettings(ca_file=ca_file))
    with FaultServer(secured(tls, answering(OK)), scheme="https") as server:
        statuses = [client.start(server.url).result().status for _ in range(3)]

    assert statuses == [200] * 3
    assert server.connections == 1


def test_an_authority_of_ones_own_replaces_the_systems(
    call: Call,
    ca_file: str,
    tls: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a ``ca_file``, what the system trusts is not trusted any more."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    client = call(ConnectionSettings(ca_file=str(other)))
    with FaultServer(secured(tls, answering(OK)), scheme="https") as server:
        error = failure(client.start(server.url))

    assert (type(error), error.phase) == (NoConnectionError, Phase.TLS)


def test_contexts_are_built_once(ca_file: str) -> None:
    """All clients of a process share one TLS context for each file of authorities."""
    assert tls_context(None) is tls_context(None)
    assert tls_context(ca_file) is tls_context(ca_file) is not tls_context(None)


def test_session_keys_are_not_written_down(
    call: Call,
    ca_file: str,
    tls: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``SSLKEYLOGFILE`` in the environment does not open our connections to others."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls_context.cache_clear()
    client = call(ConnectionSettings(ca_file=ca_file))
    with FaultServer(secured(tls, answering(OK)), scheme="https") as server:
        client.start(server.url).result()

    assert not (tmp_path / "keys").exists()


def test_a_proxy_forwards_plain_requests(call: Call) -> None:
    """A plain request goes to the proxy with its whole URL."""
    with FaultServer(answering(OK)) as server, FaultServer(proxying()) as proxy:
        client = call(ConnectionSettings(proxy=proxy_at(proxy)))
        got = client.start(server.url).result()

    assert got.status == 200
    assert proxy.requests[0].startswith(b"POST " + server.url.encode() + b" HTTP/1.1\r\n")
    assert PASSWORD.lower() in proxy.requests[0].lower()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_tunnels_requests_over_tls(
    call: Call, ca_file: str, tls: ssl.SSLContext, scheme: str
) -> None:
    """The proxy sees where a request over TLS goes, and nothing else of it."""
    tunnel = secured(tls, proxying()) if scheme == "https" else proxying()
    with (
        FaultServer(secured(tls, answering(OK)), scheme="https") as server,
        FaultServer(tunnel) as proxy,
    ):
        client = call(ConnectionSettings(ca_file=ca_file, proxy=proxy_at(proxy, scheme)))
        for _ in range(2):
            client.start(server.url).result()

    assert proxy.requests[0].startswith(b"CONNECT localhost:%d HTTP/1." % server.port)
    assert PASSWORD.lower() in proxy.requests[0].lower()
    assert b"s3cret" not in b"".join(proxy.requests)
    assert b"proxy-authorization" not in server.requests[0].lower()


def test_the_environment_is_not_asked(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies come from the settings only: whoever makes them has read the environment."""
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://localhost:1")
    client = call()
    with FaultServer(answering(OK)) as server:
        assert client.start(server.url).result().status == 200


@pytest.fixture
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system's resolver that does not answer."""
    ends = threading.Event()

    def hang(*_: object, flags: int = 0, **__: object) -> None:
        if not flags & socket.AI_NUMERICHOST:
            ends.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    ends.set()


def test_the_deadline_holds_while_a_name_is_looked_up(call: Call, hanging_resolver: None) -> None:
    """The system's resolver cannot be stopped, but it is not waited for either."""
    start = monotonic()
    error = failure(call().start("http://slow.example/", timeout=0.2))
    took = monotonic() - start

    assert (type(error), error.phase.never_sent) == (DeadlineError, True)
    assert took <= 0.35


def test_closing_ends_the_wait_for_a_name(call: Call, hanging_resolver: None) -> None:
    """An attempt that waits for the resolver ends with its client."""
    client = call()
    attempt = client.start("http://slow.example/")
    with pytest.raises(TimeoutError):
        attempt.result(timeout=0.1)
    client.close()
    start = monotonic()
    error = failure(attempt)

    assert (type(error), error.phase.never_sent) == (ClosedError, True)
    assert monotonic() - start <= 0.1
