"""Hands that await: what many tasks want at once is done in one go."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.fleet import FleetOfTests, StrictTikTok, rounds, until
from tiktok_oauth.errors import StoreError, store_error
from tiktok_oauth.vault.fleet.batch import Gathered
from tiktok_oauth.vault.fleet.threads import Threads
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio


class Work:
    """Doubles numbers, and remembers which came together."""

    def __init__(self) -> None:
        self.lists: list[list[int]] = []
        self.begun = threading.Event()
        self.door = threading.Event()
        self.door.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        """Double them; a negative one is one too many."""
        self.begun.set()
        self.door.wait(10)
        self.lists.append(list(items))
        if min(items) < 0:
            raise ValueError(min(items))
        return [2 * item for item in items]


async def connect(room: FleetOfTests, numbers: range) -> None:
    """Add accounts that are due, at the same time: that shares syncs, too."""
    await asyncio.gather(*(asyncio.to_thread(room.connect, f"due{number}") for number in numbers))


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    """Workers of the test's loop."""
    workers = Threads()
    yield workers
    workers.close()


async def test_what_comes_together_is_done_together(threads: Threads) -> None:
    """What many tasks ask for in the same moment is one call, and each gets its own result."""
    work = Work()
    gathered = Gathered(threads, work)

    results = await asyncio.gather(*(gathered.do(number) for number in range(64)))

    assert results == [2 * number for number in range(64)]
    assert work.lists == [list(range(64))]


async def test_a_thread_that_cannot_start_fails_those_who_wait_and_nobody_after(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine had none to spare for a moment: they are told, and the next ones are served."""

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError

    gathered = Gathered(threads, Work())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(StoreError) as caught:
            await gathered.do(1)

    assert caught.value.retryable
    assert await gathered.do(2) == 4


async def test_what_comes_meanwhile_goes_next(threads: Threads) -> None:
    """While a list is being done the next one grows."""
    work = Work()
    work.door.clear()
    gathered = Gathered(threads, work)
    first = asyncio.create_task(gathered.do(1))
    await until(work.begun.is_set)

    others = [asyncio.create_task(gathered.do(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    work.door.set()
    await asyncio.gather(first, *others)

    assert work.lists == [[1], [2, 3]]


async def test_one_bad_item_spares_the_others(threads: Threads) -> None:
    """When a list fails for what is in it, each item is done alone."""
    gathered = Gathered(threads, Work())

    results = await asyncio.gather(
        *(gathered.do(number) for number in (1, -2, 3)), return_exceptions=True
    )

    assert results[0] == 2
    assert isinstance(results[1], ValueError)
    assert results[2] == 6


async def test_a_store_that_fails_fails_for_all(threads: Threads) -> None:
    """When the store is away, it is asked once, and each task gets an error of its own."""
    calls = []

    def fail(items: Sequence[int]) -> list[int]:
        calls.append(items)
        raise store_error("away", retryable=True)

    gathered = Gathered(threads, fail)
    errors = await asyncio.gather(gathered.do(1), gathered.do(2), return_exceptions=True)

    assert len(calls) == 1
    assert all(isinstance(error, StoreError) for error in errors)
    assert errors[0] is not errors[1]


async def test_a_cancelled_task_changes_nothing_for_the_others(threads: Threads) -> None:
    """What a cancelled task had asked for is done nevertheless, and so is everybody else's."""
    work = Work()
    work.door.clear()
    gathered = Gathered(threads, work)
    tasks = [asyncio.create_task(gathered.do(number)) for number in range(3)]
    await until(work.begun.is_set)

    tasks[1].cancel()
    await asyncio.sleep(0)
    work.door.set()

    assert await tasks[2] == 4
    assert work.lists == [[0, 1, 2]]
    assert tasks[1].cancelled()


@pytest.mark.slow
async def test_a_wave_of_64_shares_its_syncs(tmp_path: Path) -> None:
    """64 refreshes at once are one transaction to claim, one to write, and one journal sync."""
    database = SqliteDatabase(tmp_path / "tokens.db")
    room = FleetOfTests(StrictTikTok(), SqlStore(database), tmp_path / "answers")
    await connect(room, range(64))
    fleet = room.fleet()
    await rounds(fleet)  # The housekeeping of a start is not part of it.
    await connect(room, range(64, 128))
    before = database.commits

    room.clock.advance(1.0)
    await rounds(fleet)

    assert fleet.progress().refreshed == 128
    assert database.commits - before == 2


async def test_work_goes_on_when_its_task_has_left(threads: Threads) -> None:
    """Blocking work is finished even when nobody waits for it any more."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    task = asyncio.create_task(threads.do(work))
    await until(begun.is_set)
    task.cancel()
    may_end.set()
    threads.close()

    assert ended.is_set()
