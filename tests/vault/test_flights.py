"""Flights: many callers, one refresh; it is the vault's, and no caller can stop it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import HOUR, SCOPES, AwaitingTap, Town, World, in_file
from tiktok_oauth import StoreError, ValidationError
from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.counter import waited
from tiktok_oauth.vault.flights import Flights
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.vault.stores.rows import Grant

MINA, JONAS = Ref("key", "mina"), Ref("key", "jonas")


@pytest.fixture
def flights() -> Iterator[Flights]:
    """Flights that are waited for in the end."""
    made = Flights(most=2)
    yield made
    made.close()


def answer(value: Any) -> Callable[[], Grant]:  # noqa: ANN401 - stands for a row
    """A flight that brings something at once."""
    return lambda: value


def test_a_flight_that_could_not_begin_is_in_nobodys_way(
    flights: Flights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a thread to spare is an error for one caller, and not for ever.

    Python queues the work before it looks for a thread: it is not done by the next one's.
    """
    flown: list[str] = []

    def fly() -> Any:  # noqa: ANN401 - stands for a row
        flown.append("once")

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(StoreError) as caught:
            flights.join(MINA, fly)

    assert caught.value.retryable
    assert flights.under_way == 0
    assert flights.join(MINA, answer("row")).result(10) == "row"  # type: ignore[comparison-overlap]  # no row
    assert flown == []


def test_callers_of_one_account_share_a_flight(flights: Flights) -> None:
    """While one is under way nobody starts another; afterwards somebody may."""
    go = threading.Event()
    flown: list[str] = []

    def fly() -> Any:  # noqa: ANN401 - stands for a row
        go.wait(10)
        flown.append("once")
        return "row"

    shared: list[Future[Any]] = [flights.join(MINA, fly) for _ in range(50)]
    other: Future[Any] = flights.join(JONAS, answer("other"))
    assert other.result(10) == "other"
    go.set()

    assert [flight.result(10) for flight in shared] == ["row"] * 50
    assert flown == ["once"]
    assert flights.join(MINA, answer("next")).result(10) == "next"  # type: ignore[comparison-overlap]  # no row
    assert flights.all_landed


@pytest.mark.parametrize(
    ("error", "landed"),
    [(ValueError("x"), False), (store_error("x"), False), (KeyboardInterrupt(), False)],
)
def test_what_a_flight_raises_reaches_everybody(
    flights: Flights, error: BaseException, landed: bool
) -> None:
    """Nobody waits for ever, and it is remembered that an answer may be in the journal alone."""
    go = threading.Event()

    def fly() -> Any:  # noqa: ANN401 - stands for a row
        go.wait(10)
        raise error

    shared = [flights.join(MINA, fly) for _ in range(3)]
    go.set()

    for flight in shared:
        assert flight.exception(10) is error
    assert flights.all_landed is landed


def test_more_flights_than_threads_wait_their_turn(flights: Flights) -> None:
    """Two at a time here, and all of them in the end."""
    found = [flights.join(Ref("key", str(number)), answer(number)) for number in range(20)]

    assert [flight.result(10) for flight in found] == list(range(20))  # type: ignore[comparison-overlap]  # no row


def test_an_accounts_slow_answer_holds_up_no_others() -> None:
    """A vault flies for many accounts at a time: here each waits until all are in the air."""
    flights, in_the_air = Flights(), threading.Barrier(20, timeout=10)

    def fly() -> Any:  # noqa: ANN401 - stands for a row
        return in_the_air.wait()

    found: list[Future[Any]] = [flights.join(Ref("key", str(n)), fly) for n in range(20)]

    assert sorted(flight.result(10) for flight in found) == list(range(20))
    flights.close()


def test_closing_waits_and_takes_no_more() -> None:
    """What is under way is finished; a late caller is told."""
    flights, go = Flights(), threading.Event()
    flight = flights.join(MINA, lambda: go.wait(10))  # type: ignore[arg-type,return-value]  # stands for a row
    closing = threading.Thread(target=flights.close)
    closing.start()

    with pytest.raises(ValidationError):  # noqa: PT012 - until the thread has come so far
        while closing.is_alive():
            flights.join(JONAS, answer(None)).result(10)
    assert not flight.done()
    assert closing.is_alive()
    go.set()
    closing.join(10)

    assert flight.result(0) is True  # type: ignore[comparison-overlap]  # no row


@pytest.mark.slow
def test_a_closing_vault_waits_for_its_refresh(town: Town) -> None:
    """The answer is written before the vault lets go of its store."""
    vault = town.vault(town.client(timeout=0.05))
    account = town.connect(vault)
    town.clock.advance(3 * HOUR)
    town.before = lambda _: _wait_for(town.hold)
    town.refused(account.access_token)
    closing = threading.Thread(
        target=town.elsewhere, args=(vault.aclose if town.world.awaiting else vault.close,)
    )
    closing.start()
    assert town.row(account).ver == 1
    town.hold.set()

    closing.join(10)

    assert not closing.is_alive()
    assert town.row(account).ver == 2
    assert town.refreshes == 1


def _wait_for(event: threading.Event) -> None:
    assert event.wait(10)


