"""One app's part of a refresher: its pace, its claims, and its clock."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tiktok_oauth.protocol.envelope import parse_retry_after
from tiktok_oauth.vault.fleet.batch import LoopHands
from tiktok_oauth.vault.fleet.pacing import new_pace
from tiktok_oauth.vault.stores.rows import DueClaim, Settled

if TYPE_CHECKING:
    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import HttpResponse
    from tiktok_oauth.vault.fleet.batch import SharedWork
    from tiktok_oauth.vault.fleet.fleetroom import FleetRoom
    from tiktok_oauth.vault.fleet.pacing import Outcome, Pace
    from tiktok_oauth.vault.refresh.ports import Desk
    from tiktok_oauth.vault.stores.rows import Grant

_FIRST_LOOK = 0.02
_SLOWEST_LOOK = 1.0
_SHORTEST_WAIT = 0.005
_TOGETHER = 0.1
"""Seconds' worth of requests that are claimed together where the pace is what keeps us back."""
_CLOCK_SPAN = 0.05
_PUT_BACK = 5.0
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500


class Lane:
    """One app of one running refresher.

    Args:
        room: the vault.
        client_key: the app.
        work: the event loop's way to store and journal.
        rate: requests a second to start with.

    Attributes:
        in_flight: refreshes under way.
        look_at: when it is worth looking for more (monotonic).
    """

    def __init__(self, room: FleetRoom, client_key: str, work: SharedWork, rate: float) -> None:
        self._room = room
        self._work = work
        self.client_key = client_key
        self.transport: AsyncTransport = room.transport_for(client_key)
        hands = LoopHands(work, self.transport, self._heard)
        self.desk: Desk = room.desk_for(client_key, hands)
        self.pace: Pace = new_pace(rate, self.desk.now())
        self.in_flight: int = 0
        self.look_at: float = float("-inf")
        self._idle = _FIRST_LOOK
        self._clocks = (self.desk.now(), self.monotonic())
        self._speed = 1.0

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return self.desk.core.clock.monotonic()

    def room(self, share: float) -> int:
        """How many requests the pace allows now."""
        return self.pace.room(self.desk.now(), in_flight=self.in_flight, share=share)

    async def claim(self, limit: int, *, warm: bool) -> list[Grant]:
        """Claim what is due, the most urgent first, and no more retries than their budget allows.

        Raises:
            StoreError: the store cannot be used.
        """
        desk = self.desk
        if not await desk.barrier.caught_up(desk):
            return []
        now = desk.now()
        claim = DueClaim(
            warm=warm,
            client_keys=(self.client_key,),
            limit=limit,
            attempt=desk.core.dice.token_hex(8),
            boot=desk.boot,
            now=now,
            patience=desk.patience,
            retries=self.pace.retries_left(now),
        )
        return await self._work.threads.do(partial(self._work.site.store.claim_due, claim))

    async def put_back(self, grants: list[Grant]) -> None:
        """Give up claims without having used them."""
        at = self.desk.now() + _PUT_BACK * (1 + self.desk.core.dice.roll())
        changes = [_untouched(grant, at) for grant in grants]
        await self._work.threads.do(partial(self._work.site.store.settle, changes))

    def looked(self, *, limit: int, found: int, free: int) -> None:
        """Decide when to look again, after a claim or without one."""
        now = self.desk.now()
        if limit and not found:
            self._idle = min(2 * self._idle, _SLOWEST_LOOK)
            wait = self._idle
        elif limit and found < limit:
            self._idle = wait = _FIRST_LOOK
        elif self.room(1.0) >= max(1, free):
            wait = 0.0
        else:
            wait = max(self.real(max(self.pace.wait(now), _TOGETHER)), _SHORTEST_WAIT)
        self.look_at = self.monotonic() + min(wait, _SLOWEST_LOOK)

    def real(self, seconds: float) -> float:
        """How long some token time takes: a sandbox's clock may run fast."""
        then, at = self._clocks
        now, moment = self.desk.now(), self.monotonic()
        if moment - at >= _CLOCK_SPAN:
            self._speed = max(1.0, (now - then) / (moment - at))
            self._clocks = (now, moment)
        return seconds / self._speed

    def begun(self, *, is_retry: bool, share: float) -> None:
        """Count a refresh that begins."""
        self.pace = self.pace.begun(self.desk.now(), is_retry=is_retry, share=share)
        self.in_flight += 1

    def ended(self, outcome: Outcome) -> None:
        """Count a refresh that ended."""
        self.in_flight -= 1
        self.pace = self.pace.ended(self.desk.now(), outcome)

    def _heard(self, response: HttpResponse) -> None:
        self._room.observe(self.client_key, response.headers)
        if response.status == _TOO_MANY_REQUESTS or response.status >= _SERVER_ERRORS:
            now = self.desk.now()
            seconds = parse_retry_after(response.headers.get("retry-after"), now=now)
            self.pace = self.pace.told_to_wait(now, seconds or 0.0)


def _untouched(grant: Grant, at: float) -> Settled:
    """A claim that was not used: all that changes is when the account is due at the earliest."""
    return Settled(
        ref=grant.ref,
        gen=grant.gen,
        ver=grant.ver,
        attempt=grant.attempt or "",
        boot=grant.boot or "",
        status=grant.status,
        reason=grant.reason,
        warm_at=max(grant.warm_at, at),
        keep_at=max(grant.keep_at, at),
        not_before=grant.not_before,
        doubt_at=grant.doubt_at,
        probes=grant.probes,
        refusals=grant.refusals,
        refused_at=grant.refused_at,
        failures=grant.failures,
        trouble=grant.trouble,
        log_id=grant.log_id,
        event=None,
    )
