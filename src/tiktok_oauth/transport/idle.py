"""Connections shared by all blocking clients of a process that have equal settings."""

from __future__ import annotations

import atexit
import os
import threading
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.transport.origins import Origin
    from tiktok_oauth.transport.sockets import Attempt


class Connection(Protocol):
    """What can be kept."""

    def close(self) -> None:
        """Close it, without a word to the other side."""


_C = TypeVar("_C", bound=Connection)


class Pool(Generic[_C]):
    """Keeps idle connections, closes each when its time is up, and knows the attempts under way.

    A daemon thread does the closing, and lives only while there are idle connections.
    """

    def __init__(self, idle_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._idle: dict[Origin, list[tuple[float, _C]]] = {}
        self._busy: set[Attempt] = set()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._reaper: threading.Thread | None = None
        self._forking = False

    def enter(self, attempt: Attempt) -> None:
        """Take note of an attempt."""
        with self._lock:
            self._busy.add(attempt)

    def leave(self, attempt: Attempt) -> None:
        """Forget an attempt."""
        with self._lock:
            self._busy.discard(attempt)

    def end_attempts(self, owner: object) -> None:
        """End every attempt of one client."""
        with self._lock:
            for attempt in self._busy:
                if attempt.owner is owner:
                    attempt.end()

    def take(self, origin: Origin) -> _C | None:
        """Take the connection that was used last, or none."""
        with self._lock:
            kept = self._idle.get(origin)
            if not kept:
                return None
            _, connection = kept.pop()
            if not kept:
                del self._idle[origin]
            return connection

    def give(self, origin: Origin, connection: _C) -> None:
        """Keep a connection for the next one who asks."""
        with self._lock:
            self._idle.setdefault(origin, []).append((monotonic(), connection))
            self._start_reaper()

    def close_idle(self) -> None:
        """Close every idle connection now."""
        with self._lock:
            self._close_unused_since(float("inf"))

    def _start_reaper(self) -> None:
        if self._reaper is None and self._idle:
            self._reaper = threading.Thread(
                target=self._reap, name="tiktok-oauth-idle", daemon=True
            )
            self._reaper.start()

    def _reap(self) -> None:
        with self._wake:
            while self._idle and not self._forking:
                oldest = min(kept[0][0] for kept in self._idle.values())
                self._wake.wait(oldest + self._idle_timeout - monotonic())
                self._close_unused_since(monotonic() - self._idle_timeout)
            self._reaper = None

    def _close_unused_since(self, when: float) -> None:
        for origin, kept in list(self._idle.items()):
            while kept and kept[0][0] <= when:
                kept.pop(0)[1].close()
            if not kept:
                del self._idle[origin]

    def before_fork(self) -> None:
        """Stop the thread and keep the lock, so that the child gets a pool in order."""
        while True:
            self._lock.acquire()
            if (reaper := self._reaper) is None:
                return
            self._forking = True
            self._wake.notify()
            self._lock.release()
            reaper.join()

    def after_fork_in_parent(self) -> None:
        """Go on as before."""
        self._forking = False
        self._start_reaper()
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Drop the parent's connections: closing a descriptor sends nothing on them."""
        self._close_unused_since(float("inf"))
        for attempt in self._busy:
            attempt.abandon()
        self._busy.clear()
        self.after_fork_in_parent()


_pools: dict[tuple[type, ConnectionSettings], Pool[Any]] = {}


def shared_pool(kind: type[_C], settings: ConnectionSettings) -> Pool[_C]:
    """Return the process's pool of one kind of connections for these settings."""
    key = (kind, settings)
    # setdefault on a dict is one step for all threads.
    return _pools.get(key) or _pools.setdefault(key, Pool(settings.idle_timeout))


@atexit.register
def _close_at_exit() -> None:
    for pool in tuple(_pools.values()):
        pool.close_idle()


def _before_fork() -> None:
    for pool in tuple(_pools.values()):
        pool.before_fork()


def _after_fork_in_parent() -> None:
    for pool in tuple(_pools.values()):
        pool.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for pool in tuple(_pools.values()):
        pool.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
