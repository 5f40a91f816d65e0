"""Closing, sharing, cancelling and forking a client."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.client.conftest import KEY, REDIRECT_URI, SECRET
from tests.client.test_settings import run_python
from tests.client.test_webhook import BODY, signed
from tests.support.scripted import (
    ACCESS_TOKEN,
    CODE,
    PROFILE,
    RESET,
    AsyncScriptedTransport,
    Script,
    ScriptedTransport,
    answer,
)
from tiktok_oauth import AsyncTikTokOAuth, RetryPolicy, TikTokOAuth, ValidationError
from tiktok_oauth.aio import LoopClock
from tiktok_oauth.engine.ports import ClosedError, Phase

if TYPE_CHECKING:
    from tests.client.conftest import Shell
    from tiktok_oauth.engine.ports import TransportError
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

EVERY_CALL: list[tuple[str, tuple[object, ...]]] = [
    ("get_authorization_url", ()),
    ("exchange_code_for_tokens", (CODE,)),
    ("refresh_access_token", ("rft.x",)),
    ("get_user_info", (ACCESS_TOKEN,)),
    ("revoke_access", (ACCESS_TOKEN,)),
    ("get_client_access_token", ()),
    ("start_qr_authorization", ()),
    ("poll_qr_authorization", (None,)),
    ("request", (ACCESS_TOKEN, "GET", "/v2/video/list/")),
    ("verify_webhook", (signed(), BODY)),
    ("validate_credentials", ()),
]


@pytest.mark.parametrize(("method", "args"), EVERY_CALL)
def test_a_closed_client_refuses_every_call(
    shell: Shell, method: str, args: tuple[object, ...]
) -> None:
    """Before anything else is judged, and with the method's name on the error."""
    shell.call("close")
    error = shell.refused(method, *args)

    assert isinstance(error, ValidationError)
    assert error.message == "The client is closed."
    assert (error.method, error.attempts, shell.sent) == (method, 0, 0)


def test_closing_closes_the_transport_and_may_be_repeated(shell: Shell) -> None:
    """A transport that was used is closed; figures can still be read."""
    shell.script.play(answer(PROFILE))
    shell.call("get_user_info", ACCESS_TOKEN)
    shell.call("close")
    shell.call("close")

    assert shell.client._sender._opened[0].closed  # noqa: SLF001 - the scripted one
    assert shell.call("metrics").requests == 1


def test_closing_while_an_attempt_runs_ends_the_call(shell: Shell) -> None:
    """Though its failure could be tried again, nothing is."""

    def closing(_: HttpRequest) -> HttpResponse:
        shell.close_elsewhere()
        return answer(b"", 500)

    shell.script.play(closing)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, ValidationError)
    assert error.message == "The client was closed during the call."
    assert (error.attempts, error.correlation_id[:7]) == (1, "tiktok-")


def test_an_attempt_ended_by_closing_is_a_closed_client(shell: Shell) -> None:
    """The transport's own word for it becomes the typed error."""

    def closing(_: HttpRequest) -> TransportError:
        shell.close_elsewhere()
        return ClosedError("the client is closed", phase=Phase.EXCHANGE)

    shell.script.play(closing)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, ValidationError)
    assert (error.message, error.attempts) == ("The client was closed during the call.", 1)
    assert not error.never_sent


def test_closing_just_before_the_first_attempt_sends_nothing(shell: Shell) -> None:
    """Between the check at the beginning and the transport's opening, too."""
    clock = shell.clock
    began = clock.monotonic

    def closing() -> float:
        clock.monotonic = began  # type: ignore[method-assign]  # once only
        shell.close_elsewhere()
        return began()

    def armed() -> float:
        clock.monotonic = closing  # type: ignore[method-assign]  # after the span has begun
        return began()

    clock.monotonic = armed  # type: ignore[method-assign]  # a slow moment
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert isinstance(error, ValidationError)
    assert shell.sent == 0


