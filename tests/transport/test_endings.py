"""Every attempt ends in time: by its deadline, its client's close, or a cancel from outside."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.faults import OK, FaultServer, answering, secured, silent_after_request
from tests.transport.callers import AWAITING, AwaitingCaller, request
from tests.transport.hanging import NEVER_SENT, PHASES, Stage
from tests.transport.test_faults import failure
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.engine.ports import ClosedError, DeadlineError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine, Iterator

    from tests.transport.callers import Caller
    from tests.transport.conftest import Call
    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import HttpResponse

pytestmark = pytest.mark.slow

DEADLINE = 0.2
SLACK = 0.15
AT_ONCE = 0.05
TRIES = 3


@pytest.fixture
def stage(call: Call, ca_file: str, tls: ssl.SSLContext) -> Iterator[Stage]:
    """A stage on which attempts hang."""
    with ExitStack() as stack:
        yield Stage(call, ca_file, tls, stack)


@pytest.mark.parametrize("phase", PHASES)
def test_the_deadline_holds_in_every_phase(stage: Stage, phase: str) -> None:
    """An attempt ends when its time is up, and knows whether it had sent anything."""
    hanging = PHASES[phase](stage)
    start = monotonic()
    error = failure(hanging.start(DEADLINE))
    took = monotonic() - start

    assert (type(error), error.phase.never_sent) == (DeadlineError, phase in NEVER_SENT)
    assert DEADLINE - 0.01 <= took <= DEADLINE + SLACK


@pytest.mark.parametrize("phase", PHASES)
def test_closing_ends_attempts_at_once(stage: Stage, phase: str) -> None:
    """Closing a client from elsewhere ends its attempts within 50 ms, whatever they wait for."""
    for tries_left in reversed(range(TRIES)):  # a busy machine may take its time once
        hanging = PHASES[phase](stage)
        attempt = hanging.start(5)
        with pytest.raises(TimeoutError):
            attempt.result(timeout=0.05)
        start = monotonic()
        hanging.client.close()
        error = failure(attempt)
        took = monotonic() - start
        if took <= AT_ONCE or not tries_left:
            break

    assert (type(error), error.phase.never_sent) == (ClosedError, phase in NEVER_SENT)
    assert took <= AT_ONCE


def test_a_closed_client_sends_nothing(client: Caller) -> None:
    """After ``close`` attempts are refused before anything happens; closing twice is fine."""
    with FaultServer(answering(OK)) as server:
        client.start(server.url).result()
        client.close()
        client.close()
        error = failure(client.start(server.url))

    assert (type(error), error.phase.never_sent) == (ClosedError, True)
    assert len(server.requests) == 1


def test_closing_spares_the_attempts_of_others(client: Caller) -> None:
    """Only the closed client's attempts end, though all share one pool."""
    with FaultServer(silent_after_request) as server:
        others = client.another().start(server.url, timeout=0.5)
        own = client.start(server.url)
        server.wait(lambda s: len(s.requests) == 2)
        client.close()

        assert isinstance(own.exception(timeout=0.2), ClosedError)
        assert isinstance(others.exception(), DeadlineError)


def test_an_ended_attempt_leaves_no_connection(client: Caller) -> None:
    """The connection of an attempt that ended early is closed, not kept."""
    with FaultServer(silent_after_request) as server:
        failure(client.start(server.url, timeout=0.1))

        assert server.wait(lambda s: s.open == 0, timeout=0.2)


async def cancel(attempt: Coroutine[Any, Any, HttpResponse]) -> tuple[bool, float]:
    """Cancel an attempt that hangs; tell whether it ended as cancelled, and after how long."""
    task = asyncio.create_task(attempt)
    _, hanging = await asyncio.wait([task], timeout=0.05)
    assert hanging
    start = monotonic()
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled(), monotonic() - start


@pytest.mark.parametrize("name", AWAITING)
@pytest.mark.parametrize("phase", PHASES)
def test_a_cancel_from_outside_stays_one(stage: Stage, phase: str) -> None:
    """A cancelled attempt ends at once, as cancelled."""
    for _ in range(TRIES):
        hanging = PHASES[phase](stage)
        client = hanging.client
        assert isinstance(client, AwaitingCaller)
        attempt = client.transport.send(request(hanging.url), timeout=5, limit=1000)
        cancelled, took = client.loop.start(cancel(attempt)).result()
        if took <= AT_ONCE:
            break

    assert cancelled
    assert took <= AT_ONCE


@pytest.mark.parametrize("name", AWAITING)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cancelled_attempt_leaves_no_connection(
    call: Call, ca_file: str, tls: ssl.SSLContext, scheme: str
) -> None:
    """The connection of a cancelled attempt is closed at once."""
    secure = scheme == "https"
    script = secured(tls, silent_after_request) if secure else silent_after_request
    client = call(ConnectionSettings(ca_file=ca_file if secure else None))
    assert isinstance(client, AwaitingCaller)
    with FaultServer(script, scheme=scheme) as server:
        attempt = client.transport.send(request(server.url), timeout=5, limit=1000)
        client.loop.start(cancel(attempt)).result()

        assert server.wait(lambda s: s.open == 0, timeout=0.2)


@pytest.mark.parametrize("name", AWAITING)
def test_a_deadline_leaves_the_task_uncancelled(client: Caller) -> None:
    """After an attempt's own deadline its task goes on, and an outer timeout still works."""

    async def run(transport: AsyncTransport, url: str) -> int:
        with pytest.raises(DeadlineError):
            await transport.send(request(url), timeout=0.05, limit=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await transport.send(request(url), timeout=5, limit=1)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert isinstance(client, AwaitingCaller)
    with FaultServer(silent_after_request) as server:
        assert client.loop.start(run(client.transport, server.url)).result() == 0
