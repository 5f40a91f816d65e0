"""Transports, certificates and servers for the contract suite."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.callers import AWAITING, BLOCKING, Caller, caller
from tiktok_oauth.connection import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Call = Callable[..., Caller]


@pytest.fixture(params=[*BLOCKING, *AWAITING])
def name(request: pytest.FixtureRequest) -> str:
    """Each transport in turn."""
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def call(name: str) -> Iterator[Call]:
    """Make callers of the transport under test, with settings of the test's own."""
    made: list[Caller] = []

    def make(settings: ConnectionSettings | None = None) -> Caller:
        made.append(caller(name, settings or ConnectionSettings()))
        return made[-1]

    yield make
    for each in made:
        each.leave()


@pytest.fixture
def client(call: Call) -> Caller:
    """A caller with the default settings."""
    return call()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that no system trusts."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority's certificate as a file."""
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def _server_context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """What a server needs to speak TLS as ``localhost``."""
    return _server_context(authority, "localhost")


@pytest.fixture(scope="session")
def tls_of_another(authority: trustme.CA) -> ssl.SSLContext:
    """What a server needs to speak TLS as somebody else."""
    return _server_context(authority, "elsewhere.example")
