"""The supervisor: starts the airlock and the web workers, keeps them at work, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from typing import TYPE_CHECKING

from tiktok_oauth.service.airlock.wire import privacy_problem
from tiktok_oauth.service.processes.briefing import Briefing, pack_keys
from tiktok_oauth.service.processes.family import Child, StartError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tiktok_oauth.service.settings import ServiceSettings
    from tiktok_oauth.types import Secret
    from tiktok_oauth.vault.sealing.keyring import KeyRing

_AIRLOCK = "tiktok_oauth.service.airlock.process"
_WORKER = "tiktok_oauth.service.processes.worker"
_DRAIN = 110.0
"""Seconds the airlock may take to end: a refresh under way has 90, and ten to be written."""
_LONGEST_SOCKET_PATH = 100

__all__ = ["StartError", "Supervisor", "runtime_directory"]


class Supervisor:
    """One service on one host.

    Args:
        settings: what it is told.
        keys: the whole ring.
        session_key: signs cookies and invitations.
        listener: the socket that all web workers accept from.
        workers: how many.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        keys: KeyRing,
        session_key: Secret,
        listener: socket.socket,
        workers: int,
    ) -> None:
        whole = Briefing(settings, pack_keys(keys), session_key)
        partly = Briefing(
            settings, pack_keys(keys.for_access_only()), session_key, listener.fileno()
        )
        polite = 2 * settings.patience + 5.0
        self._directory = settings.runtime_directory
        self._airlock = Child("airlock", _AIRLOCK, whole, _DRAIN)
        self._workers = [Child("web worker", _WORKER, partly, polite) for _ in range(workers)]

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until a signal ends it, and let what is under way finish.

        Args:
            on_ready: is called when all are at work.

        Raises:
            StartError: a child could not begin its work.
            OSError: the runtime directory cannot be used.
        """
        with runtime_directory(self._directory):
            asyncio.run(self._run(on_ready))

    async def _run(self, on_ready: Callable[[], None]) -> None:
        stop = _stop_signals(self._kill)
        keepers: list[asyncio.Task[None]] = []
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                await starting
                on_ready()
                keepers += [asyncio.create_task(child.keep()) for child in self._children]
                await stopping
        finally:
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._stop()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)

    async def _start(self) -> None:
        await asyncio.gather(*(child.spawn() for child in self._children))
        # The airlock first: it brings the database up to date, and finishes what was under way.
        await self._airlock.brief()
        await asyncio.gather(*(worker.brief() for worker in self._workers))

    async def _stop(self) -> None:
        """Web workers first: a login that comes back meanwhile still finds the airlock."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await self._airlock.stop()

    def _kill(self) -> None:
        for child in self._children:
            child.signal(signal.SIGKILL)

    @property
    def _children(self) -> list[Child]:
        return [self._airlock, *self._workers]


def _stop_signals(kill: Callable[[], None]) -> asyncio.Event:
    """Set when somebody wants this to end; who insists gets it at once."""
    stop = asyncio.Event()

    def told() -> None:
        if stop.is_set():
            kill()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told)
    return stop


@contextlib.contextmanager
def runtime_directory(path: Path) -> Iterator[None]:
    """Make the directory in which the processes of this service meet, for as long as it runs.

    Raises:
        OSError: it cannot be made private, or another service uses it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    problem = privacy_problem(path)
    if problem is not None:
        raise PermissionError(problem)
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH - len("/airlock.sock"):
        message = f"The path {path} is too long for a socket in it: choose a shorter one."
        raise OSError(message)
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another service runs in {path}. Stop it, or give this one another place."
            raise OSError(message) from None
        yield
    finally:
        os.close(lock)
