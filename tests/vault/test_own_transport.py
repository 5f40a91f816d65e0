"""A transport of the program's own: whatever it does, no refresh is lost without a word."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.leaks import shown_by_error
from tests.support.vault import HOUR, AwaitingTap, BlockingTap, Town, World, in_memory
from tiktok_oauth import NetworkError, Refresher
from tiktok_oauth.vault.ownloop import OwnLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse


class Bound(AwaitingTap):
    """What it opened belongs to the first loop it was used on, as with a session of aiohttp's."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self._home: asyncio.AbstractEventLoop | None = None

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt; TikTok has handled it when a wrong loop is found out."""
        response = self.pass_on(request, timeout, limit)
        here = asyncio.get_running_loop()
        if (self._home or here) is not here:
            raise RuntimeError("Event loop is closed")
        self._home = here
        return response


@pytest.fixture
def bound(_runner: asyncio.Runner) -> Iterator[Town]:
    """An awaiting vault in memory."""
    place = Town(World(_runner), in_memory())
    yield place
    place.close()


def test_what_a_transport_opened_is_found_again_at_the_next_refresh(bound: Town) -> None:
    """The vault uses it on one loop, refresh after refresh and app after app."""
    way = Bound(bound)
    account = bound.connect(bound.vault(bound.client(transport=way)))

    for _ in range(3):
        bound.do(account.refresh)

    assert [call.outcome for call in bound.calls("refresh")] == ["ok"] * 3
    assert bound.row(account).ver == 4


def test_a_refresher_uses_a_transport_where_its_vault_does(bound: Town) -> None:
    """Its own thread has another loop, which is nothing to the transport."""
    refreshed = threading.Event()
    vault = bound.vault(bound.client(transport=Bound(bound)))
    account = bound.connect(vault)
    bound.do(account.refresh)
    bound.clock.advance(3 * HOUR)
    vault.subscribe(lambda _: refreshed.set())

    with Refresher(vault, "keep_warm"):
        assert refreshed.wait(20)

    assert [call.outcome for call in bound.calls("refresh")] == ["ok"] * 2
    assert bound.row(account).ver == 3


def test_what_a_transport_raises_leaves_a_doubt_and_no_open_claim(town: Town) -> None:
    """TikTok may have handled it: a typed error without its text, and the claim is settled."""
    account = town.connect(town.vault())
    sent: list[bytes] = []

    def fail(request: HttpRequest) -> None:
        if b"grant_type=refresh_token" in (request.body or b""):
            sent.append(request.body or b"")
            raise ValueError(repr(request.body))

    town.after = fail

    error = town.refused(account.refresh)

    assert isinstance(error, NetworkError)
    assert not error.never_sent
    assert "raised ValueError" in error.message
    shown = shown_by_error(error)
    assert [secret for secret in [sent[0].decode(), *town.issued] if secret in shown] == []
    row = town.row(account)
    assert (row.status, row.attempt, row.boot) == ("active", None, None)
    assert row.doubt_at is not None


@pytest.mark.parametrize("raised", [asyncio.CancelledError, SystemExit, TimeoutError])
def test_a_transport_cannot_cancel_or_end_its_vault(
    bound: Town, raised: type[BaseException]
) -> None:
    """What ends its own task is a failure like any other, and the next call goes out."""

    class Failing(AwaitingTap):
        fails = True

        async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
            response = self.pass_on(request, timeout, limit)
            if self.fails:
                raise raised
            return response

    way = Failing(bound)
    account = bound.connect(bound.vault(bound.client(transport=way)))

    error = bound.refused(account.refresh)

    assert isinstance(error, NetworkError)
    assert bound.row(account).doubt_at is not None
    way.fails = False
    assert bound.do(account.user_info).open_id == account.open_id


def test_a_transport_that_returns_no_answer_leaves_a_doubt(world: World) -> None:
    """A library's own response, say: the error says what came instead."""
    town = Town(world, in_memory())

    class Wrong(BlockingTap):
        def send(self, request: HttpRequest, *, timeout: float, limit: int) -> Any:  # noqa: ANN401 - no answer
            self.pass_on(request, timeout, limit)
            return 200

    class AwaitingWrong(AwaitingTap):
        async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> Any:  # noqa: ANN401 - no answer
            self.pass_on(request, timeout, limit)
            return 200

    way = (AwaitingWrong if world.awaiting else Wrong)(town)
    account = town.connect(town.vault(town.client(transport=way)))

    error = town.refused(account.refresh)

    assert isinstance(error, NetworkError)
    assert "returned int" in error.message
    assert town.row(account).doubt_at is not None
    town.close()


def threads_of(loop: OwnLoop) -> int:
    """Runs something on a loop, and tells the thread it ran in."""

    async def where() -> int:
        return threading.get_ident()

    return loop.begin(where).result(20)


def test_a_loop_that_was_closed_is_begun_again() -> None:
    """What still runs on it is cancelled, and its thread ends."""
    loop = OwnLoop()
    first = threads_of(loop)
    waiting = loop.begin(asyncio.Event().wait)

    loop.close()

    assert waiting.cancelled()
    assert first not in {thread.ident for thread in threading.enumerate()}
    assert threads_of(loop) not in {None, threading.get_ident()}
    loop.close()
    loop.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_uses_it_on_a_loop_of_its_own(file_town: Town) -> None:
    """The thread of the parent's loop stayed with the parent, which goes on."""
    town = file_town
    account = town.connect(town.vault())
    town.do(account.refresh)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            town.elsewhere(account.refresh)
            status = 0
        finally:
            os._exit(status)

    assert os.waitpid(child, 0)[1] == 0
    assert town.row(account).ver == 3
