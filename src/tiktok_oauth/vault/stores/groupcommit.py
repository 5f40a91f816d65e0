"""Group commit: what many threads ask for at the same time is done in one go.

There is no thread for it. Whoever finds nobody at work leads: takes everything that waits, does
it, and wakes the first of the others. Each wakes the next as it goes, and the last makes one of
those who came meanwhile the next to lead. So two threads at most want the interpreter at a time:
woken all at once, they would spend as long again in getting hold of it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from tiktok_oauth.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Place(Generic[Item, Result]):
    """A place in the queue: its item, and what comes of it."""

    __slots__ = ("done", "error", "following", "gone", "item", "leads", "result", "wake")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result | None = None
        self.error: Exception | None = None
        self.following: _Place[Item, Result] | None = None
        self.leads = False
        self.done = False
        self.gone = False
        self.wake = threading.Lock()
        self.wake.acquire()


class GroupCommit(Generic[Item, Result]):
    """Turns single calls from many threads into calls with a list.

    Args:
        work: does a list of items; a result for each, or an error for all.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._work = work
        self._queue: list[_Place[Item, Result]] = []
        self._busy = False
        self._door = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many items wait for the work under way to end."""
        return len(self._queue)

    def do(self, item: Item) -> Result:
        """Do this item, with whatever else is waiting; returns when it is done.

        Raises:
            Exception: what the work raised.
        """
        place: _Place[Item, Result] = _Place(item)
        self._wait(place)
        if place.leads:
            self._lead(place)
        if place.error is not None:
            raise place.error
        return place.result  # type: ignore[return-value]  # set by whoever led

    def _wait(self, place: _Place[Item, Result]) -> None:
        """Wait until the item is done, or until it is this place's turn to lead."""
        try:
            with self._door:
                self._queue.append(place)
                place.leads = not self._busy
                self._busy = True
            if not place.leads:
                place.wake.acquire()
        except BaseException:  # An interrupt. Where the work has begun, it goes on.
            self._give_up(place)
            raise
        if not place.leads:
            self._wake(place.following)

    def _give_up(self, place: _Place[Item, Result]) -> None:
        with self._door:
            place.gone = True
            if place in self._queue:
                self._queue.remove(place)
            hands_over = place.leads
        if hands_over:
            self._wake(None)
        elif place.done:
            self._wake(place.following)

    def _lead(self, mine: _Place[Item, Result]) -> None:
        with self._door:
            batch, self._queue = self._queue, []
        try:
            results = self._work([place.item for place in batch])
            for place, result in zip(batch, results, strict=True):
                place.result = result
        except BaseException as error:
            for place in batch:
                place.error = error if isinstance(error, Exception) else _interrupted()
            raise
        finally:
            self._dismiss([place for place in batch if place is not mine])

    def _dismiss(self, places: Sequence[_Place[Item, Result]]) -> None:
        """Let those go, one after the other, whose work is done."""
        following: _Place[Item, Result] | None = None
        with self._door:
            for place in reversed([place for place in places if not place.gone]):
                place.done, place.following = True, following
                following = place
        self._wake(following)

    def _wake(self, following: _Place[Item, Result] | None) -> None:
        """Wake the one who goes next; after the last, the one who leads next."""
        if following is not None:
            following.wake.release()
            return
        with self._door:
            self._busy = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].wake.release()


def _interrupted() -> Exception:
    return store_error(
        "The thread that was writing for several was interrupted.",
        "Nothing was changed; the call can be repeated.",
        retryable=True,
    )
