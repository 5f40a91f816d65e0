"""News: told to everybody who listens, in order, and once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.vault.made import ANNA, BEN, event
from tiktok_oauth.service.registry.news import News, NewsItem
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tiktok_oauth.vault.stores.sqlstore import SqlStore

pytestmark = pytest.mark.anyio


@pytest.fixture
async def news(store: SqlStore) -> AsyncIterator[News]:
    """News of it, looked for without a pause."""
    made = News(store, every=0)
    yield made
    await made.close()


async def kinds(stream: AsyncIterator[NewsItem], count: int) -> list[str]:
    """The next few."""
    async with asyncio.timeout(10):
        return [(await anext(stream)).kind for _ in range(count)]


async def test_what_was_missed_is_told_first(store: SqlStore, news: News) -> None:
    """From the line somebody had last, then what happens, each once."""
    store.add_events(ANNA, [event("first"), event("second")])
    [first, _] = store.events_after(0, 10)
    stream = news.follow(first.id)

    assert await kinds(stream, 1) == ["second"]
    store.add_events(BEN, [event("third"), event("fourth")])
    assert await kinds(stream, 2) == ["third", "fourth"]


async def test_everybody_who_listens_hears_it(store: SqlStore, news: News) -> None:
    """Whoever comes without a last line hears what happens from then on."""
    store.add_events(ANNA, [event("before")])
    streams = [news.follow(store.last_event()) for _ in range(3)]
    listeners = [asyncio.create_task(kinds(stream, 2)) for stream in streams]
    store.add_events(ANNA, [event("one")])
    store.add_events(BEN, [event("two")])

    assert await asyncio.gather(*listeners) == [["one", "two"]] * 3


class Lines:
    """Timelines whose lines appear when a test says so."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = set(numbers)

    def events_after(self, event_id: int, limit: int) -> list[NewsItem]:
        """Those that have appeared."""
        found = sorted(number for number in self.numbers if number > event_id)[:limit]
        return [NewsItem(number, "awapp", "anna", 0.0, str(number), "", "") for number in found]

    def last_event(self) -> int:
        """The newest of them."""
        return max(self.numbers, default=0)


async def test_a_line_that_appears_late_is_told() -> None:
    """Its id is smaller than one that was told already: its transaction took longer."""
    lines = Lines(1, 3)
    news = News(lines, every=0)
    stream = news.follow(0)

    assert await kinds(stream, 2) == ["1", "3"]
    lines.numbers |= {2, 5}
    assert await kinds(stream, 2) == ["2", "5"]
    lines.numbers.add(4)
    assert await kinds(stream, 1) == ["4"]
    await news.close()


async def test_an_id_that_is_given_once_more_is_told(store: SqlStore, news: News) -> None:
    """SQLite gives the ids of deleted lines to the next ones."""
    stream = news.follow(0)
    store.add_events(ANNA, [event("one"), event("two")])
    assert await kinds(stream, 2) == ["one", "two"]

    store.erase(ANNA)
    store.add_events(BEN, [event("three")])
    assert await kinds(stream, 1) == ["three"]


async def test_closing_ends_every_stream(store: SqlStore, news: News) -> None:
    """Those that wait, and those that come later."""
    waiting = asyncio.create_task(anext(news.follow(), None))
    await asyncio.sleep(0)
    await news.close()

    assert await waiting is None
    assert await anext(news.follow(0), None) is None


async def test_whoever_does_not_keep_up_is_let_go(store: SqlStore, news: News) -> None:
    """The others go on hearing; the slow one comes back with the last id it had."""
    slow, quick = news.follow(0), news.follow(0)
    store.add_events(ANNA, [event("start")])
    assert await kinds(slow, 1) == await kinds(quick, 1) == ["start"]

    heard = asyncio.create_task(kinds(quick, 1_100))
    for number in range(11):
        store.add_events(Ref("awapp", f"p{number}"), [event("more") for _ in range(100)])
    assert len(await heard) == 1_100
    assert len([item async for item in slow]) < 1_100
