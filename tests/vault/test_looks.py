"""Looks of many tasks: they share a read, and nothing else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.vault.made import ANNA, APP, BEN, connected
from tiktok_oauth.correlation import correlation_id, current_correlation_id
from tiktok_oauth.errors import ValidationError, store_error
from tiktok_oauth.vault.looks import Looks
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiktok_oauth.vault.stores.rows import Grant

pytestmark = pytest.mark.anyio


class Desk:
    """Reads and judges, and remembers what was read at a time."""

    def __init__(self) -> None:
        self.store = memory_store()
        self.trips: list[list[Ref]] = []
        self.threads = ThreadPoolExecutor(2)
        self.broken = False

    def looks(self) -> Looks[str]:
        """Looks that are made here."""
        return Looks(self.read, self.judge, lambda: self.threads)

    def read(self, refs: Sequence[Ref]) -> list[Grant | None]:
        """The rows, unless the store is broken."""
        self.trips.append(list(refs))
        if self.broken:
            raise store_error("The store is away.")
        return self.store.get_all(refs)

    def judge(self, ref: Ref, row: Grant | None) -> str:
        """Who was found, and for whom."""
        if row is None:
            raise KeyError(ref.open_id)
        return f"{row.open_id} for {current_correlation_id()}"


@pytest.fixture
def desk() -> Iterator[Desk]:
    """With two accounts."""
    made = Desk()
    connected(made.store, ANNA)
    connected(made.store, BEN)
    yield made
    made.threads.shutdown()
    made.store.close()


async def test_who_looks_in_the_same_turn_shares_a_read(desk: Desk) -> None:
    """Each has its own row, judged under its own correlation ID."""
    looks = desk.looks()

    async def look(ref: Ref, name: str) -> str:
        with correlation_id(name):
            return await looks.soon(ref)

    found = list(await asyncio.gather(look(ANNA, "one"), look(BEN, "two")))

    assert found == [f"{ANNA.open_id} for one", f"{BEN.open_id} for two"]
    assert desk.trips == [[ANNA, BEN]]


async def test_an_account_that_is_not_there_is_its_own_callers_error(desk: Desk) -> None:
    """The others on the trip get what they came for."""
    looks = desk.looks()
    nobody = Ref(APP, "nobody")

    found = await asyncio.gather(looks.soon(ANNA), looks.soon(nobody), return_exceptions=True)

    assert found[0] == f"{ANNA.open_id} for None"
    assert isinstance(found[1], KeyError)


async def test_a_read_that_failed_fails_for_each_with_an_error_of_its_own(desk: Desk) -> None:
    """Each caller writes on its error which call it was."""
    desk.broken = True
    looks = desk.looks()

    one, two = await asyncio.gather(looks.soon(ANNA), looks.soon(BEN), return_exceptions=True)

    assert str(one) == str(two) == "API_ERROR: The store is away."
    assert one is not two


async def test_a_crowd_is_read_in_several_trips(desk: Desk) -> None:
    """Forty at a time are three reads, and nobody is forgotten."""
    looks = desk.looks()

    found = await asyncio.gather(*(looks.soon(ANNA) for _ in range(40)))

    assert len(found) == 40
    assert sorted(map(len, desk.trips)) == [8, 16, 16]


async def test_a_look_after_the_last_one_is_refused_and_not_cancelled(desk: Desk) -> None:
    """The vault closes in the turn in which a task asks: the task hears so, and lives on."""
    look = desk.looks().soon(ANNA)
    desk.threads.shutdown()

    with pytest.raises(ValidationError, match="closed"):
        await look