def test_leaving_a_future_does_not_stop_its_thread() -> None:
    """Unlike asyncio's own wrapper: whoever waits may be cancelled, the work may not."""
    flights, go = Flights(), threading.Event()
    flight = flights.join(MINA, lambda: go.wait(10))  # type: ignore[arg-type,return-value]  # stands for a row

    async def leave() -> None:
        waiting = asyncio.ensure_future(_wait(flight))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(leave())
    go.set()  # Its loop is closed by now: nobody is told, and nothing breaks.
    flights.close()

    assert flight.result(0) is True  # type: ignore[comparison-overlap]  # no row


async def _wait(flight: Future[Any]) -> object:
    return await waited(flight)


def test_an_error_is_handed_to_a_task_as_it_is() -> None:
    """A waiting task gets what the thread raised."""
    flights = Flights()

    def fails() -> Any:  # noqa: ANN401 - stands for a row
        raise store_error("down")

    async def use() -> None:
        with pytest.raises(StoreError, match="down"):
            await waited(flights.join(MINA, fails))

    asyncio.run(use())
    flights.close()


@pytest.mark.slow
@pytest.mark.parametrize("step", range(5))
def test_cancelling_a_caller_changes_nothing(tmp_path: Path, step: int) -> None:
    """Whichever await of ``access_token`` is cut, the refresh comes to its end, once."""
    with asyncio.Runner() as runner:
        town = Town(World(runner), in_file(tmp_path))
        vault = town.vault()
        account = town.connect(vault)
        town.clock.advance(3 * HOUR)

        cut = runner.run(_cancelled_at(step, account.access_token))
        town.shut(vault)

        row = town.row(account)
        assert town.refreshes <= 1
        assert (row.ver, row.boot, row.attempt) == (1 + town.refreshes, None, None)
        again = town.do(town.do(town.vault().account, account.open_id).access_token)
        assert town.accepts(again)
        assert town.refreshes == 1
        assert cut or town.refreshes == 1
        town.close()


async def _cancelled_at(step: int, method: Callable[[], Any]) -> bool:
    """Cancel a call when it has waited ``step`` times; False when it had its token before."""
    call = method().__await__()
    try:
        waits = next(call)
        for _ in range(step):
            await _over(waits)
            waits = call.send(None)
        waits = call.throw(asyncio.CancelledError())
        while True:
            await _over(waits)
            waits = call.send(None)
    except StopIteration:
        return False
    except asyncio.CancelledError:
        return True


async def _over(waits: asyncio.Future[Any]) -> None:
    """Wait as the loop would, which sends nothing back."""
    await asyncio.wait([waits])


async def _while_logins_hang(vault: Any, hung: threading.Semaphore, logins: list[Any]) -> Any:  # noqa: ANN401 - a token
    """A token, while the exchanges of so many logins wait for TikTok."""
    [account] = [account async for account in vault.accounts()]
    finishing = [asyncio.create_task(vault.finish_login(*login)) for login in logins]
    for _ in logins:
        await asyncio.to_thread(hung.acquire, timeout=10)
    async with asyncio.timeout(5):
        token = await account.access_token()
    assert not any(task.done() for task in finishing)
    return token, finishing


@pytest.mark.slow
def test_logins_that_hang_keep_nobody_from_the_store(tmp_path: Path) -> None:
    """Twenty exchanges wait for TikTok, and the token of another account comes all the same."""
    with asyncio.Runner() as runner:
        town = Town(World(runner), in_file(tmp_path))
        client = town.client(transport=PatientTap(town))
        vault, hung = town.vault(client), threading.Semaphore(0)
        town.connect(vault, "jonas")
        starts = [town.do(vault.begin_login, SCOPES) for _ in range(20)]
        logins = [(town.callback(start.url), start.binding) for start in starts]

        def hang(_: object) -> None:
            hung.release()
            assert town.hold.wait(10)

        town.before = hang

        token, finishing = runner.run(_while_logins_hang(vault, hung, logins))

        town.hold.set()
        town.shut(vault)
        assert token in town.issued
        assert all(task.done() and not task.exception() for task in finishing)
        town.close()


class PatientTap(AwaitingTap):
    """A way on which any number may wait, as on a network."""

    def __init__(self, town: Town) -> None:
        super().__init__(town)
        self._threads = ThreadPoolExecutor(32)

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt, in a thread: it may hang there."""
        attempt = partial(self.pass_on, request, timeout, limit)
        return await asyncio.get_running_loop().run_in_executor(self._threads, attempt)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_works_on_its_own(file_town: Town) -> None:
    """Also when the fork happens while a refresh is under way in the parent."""
    town = file_town
    vault = town.vault()
    account = town.connect(vault)
    town.clock.advance(3 * HOUR)
    arrived, go = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        arrived.set()
        go.wait(10)

    town.before = hold
    caller = threading.Thread(target=lambda: town.elsewhere(account.access_token))
    caller.start()
    assert arrived.wait(10)
    child = os.fork()
    if child == 0:
        _in_child(town, account.open_id)
    go.set()
    caller.join(10)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert town.row(account).ver == 2
    assert town.refreshes == 1


def _in_child(town: Town, open_id: str) -> None:
    """Use what the parent had: the vault, its store and a refresh of another account."""
    status = 1
    try:
        town.before = lambda _: None
        vault = town.vault()
        jonas = town.elsewhere(vault.adopt, town.tokens("jonas"))
        town.elsewhere(jonas.refresh)
        assert town.row(jonas).ver == 2
        assert town.elsewhere(vault.account, open_id).open_id == open_id
        status = 0
    except BaseException as error:  # noqa: BLE001 - it must be seen, and never reach pytest
        sys.stderr.write(repr(error))
    finally:
        os._exit(status)
