"""``News``: what happens to all accounts, in every process, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.vault.stores.rows import NewsItem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

__all__ = ["News", "NewsItem"]

T = TypeVar("T")

_PAGE = 500
_SETTLED_AFTER = 5.0
"""Seconds after which no line with a smaller id appears any more: transactions are short."""
_SLOW = 1_000


class Timelines(Protocol):
    """The part of a ``Store`` that tells all timelines together."""

    def events_after(self, event_id: int, limit: int) -> list[NewsItem]:
        """As ``Store.events_after``."""
        ...

    def last_event(self) -> int:
        """As ``Store.last_event``."""
        ...


class News:
    """One look into the store a moment for everybody who listens here, and none for nobody.

    Args:
        store: the vault's.
        every: seconds from one look to the next.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        store: Timelines,
        *,
        every: float = 0.5,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._every = every
        self._monotonic = monotonic
        self._listeners: set[asyncio.Queue[NewsItem | None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._looking = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "tiktok-oauth-news")
        self._closed = False

    async def follow(self, after: int | None = None) -> AsyncGenerator[NewsItem, None]:
        """News from now on, or from the one after ``after`` on; it ends when this is closed.

        Whoever does not keep up is let go, and can come back with the last id they had.

        Raises:
            StoreError: the store cannot be read.
        """
        queue: asyncio.Queue[NewsItem | None] = asyncio.Queue(_SLOW)
        self._listen(queue)
        try:
            told: set[NewsItem] = set()
            async for item in self._missed(after):
                told.add(item)
                yield item
            while (following := await queue.get()) is not None:
                if following not in told:
                    yield following
        finally:
            self._listeners.discard(queue)

    async def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        self._looking.set()
        for queue in tuple(self._listeners):
            self._let_go(queue)
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        self._thread.shutdown(wait=True)

    def _listen(self, queue: asyncio.Queue[NewsItem | None]) -> None:
        if self._closed:
            queue.put_nowait(None)
            return
        self._listeners.add(queue)
        if self._poller is None or self._poller.done():
            self._looking.clear()
            self._poller = asyncio.create_task(self._poll())

    def _let_go(self, queue: asyncio.Queue[NewsItem | None]) -> None:
        self._listeners.discard(queue)
        while True:
            try:
                queue.put_nowait(None)
            except asyncio.QueueFull:
                queue.get_nowait()
            else:
                return

    async def _missed(self, after: int | None) -> AsyncIterator[NewsItem]:
        """What happened since a line that somebody had, up to where looking began."""
        await self._looking.wait()
        while after is not None and not self._closed:
            page = await self._away(self._store.events_after, after, _PAGE)
            for item in page:
                yield item
            after = page[-1].id if len(page) == _PAGE else None

    async def _poll(self) -> None:
        """Look again and again, for as long as anybody listens."""
        look = _Look(self._monotonic)
        while self._listeners:
            try:
                for place, item in enumerate(await self._away(look, self._store), 1):
                    self._tell(item)
                    if place % (_SLOW // 2) == 0:
                        await asyncio.sleep(0)  # Those who keep up take theirs.
            except TikTokAPIError as error:
                logger.warning("News cannot be read: %s", error)
            self._looking.set()
            await asyncio.sleep(self._every)

    def _tell(self, item: NewsItem) -> None:
        for queue in tuple(self._listeners):
            if queue.full():
                self._let_go(queue)
            else:
                queue.put_nowait(item)

    async def _away(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


class _Look:
    """Finds what is new since the look before, though ids may appear out of order."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._floor: int | None = None
        self._told: dict[NewsItem, float] = {}

    def __call__(self, store: Timelines) -> list[NewsItem]:
        """One look."""
        now = self._monotonic()
        if self._floor is None:
            self._floor = max(0, store.last_event() - _PAGE)
            self._told = dict.fromkeys(self._read(store, self._floor), now)
            return []
        self._settle(now)
        found = self._read(store, self._floor)
        if not found:
            # Where the newest lines were deleted, SQLite gives their ids once more.
            self._floor = min(self._floor, store.last_event())
        new = [item for item in found if item not in self._told]
        self._told.update((item, now) for item in new)
        return new

    def _settle(self, now: float) -> None:
        settled = [item for item, at in self._told.items() if now - at >= _SETTLED_AFTER]
        for item in settled:
            del self._told[item]
            self._floor = max(self._floor or 0, item.id)

    def _read(self, store: Timelines, after: int) -> list[NewsItem]:
        found: list[NewsItem] = []
        while True:
            page = store.events_after(after, _PAGE)
            found += page
            if len(page) < _PAGE:
                return found
            after = page[-1].id
