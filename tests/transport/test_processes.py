"""What transports leave behind in a forked process, at exit, and when a loop ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import OK, FaultServer, answering, answering_when, secured
from tests.transport.callers import AWAITING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LOOP_ENDS = ["drop_in_asyncio_run", "drop_loop_closed_by_hand"]
if find_spec("uvloop"):
    LOOP_ENDS.append("drop_in_uvloop")


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Plain, and over TLS."""
    return str(request.param)


@contextmanager
def walking(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a walk in a process in which every warning is an error; it may complain of nothing."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.transport.walks"]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 (our own program)
        [*command, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
            _, complaints = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (complaints, process.returncode) == ("", 0)


def test_a_fork_leaves_both_processes_working(
    name: str, scheme: str, ca_file: str, tls: ssl.SSLContext
) -> None:
    """After a fork the parent keeps its connection, and each child opens its own."""
    script = secured(tls, answering(OK)) if scheme == "https" else answering(OK)
    with (
        FaultServer(script, scheme=scheme) as server,
        walking("fork", name, server.url, ca_file),
    ):
        pass

    assert (len(server.requests), server.connections) == (5, 3)


def test_a_fork_disturbs_no_attempt_of_another_thread(name: str, ca_file: str) -> None:
    """An attempt under way during a fork ends well in the parent, and the child works."""
    says = threading.Event()
    late = answering_when(says, OK)
    with (
        FaultServer(late, answering(OK)) as server,
        walking("fork_meanwhile", name, server.url, ca_file) as process,
    ):
        server.wait(lambda s: len(s.requests) == 1)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("fork\n")
        process.stdin.flush()
        process.stdout.readline()
        says.set()

    assert server.connections == 2


def test_a_dropped_client_leaves_nothing_behind(
    name: str, scheme: str, ca_file: str, tls: ssl.SSLContext
) -> None:
    """A process that never closes its client ends without a complaint."""
    script = secured(tls, answering(OK)) if scheme == "https" else answering(OK)
    with (
        FaultServer(script, scheme=scheme) as server,
        walking("drop", name, server.url, ca_file),
    ):
        pass


@pytest.mark.parametrize("name", AWAITING)
@pytest.mark.parametrize("ending", LOOP_ENDS)
def test_a_loop_that_ends_leaves_nothing_behind(
    name: str, ending: str, scheme: str, ca_file: str, tls: ssl.SSLContext
) -> None:
    """Whichever way a loop ends, nothing is left unclosed."""
    script = secured(tls, answering(OK)) if scheme == "https" else answering(OK)
    with FaultServer(script, scheme=scheme) as server, walking(ending, name, server.url, ca_file):
        pass
