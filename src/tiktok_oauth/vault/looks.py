"""Looks into the store for many tasks at a time: they share a trip to a thread, and the read."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.vault.flights import own

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import ThreadPoolExecutor

    from tiktok_oauth.vault.stores.rows import Grant, Ref

T = TypeVar("T")

_TOGETHER = 16
"""Looks on one trip: enough to pay for it, few enough that none waits long for the others."""


class _Wish(NamedTuple, Generic[T]):
    """Somebody's look. The context is theirs: their correlation ID is in it."""

    ref: Ref
    context: contextvars.Context
    done: asyncio.Future[T]


_Found: TypeAlias = tuple[_Wish[T], T | Exception]


class Looks(Generic[T]):
    """Gathers the looks of one turn of an event loop, and makes them in threads.

    Args:
        read: the rows of some accounts; blocking.
        judge: what a row comes to, in the context of whoever wants it.
        threads: where.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Ref]], Sequence[Grant | None]],
        judge: Callable[[Ref, Grant | None], T],
        threads: Callable[[], ThreadPoolExecutor],
    ) -> None:
        self._read = read
        self._judge = judge
        self._threads = threads
        self._wishes: WeakKeyDictionary[asyncio.AbstractEventLoop, list[_Wish[T]]] = (
            WeakKeyDictionary()
        )

    def soon(self, ref: Ref) -> asyncio.Future[T]:
        """What a look finds or raises; leaving early does not stop it.

        Raises:
            ValidationError: the vault is closed.
        """
        loop = asyncio.get_running_loop()
        threads = self._threads()
        wishes = self._wishes.get(loop)
        if wishes is None:
            wishes = self._wishes[loop] = []
            # After everybody who is ready in this turn has made their wish.
            loop.call_soon(self._send, loop, threads)
        wish: _Wish[T] = _Wish(ref, contextvars.copy_context(), loop.create_future())
        wishes.append(wish)
        return wish.done

    def _send(self, loop: asyncio.AbstractEventLoop, threads: ThreadPoolExecutor) -> None:
        wishes = self._wishes.pop(loop)
        for first in range(0, len(wishes), _TOGETHER):
            together = wishes[first : first + _TOGETHER]
            try:
                threads.submit(self._look_all, loop, together)
            except RuntimeError:  # It was closed in this very turn.
                error = invalid_argument("The vault is closed.", "Make a new one.")
                _hand_over([(wish, own(error)) for wish in together])

    def _look_all(self, loop: asyncio.AbstractEventLoop, wishes: Sequence[_Wish[T]]) -> None:
        """In a thread: look for each, and hand over all at once."""
        try:
            rows = self._read([wish.ref for wish in wishes])
        except Exception as error:  # noqa: BLE001 - it belongs to whoever made the wishes
            found: list[_Found[T]] = [(wish, own(error)) for wish in wishes]
        else:
            found = [
                (wish, self._outcome(wish, row)) for wish, row in zip(wishes, rows, strict=True)
            ]
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(_hand_over, found)

    def _outcome(self, wish: _Wish[T], row: Grant | None) -> T | Exception:
        try:
            return wish.context.run(self._judge, wish.ref, row)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever made the wish
            return error


def _hand_over(found: Sequence[_Found[T]]) -> None:
    for wish, outcome in found:
        if wish.done.done():
            continue
        if isinstance(outcome, Exception):
            wish.done.set_exception(outcome)
        else:
            wish.done.set_result(outcome)
