"""Single flight: many callers, one refresh; and it is the vault's, not any caller's.

A flight runs in a thread of the vault. Callers wait for it, or leave; it flies on. At the end of
the program the interpreter waits for flights that are under way.
"""

from __future__ import annotations

import copy
import os
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.errors import StoreError, TikTokAPIError, invalid_argument, store_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.vault.stores.rows import Grant, Ref

E = TypeVar("E", bound=BaseException)

_ALL: weakref.WeakSet[Flights] = weakref.WeakSet()


class Flights:
    """The refreshes under way in this process. Starts afresh in a forked child.

    Args:
        most: how many may be under way at once; more wait for their turn.

    Attributes:
        all_landed: whether none has ended so that an answer may be in the journal alone.
    """

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._closed = False
        self.all_landed: bool = True
        self.start_afresh()
        _ALL.add(self)

    def start_afresh(self) -> None:
        """Forget every flight: their threads stayed in the parent."""
        self._lock = threading.Lock()
        self._flying: dict[Ref, Future[Grant]] = {}
        self._threads = ThreadPoolExecutor(self._most, "tiktok-oauth-refresh")

    def join(self, ref: Ref, fly: Callable[[], Grant]) -> Future[Grant]:
        """The flight for an account: the one under way, or a new one.

        Raises:
            ValidationError: the vault is closed.
            StoreError: the machine has no thread to spare.
        """
        with self._lock:
            if self._closed:
                raise invalid_argument("The vault is closed.", "Make a new one.")
            flight = self._flying.get(ref)
            if flight is None:
                flight = self._begin(ref, fly)
        return flight

    def _begin(self, ref: Ref, fly: Callable[[], Grant]) -> Future[Grant]:
        flight = self._flying[ref] = Future()
        try:
            self._threads.submit(self._fly, ref, flight, fly)
        except RuntimeError as error:
            # It may be in the queue nevertheless, until there is a thread: it is nobody's then.
            del self._flying[ref]
            raise store_error("No thread could be started.", retryable=True) from error
        return flight

    def _fly(self, ref: Ref, flight: Future[Grant], fly: Callable[[], Grant]) -> None:
        with self._lock:
            if self._flying.get(ref) is not flight:
                return
        try:
            grant = fly()
        except BaseException as error:  # noqa: BLE001 - those who wait must hear of it
            if isinstance(error, StoreError) or not isinstance(error, TikTokAPIError):
                self.all_landed = False
            self._land(ref)
            flight.set_exception(error)
        else:
            self._land(ref)
            flight.set_result(grant)

    def _land(self, ref: Ref) -> None:
        with self._lock:
            self._flying.pop(ref, None)

    @property
    def under_way(self) -> int:
        """How many there are."""
        return len(self._flying)

    def close(self) -> None:
        """Take no more, and wait for those under way."""
        with self._lock:
            self._closed = True
        self._threads.shutdown(wait=True)


def own(error: E) -> E:
    """An error for one of several who wait: each writes on theirs which call it was."""
    return copy.copy(error) if isinstance(error, TikTokAPIError) else error


def _start_afresh() -> None:
    for flights in tuple(_ALL):
        flights.start_afresh()


os.register_at_fork(after_in_child=_start_afresh)