def test_the_blocking_client_is_a_context_manager() -> None:
    """Leaving the block closes it, after an error too."""
    transport = ScriptedTransport(Script(answer(PROFILE)))
    with pytest.raises(ValidationError), TikTokOAuth(KEY, SECRET, transport=transport) as client:
        client.get_user_info(client.get_user_info(ACCESS_TOKEN).open_id + " ")

    assert transport.closed


async def test_the_awaiting_client_is_a_context_manager() -> None:
    """Leaving the block closes it; ``aclose`` is the same as ``close``."""
    transport = AsyncScriptedTransport(Script(answer(PROFILE)))
    async with AsyncTikTokOAuth(KEY, SECRET, transport=transport) as client:
        await client.get_user_info(ACCESS_TOKEN)
    await client.aclose()

    assert transport.closed


async def test_the_blocking_client_works_inside_a_running_loop() -> None:
    """It needs no event loop, so it does not mind one."""
    client = TikTokOAuth(KEY, SECRET, transport=ScriptedTransport(Script(RESET, answer(PROFILE))))

    assert client.get_user_info(ACCESS_TOKEN).display_name == "Ada"


def test_threads_share_a_client() -> None:
    """Every call is counted, and one transport is opened for all."""
    client = TikTokOAuth(KEY, SECRET, transport=ScriptedTransport(Script(answer(PROFILE))))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: client.get_user_info(ACCESS_TOKEN), range(400)))

    figures = client.metrics()
    assert (figures.requests, figures.successes) == (400, 400)
    assert figures.methods["get_user_info"].requests == 400


async def test_tasks_share_a_client() -> None:
    """The same for tasks."""
    client = AsyncTikTokOAuth(
        KEY, SECRET, transport=AsyncScriptedTransport(Script(answer(PROFILE)))
    )
    await asyncio.gather(*(client.get_user_info(ACCESS_TOKEN) for _ in range(100)))

    assert client.metrics().successes == 100


LONG = RetryPolicy(base_delay=5, max_delay=5)


async def attempted(transport: AsyncScriptedTransport) -> None:
    """Let other tasks run until one of them has made an attempt."""
    while not transport.script.attempts:  # noqa: ASYNC110 - a script knows no events
        await asyncio.sleep(0)


def test_close_ends_a_pause_of_the_blocking_client() -> None:
    """From another thread, within 50 ms (the best of three, for a busy machine)."""
    took = []
    for _ in range(3):
        transport = ScriptedTransport(Script(RESET))
        client = TikTokOAuth(KEY, SECRET, transport=transport, retry=LONG)
        with ThreadPoolExecutor(1) as threads:
            call = threads.submit(client.get_user_info, ACCESS_TOKEN)
            while not transport.script.attempts:
                threading.Event().wait(0.001)
            began = time.monotonic()
            client.close()
            error = call.exception(timeout=5)
            took.append(time.monotonic() - began)
        assert isinstance(error, ValidationError)

    assert min(took) < 0.05


async def test_close_ends_a_pause_of_the_awaiting_client() -> None:
    """From another task, within 50 ms; other tasks run during a pause."""
    took = []
    for _ in range(3):
        transport = AsyncScriptedTransport(Script(RESET))
        client = AsyncTikTokOAuth(KEY, SECRET, transport=transport, retry=LONG)
        call = asyncio.ensure_future(client.get_user_info(ACCESS_TOKEN))
        await attempted(transport)
        began = time.monotonic()
        await client.close()
        with pytest.raises(ValidationError, match="closed during the call"):
            await call
        took.append(time.monotonic() - began)

    assert min(took) < 0.05


async def test_close_from_another_thread_ends_a_pause() -> None:
    """The awaiting client may be closed from a thread with a loop of its own."""
    for _ in range(20):
        transport = AsyncScriptedTransport(Script(RESET))
        client = AsyncTikTokOAuth(KEY, SECRET, transport=transport, retry=LONG)
        call = asyncio.ensure_future(client.get_user_info(ACCESS_TOKEN))
        await attempted(transport)
        await asyncio.to_thread(asyncio.run, client.close())

        with pytest.raises(ValidationError, match="closed during the call"):
            await call
        assert len(transport.script.attempts) == 1


