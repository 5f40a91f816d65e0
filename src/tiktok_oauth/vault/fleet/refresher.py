"""``Refresher``: the small process, or thread, that makes a fleet's refreshes."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, Self

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.vault.checks import check_rate
from tiktok_oauth.vault.fleet.fleet import Fleet, Settings
from tiktok_oauth.vault.fleet.progress import Progress
from tiktok_oauth.vault.fleet.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tiktok_oauth.vault.fleet.fleetroom import FleetRoom

Policy = Literal["on_demand", "keep_warm"]
_POLICIES = ("on_demand", "keep_warm")


class _Fleets(Protocol):
    """A vault's inside, as far as it is seen here."""

    def begin_fleet(self) -> FleetRoom:
        """An office for a refresher, which closes it."""
        ...


_ALL: weakref.WeakSet[Refresher] = weakref.WeakSet()


class Refresher:
    """Keeps a vault's accounts alive. Any number of them may work on one store.

    It refreshes what is due, the most urgent first, at a pace that TikTok can bear: slower after
    each "too many requests", hardly at all while TikTok is down, and not at all once it refuses
    more refresh tokens than chance explains.

    Args:
        vault: a ``TokenVault`` or ``AsyncTokenVault``.
        policy: ``on_demand`` refreshes for callers who wait, and before a refresh token ages out
            unused; ``keep_warm`` also before an access token ends.
        at_once: how many refreshes may be under way.
        rate: requests a second to start with, for each app. It grows while all goes well.
        on_progress: is told how it goes about once a second, in the refresher's own thread.

    Raises:
        ValidationError: an argument is wrong.
    """

    def __init__(
        self,
        vault: object,
        policy: Policy = "on_demand",
        *,
        at_once: int = 64,
        rate: float = 10.0,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        if policy not in _POLICIES:
            raise invalid_argument("policy must be 'on_demand' or 'keep_warm'.")
        if isinstance(at_once, bool) or not isinstance(at_once, int) or at_once < 1:
            raise invalid_argument("at_once must be a whole number of at least 1.")
        check_rate("rate", rate)
        self._vault: _Fleets = _room_of(vault)
        self._settings = Settings(policy == "keep_warm", at_once, rate, on_progress)
        self._last = Progress(0.0)
        self._start_afresh()
        _ALL.add(self)

    def _start_afresh(self) -> None:
        """Forget a run, which in a forked child goes on in the parent."""
        self._alone = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, Fleet] | None = None
        self._thread: threading.Thread | None = None
        self._stop_asked = False

    def run(self) -> None:
        """Work in this thread until ``stop`` is called elsewhere, or the program is interrupted.

        Raises:
            ValidationError: it is running already.
            TikTokAPIError: the vault cannot be opened.
        """
        asyncio.run(self.run_async())

    async def run_async(self) -> None:
        """Work until ``stop`` is called, or this is cancelled: both wait for what is under way.

        Raises:
            ValidationError: it is running already.
            TikTokAPIError: the vault cannot be opened.
        """
        self._enter()
        with contextlib.ExitStack() as end:
            end.callback(self._leave)
            threads = end.enter_context(contextlib.closing(Threads(1)))
            opening = asyncio.ensure_future(threads.do(self._vault.begin_fleet))
            try:
                office = await asyncio.shield(opening)
            except asyncio.CancelledError:
                await threads.do((await opening).close)
                raise
            await self._serve(office)

    def _enter(self) -> None:
        if not self._alone.acquire(blocking=False):
            raise invalid_argument("The refresher is running already.")

    def _leave(self) -> None:
        self._running = None
        self._stop_asked = False
        self._alone.release()

    async def _serve(self, office: FleetRoom) -> None:
        with contextlib.closing(Threads(1)) as threads:
            try:
                await self._work(Fleet(office, self._settings))
            finally:
                await threads.do(office.close)

    async def _work(self, fleet: Fleet) -> None:
        self._running = (asyncio.get_running_loop(), fleet)
        if self._stop_asked:
            fleet.stop()
        work = asyncio.create_task(fleet.run())
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            fleet.stop()
            await work
            raise
        finally:
            self._last = fleet.progress()

    def start(self) -> None:
        """Work in a thread of its own until ``stop``; the end of the program waits for that.

        Raises:
            ValidationError: it is running already.
            TikTokAPIError: the vault cannot be opened.
        """
        self._enter()
        self._stop_asked = False
        with contextlib.ExitStack() as failed:
            failed.callback(self._leave)
            # What is wrong with the vault is told here, not in a thread nobody sees.
            office = self._vault.begin_fleet()
            failed.callback(office.close)
            work = partial(self._run_in, office)
            thread = threading.Thread(target=work, name="tiktok-oauth-refresher", daemon=True)
            thread.start()
            failed.pop_all()
        self._thread = thread
        atexit.register(self.stop)

    def _run_in(self, office: FleetRoom) -> None:
        try:
            asyncio.run(self._serve(office))
        finally:
            self._leave()

    def stop(self, timeout: float | None = None) -> bool:
        """Claim nothing more, and wait for what is under way; from any thread.

        Args:
            timeout: seconds to wait; as long as it takes when not given, which is the time a
                refresh may take and ten seconds at most.

        Returns:
            Whether it has stopped. What ``run`` or ``run_async`` began is not waited for.
        """
        self._stop_asked = True
        self._tell(Fleet.stop)
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return self._running is None
        thread.join(timeout)
        if thread.is_alive():
            return False
        self._thread = None
        self._stop_asked = False
        atexit.unregister(self.stop)
        return True

    def resume(self) -> None:
        """Go on at once after too many refusals made it stop: somebody has looked."""
        self._tell(Fleet.resume)

    def wake(self) -> None:
        """Look at once, rather than within a second: somebody waits for a refresh."""
        self._tell(Fleet.look_now)

    def progress(self) -> Progress:
        """How it goes; how it went, once it has stopped."""
        running = self._running
        return self._last if running is None else running[1].progress()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _tell(self, what: Callable[[Fleet], None]) -> None:
        running = self._running
        if running is not None:
            loop, fleet = running
            loop.call_soon_threadsafe(what, fleet)


def _in_child() -> None:
    for refresher in tuple(_ALL):
        refresher._start_afresh()  # noqa: SLF001 - its own file


os.register_at_fork(after_in_child=_in_child)


def _room_of(vault: object) -> _Fleets:
    """A vault's inside."""
    room: _Fleets | None = getattr(vault, "_room", None)
    if room is None:
        raise invalid_argument("vault must be a TokenVault or an AsyncTokenVault.")
    return room
