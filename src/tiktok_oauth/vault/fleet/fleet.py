"""One run of a refresher: claims what is due, at TikTok's pace, and refreshes many at once."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.errors import StoreError, TikTokAPIError
from tiktok_oauth.events import Noticed
from tiktok_oauth.vault.fleet.batch import SharedWork
from tiktok_oauth.vault.fleet.chores import Chores
from tiktok_oauth.vault.fleet.lane import Lane
from tiktok_oauth.vault.fleet.outcomes import judge
from tiktok_oauth.vault.fleet.pacing import Alarm
from tiktok_oauth.vault.fleet.progress import Progress
from tiktok_oauth.vault.fleet.threads import Threads
from tiktok_oauth.vault.refresh.renew import refresh
from tiktok_oauth.vault.refresh.setback import bring_back
from tiktok_oauth.vault.stores.rows import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiktok_oauth.vault.fleet.fleetroom import FleetRoom
    from tiktok_oauth.vault.fleet.outcomes import Kind
    from tiktok_oauth.vault.fleet.pacing import BreakerState, Outcome
    from tiktok_oauth.vault.stores.rows import Grant, Ref

_GATHER = 0.05
_POLL = 1.0
_STORE_PAUSE = 1.0
_CHECK_IN = 30.0
_LOOK_AT_TIME = 1.0
_LATELY = 0.05
_TELL = 1.0
_NAME = "refresher"
_WORST_FIRST: tuple[BreakerState, ...] = ("open", "probing", "trial", "closed")


class Settings(msgspec.Struct, frozen=True):
    """How a refresher was asked to work.

    Attributes:
        warm: no access token may ever end; else no refresh token.
        at_once: how many refreshes may be under way.
        rate: requests a second to start with.
        tell: is told how it goes, about once a second.
        grace: seconds that a stop waits for, on top of what a request may take.
    """

    warm: bool = False
    at_once: int = 64
    rate: float = 10.0
    tell: Callable[[Progress], None] | None = None
    grace: float = 10.0


class Fleet:
    """One run, inside of an event loop.

    Args:
        room: the vault.
        settings: how to work.
    """

    def __init__(self, room: FleetRoom, settings: Settings) -> None:
        self._room = room
        self._site = room.site
        self._settings = settings
        self._threads = Threads()
        work = SharedWork(room, room.site, self._threads)
        self._lanes = [Lane(room, key, work, settings.rate) for key in room.client_keys]
        self._first = self._lanes[0]
        self._alarm = Alarm()
        self._under_way: dict[Ref, asyncio.Task[None]] = {}
        self._counts: dict[Kind, int] = {}
        self._standing = Standing({}, 0, 0.0, 0)
        self._started_at = self._first.desk.now()
        self._claimed_at = float("-inf")
        self._crowded = False
        self._stopping = False
        self._woken = False
        self._looked_at: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._said: set[str] = set()
        self._chores = self._plan()

    async def run(self) -> None:
        """Work until ``stop``, then wait for what is under way."""
        try:
            while not self._stopping:
                await self._rest(await self.round())
        finally:
            await self.drain()

    def stop(self) -> None:
        """Claim nothing more. To be called in the event loop."""
        self._stopping = True
        self._wake.set()

    def resume(self) -> None:
        """Go on after too many refusals. To be called in the event loop."""
        self._alarm = Alarm()
        self._wake.set()

    def look_now(self) -> None:
        """Look for what is due at once: somebody waits. To be called in the event loop."""
        for lane in self._lanes:
            lane.look_at = float("-inf")
        self._woken = True
        self._wake.set()

    async def round(self) -> float:
        """Claim and begin what may begin now; returns seconds until it is worth looking again."""
        self._chores.start_due()
        if self._woken:
            # Whoever waits may have moved a sandbox's clock a moment ago.
            self._woken = False
            for lane in self._lanes:
                await self._look_at_time(lane, at_once=True)
        now, free = self._first.monotonic(), self._free()
        waits = now < self._claimed_at + _GATHER and 2 * free < self._settings.at_once
        # A claim is a transaction: better one for many than one for each that ends.
        self._crowded = waits or not free
        if self._crowded:
            return _GATHER if free else _POLL
        try:
            for lane in self._lanes:
                if now >= lane.look_at:
                    await self._claim(lane)
        except TikTokAPIError as error:
            self._say("store", f"Nothing can be claimed. {error.message} {error.hint}")
            return _STORE_PAUSE
        self._said.discard("store")
        self._lanes.append(self._lanes.pop(0))
        return max(0.0, min(lane.look_at for lane in self._lanes) - self._first.monotonic())

    async def drain(self) -> None:
        """Wait for what is under way, a little longer than a request may take; then let go."""
        if self._under_way:
            patience = max(lane.desk.deadline for lane in self._lanes) + self._settings.grace
            tasks = list(self._under_way.values())
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._chores.finish()
        self._threads.close()
        for lane in self._lanes:
            await lane.transport.aclose()

    def progress(self) -> Progress:
        """How it goes."""
        now = self._first.desk.now()
        states = {lane.pace.breaker.state(lane.desk.now()) for lane in self._lanes}
        return Progress(
            started_at=self._started_at,
            in_flight=len(self._under_way),
            rate=sum(lane.pace.rate.per_second for lane in self._lanes),
            breaker=next(state for state in _WORST_FIRST if state in states),
            alarm=self._alarm.breaker.state(now) != "closed",
            due=self._standing.due,
            lag=self._standing.lag,
            **self._counts,
        )

    async def _claim(self, lane: Lane) -> None:
        """Claim and begin what one app's pace allows."""
        free, share = self._free(), self._share(lane)
        limit = min(free, lane.room(share))
        grants = await lane.claim(limit, warm=self._settings.warm) if limit else []
        if grants:
            self._claimed_at = lane.monotonic()
            # Whoever wants one of them may have moved a sandbox's clock, and rings a moment later.
            if self._claimed_at - self._looked_at.get(lane.client_key, 0.0) >= _LATELY:
                await self._look_at_time(lane, at_once=True)
            await self._begin_all(lane, grants, share)
        elif limit:
            await self._look_why(lane)
        lane.looked(limit=limit, found=len(grants), free=self._free())

    async def _look_why(self, lane: Lane) -> None:
        """Nothing was claimed: that must not be for a reason nobody hears of."""
        if await lane.desk.hands.frozen():
            self._say("frozen", "The store is frozen: nothing is refreshed before it is unfrozen.")
        else:
            self._said.discard("frozen")

    async def _begin_all(self, lane: Lane, grants: Sequence[Grant], share: float) -> None:
        # A refresh that has just written its outcome may still be ending when the account is due
        # again: its turn comes a little later. The new claim must not stay open meanwhile.
        ending = [grant for grant in grants if grant.ref in self._under_way]
        for grant in grants:
            if grant.ref not in self._under_way:
                self._begin(lane, grant, share)
        if ending:
            await lane.put_back(ending)

    def _begin(self, lane: Lane, grant: Grant, share: float) -> None:
        is_retry = bool(grant.failures or grant.probes or grant.refusals)
        lane.begun(is_retry=is_retry, share=share)
        task = asyncio.create_task(
            self._refresh(lane, grant),
            # A correlation ID that is set where the refresher was started is none of its own.
            context=contextvars.Context(),
        )
        self._under_way[grant.ref] = task
        task.add_done_callback(partial(self._landed, grant.ref))

    async def _refresh(self, lane: Lane, grant: Grant) -> None:
        kind: Kind = "refreshed"
        outcome: Outcome = "good"
        try:
            if await bring_back(lane.desk, grant) is None:
                await refresh(lane.desk, grant)
        except TikTokAPIError as error:
            kind, outcome = judge(grant, error)
            if isinstance(error, StoreError):
                self._room.cut_off()
        except asyncio.CancelledError:
            kind, outcome = "doubtful", "nothing"
            self._room.cut_off()
            raise
        except Exception as error:  # noqa: BLE001 - one account's trouble is not the fleet's
            kind, outcome = "failed", "nothing"
            self._room.cut_off()
            self._say(type(error).__name__, f"A refresh ended with {type(error).__name__}.")
        finally:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._ended(lane, outcome)

    def _ended(self, lane: Lane, outcome: Outcome) -> None:
        was_closed, was_calm = (
            lane.pace.breaker.silence is None,
            self._alarm.breaker.silence is None,
        )
        lane.ended(outcome)
        self._alarm = self._alarm.ended(lane.desk.now(), outcome)
        is_closed, is_calm = lane.pace.breaker.silence is None, self._alarm.breaker.silence is None
        if was_closed and not is_closed:
            self._report("TikTok fails: requests stop, and are tried again now and then.", lane)
        if is_closed and not was_closed:
            self._report("TikTok answers again.", lane)
        if was_calm and not is_calm:
            self._report(
                "TikTok refuses too many refresh tokens: everything stops for a quarter of an "
                "hour. Check the client secret, and whether the store was restored.",
                lane,
            )

    def _landed(self, ref: Ref, _: asyncio.Task[None]) -> None:
        self._under_way.pop(ref, None)
        if self._crowded and 2 * self._free() >= self._settings.at_once:
            self._wake.set()

    def _free(self) -> int:
        return self._settings.at_once - len(self._under_way)

    def _share(self, lane: Lane) -> float:
        """Which share of its rate the alarm leaves to an app."""
        now = lane.desk.now()
        if self._alarm.breaker.state(now) == "probing" and self._under_way:
            return 0.0
        return self._alarm.breaker.share(now)

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    def _plan(self) -> Chores:
        chores = Chores(self._first.monotonic, self._first.desk.core.dice.roll)
        chores.add(_CHECK_IN, partial(self._in_thread, self._check_in))
        for lane in self._lanes:
            chores.add(_LOOK_AT_TIME, partial(self._look_at_time, lane))
        if self._settings.tell is not None:
            chores.add(_TELL, self._tell, at_once=False)
        return chores

    async def _look_at_time(self, lane: Lane, *, at_once: bool = False) -> None:
        look = self._room.look_at_time
        if at_once:
            self._looked_at[lane.client_key] = lane.monotonic()
        await self._in_thread(partial(look, lane.client_key, at_once=at_once))

    async def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            await self._threads.do(work)
        except TikTokAPIError as error:
            self._say("chore", f"{error.message} {error.hint}")
        except Exception as error:  # noqa: BLE001 - housekeeping must not end the refresher
            self._say("chore", f"Housekeeping ended with {type(error).__name__}.")
        else:
            self._said.discard("chore")

    def _check_in(self) -> None:
        self._site.touch(self._first.desk.barrier.timeline)
        self._room.bury()
        now = self._first.desk.now()
        self._standing = self._site.store.standing(now, warm=self._settings.warm)

    async def _tell(self) -> None:
        if self._settings.tell is not None:
            try:
                self._settings.tell(self.progress())
            except Exception as error:  # noqa: BLE001 - a display must not end the refresher
                self._say("tell", f"Telling the progress raised {type(error).__name__}.")

    def _say(self, topic: str, text: str) -> None:
        """Report something that lasts, once for as long as it does."""
        if topic not in self._said:
            self._said.add(topic)
            self._report(text, self._first)

    def _report(self, text: str, lane: Lane) -> None:
        core = lane.desk.core
        own = f"tiktok-{int(core.clock.now() * 1000)}-{core.dice.token_hex(4)}"
        core.report(Noticed(_NAME, own, text))