async def test_a_pause_ends_once_however_often_it_is_stopped() -> None:
    """Two threads may close a client at the same moment."""
    clock = LoopClock()
    pause = asyncio.ensure_future(clock.pause(5))
    await asyncio.sleep(0)
    clock.stop()
    clock.stop()

    await asyncio.wait_for(pause, 1)


async def test_nothing_pauses_any_more_once_it_is_closed() -> None:
    """A call in another thread may come to its pause just after ``close``."""
    clock = LoopClock()
    clock.stop()

    await asyncio.wait_for(clock.pause(5), 1)


async def test_a_cancelled_call_is_no_outcome() -> None:
    """Cancelling ends a pause at once, and the figures do not count it."""
    transport = AsyncScriptedTransport(Script(RESET))
    client = AsyncTikTokOAuth(KEY, SECRET, transport=transport, retry=LONG)
    call = asyncio.ensure_future(client.get_user_info(ACCESS_TOKEN))
    await attempted(transport)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert client.metrics().requests == 0


def test_a_pause_left_by_a_dead_loop_does_not_disturb_close() -> None:
    """A loop may be closed under a call; closing the client later still works."""
    client = AsyncTikTokOAuth(
        KEY, SECRET, transport=AsyncScriptedTransport(Script(RESET)), retry=LONG
    )
    loop = asyncio.new_event_loop()
    call = loop.create_task(client.get_user_info(ACCESS_TOKEN))
    while not client._pauses._pauses:  # noqa: SLF001 - waits for the pause
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.run(client.close())

    call._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - it is meant to be left
    assert not call.done()


FORKED = f"""
import asyncio, os
from tests.support.scripted import *
from tiktok_oauth import AsyncTikTokOAuth, TikTokOAuth
made = dict(client_key={KEY!r}, client_secret={SECRET!r}, redirect_uri={REDIRECT_URI!r})
blocking = TikTokOAuth(transport=ScriptedTransport(Script(RESET, answer(PROFILE))), **made)
awaiting = AsyncTikTokOAuth(transport=AsyncScriptedTransport(Script(answer(PROFILE))), **made)
def use():
    assert blocking.get_user_info(ACCESS_TOKEN).display_name == "Ada"
    assert asyncio.run(awaiting.get_user_info(ACCESS_TOKEN)).display_name == "Ada"
use()
child = os.fork()
if child == 0:
    use()
    assert blocking.metrics().requests == awaiting.metrics().requests == 2
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert blocking.metrics().requests == 1
"""


@pytest.mark.slow
def test_clients_work_after_a_fork() -> None:
    """A child uses the clients its parent used; each counts its own calls."""
    done = run_python(FORKED, PYTHONPATH=".:src")

    assert (done.returncode, done.stderr) == (0, "")


HELD = """
import os, threading
from tests.support.scripted import *
from tiktok_oauth import TikTokOAuth
from tiktok_oauth.observe import metrics
client = TikTokOAuth("aw0key", "s3cret", transport=ScriptedTransport(Script(answer(PROFILE))))
for holder in (metrics._guard, client._observers._metrics, client._sender):
    for held in vars(holder).values():
        if isinstance(held, type(threading.Lock())):
            held.acquire()
child = os.fork()
if child == 0:
    threading.Timer(2, os._exit, (9,)).start()
    client.get_user_info(ACCESS_TOKEN)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.slow
def test_a_lock_held_during_a_fork_does_not_stop_the_child() -> None:
    """Another thread may have been inside the client while this one forked."""
    done = run_python(HELD, PYTHONPATH=".:src")

    assert (done.returncode, done.stderr) == (0, "")
