"""Three designs that people use, in the same world. Each loses accounts that the vault keeps.

- no lock: whoever finds the token due refreshes it, tries again at once, writes what comes, and
  takes ``invalid_grant`` for the end;
- lock that times out: a row is locked for ten seconds, by nobody in particular; the last writer
  wins;
- lease with a fence: a lease of thirty seconds whose number must still be the same when the
  answer is written, else the answer is thrown away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.simulation.clockwork import sleep
from tests.simulation.exchange import Exchange
from tests.simulation.world import NOW, Standing
from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.errors import InvalidTokenError, StoreError, TikTokErrorCode, store_error
from tiktok_oauth.protocol.token import parse_refresh
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.clockwork import Moment
    from tests.simulation.world import Worker, World
    from tiktok_oauth.errors import TikTokAPIError
    from tiktok_oauth.vault.stores.rows import Ref

_TIMEOUT = 10.0
_TRIES = 3


class Row(msgspec.Struct, frozen=True):
    """An account as a simple design keeps it."""

    token: str
    expires_at: float
    is_dead: bool = False
    locked_until: float = 0.0
    epoch: int = 0


class Baseline:
    """What the three have in common: a table, and a worker's way to it and to TikTok."""

    def __init__(self, world: World) -> None:
        self._world = world
        lifetime = world.provider.lifetimes.access
        self._table = {
            ref: Row(world.provider.families[ref.open_id].newest.text, NOW + lifetime)
            for ref in world.refs
            if ref.open_id in world.provider.families
        }

    def start(self, worker: Worker) -> None:
        """Begin a worker's life."""
        worker.ready = True

    def fly(self, worker: Worker, ref: Ref, *, force: bool) -> Moment[object]:
        """Have an account's tokens refreshed if they need it."""
        return worker.spawn(self._renew(worker, ref, force=force))

    def row(self, ref: Ref) -> Row:
        """An account as it stands now."""
        if ref not in self._table:
            lifetime = self._world.provider.lifetimes.access
            text = self._world.provider.families[ref.open_id].newest.text
            self._table[ref] = Row(text, NOW + lifetime)
        return self._table[ref]

    async def _renew(self, worker: Worker, ref: Ref, *, force: bool) -> None:
        world = self._world
        row = await self._store(worker, lambda: self.row(ref))
        due = row.expires_at - world.wall(worker.host) < world.provider.lifetimes.access / 4
        if row.is_dead:
            raise _dead()
        if force or due:
            await self.refresh(worker, ref, row)

    async def refresh(self, worker: Worker, ref: Ref, row: Row) -> None:
        """The design itself."""
        raise NotImplementedError

    async def _post(self, worker: Worker, text: str) -> tuple[str, float] | None:
        """Spend a token, and again at once when there was no answer; None when it was refused.

        Raises:
            TikTokAPIError: TikTok was asked often enough.
        """
        world = self._world
        failure: TikTokAPIError = store_error("", retryable=True)
        for _ in range(_TRIES):
            world.note("send", worker.name, text)
            world.counts["requests"] += 1
            try:
                response = await Exchange(world, worker, _TIMEOUT).refresh(text)
                tokens = parse_refresh(response, Secret(text))
            except InvalidTokenError:
                return None
            except TransportError:
                continue
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - any other answer is tried again
                failure = error  # type: ignore[assignment]  # all of them are
                continue
            return tokens.refresh_token, world.wall(worker.host) + tokens.expires_in
        raise failure

    async def _store(self, worker: Worker, work: Callable[[], Row]) -> Row:
        """One call to the table, which fails as often as the vault's store."""
        world = self._world
        if world.chance(world.profile.step_crash):
            world.crash(worker, "at an await")
        await sleep(world.between(0.002, 0.03))
        failed = world.chance(world.profile.store_error)
        if world.store_down or (failed and world.chance(0.5)):
            raise store_error("The connection broke.", retryable=True)
        row = work()
        if failed:
            raise store_error("The connection broke.", retryable=True)
        return row

    def _put(self, ref: Ref, row: Row) -> Row:
        self._table[ref] = row
        return row

    async def _give_up(self, worker: Worker, ref: Ref) -> None:
        def work() -> Row:
            return self._put(ref, msgspec.structs.replace(self._table[ref], is_dead=True))

        await self._store(worker, work)
        raise _dead()

    def leave(self, worker: Worker, flight: Moment[object]) -> None:
        """A caller goes away; nothing comes of it."""

    def standing(self, ref: Ref) -> Standing | None:
        """What an account has come to."""
        row = self.row(ref)
        status = "needs_login" if row.is_dead else "active"
        return Standing(status, "lost_in_flight", self._world.provider.known[row.token][1])

    def holds(self, world: World, ref: Ref) -> set[str]:
        """The one token it has."""
        return {self.row(ref).token}


class NoLock(Baseline):
    """Everybody refreshes."""

    async def refresh(self, worker: Worker, ref: Ref, row: Row) -> None:
        """Ask, and write."""
        new = await self._post(worker, row.token)
        if new is None:
            await self._give_up(worker, ref)
        else:
            await self._store(worker, lambda: self._put(ref, Row(*new)))


class TimedLock(Baseline):
    """A lock that ends by itself, whoever holds it."""

    async def refresh(self, worker: Worker, ref: Ref, row: Row) -> None:
        """Lock, ask, write and unlock."""
        now = self._world.loop.now

        def lock() -> Row:
            current = self.row(ref)
            if current.locked_until > now or current.is_dead:
                return Row("", 0.0)
            return self._put(ref, msgspec.structs.replace(current, locked_until=now + 10.0))

        locked = await self._store(worker, lock)
        if not locked.token:
            return
        new = await self._post(worker, locked.token)
        if new is None:
            current = await self._store(worker, lambda: self.row(ref))
            if current.token == locked.token:
                await self._give_up(worker, ref)
        else:
            await self._store(worker, lambda: self._put(ref, Row(*new)))


class FencedLease(Baseline):
    """A lease, and a fence that throws away what comes too late."""

    async def refresh(self, worker: Worker, ref: Ref, row: Row) -> None:
        """Lease, ask, write if the lease is still the same."""
        now = self._world.loop.now

        def lease() -> Row:
            current = self.row(ref)
            if current.locked_until > now or current.is_dead:
                return Row("", 0.0)
            epoch = current.epoch + 1
            return self._put(
                ref, msgspec.structs.replace(current, locked_until=now + 30.0, epoch=epoch)
            )

        leased = await self._store(worker, lease)
        if not leased.token:
            return
        new = await self._post(worker, leased.token)
        if new is None:
            current = await self._store(worker, lambda: self.row(ref))
            if current.epoch == leased.epoch:
                await self._give_up(worker, ref)
            return

        def write() -> Row:
            current = self.row(ref)
            fits = current.epoch == leased.epoch
            return self._put(ref, Row(*new, epoch=leased.epoch)) if fits else current

        await self._store(worker, write)


def _dead() -> InvalidTokenError:
    return InvalidTokenError(TikTokErrorCode.INVALID_TOKEN, "Given up.", "", retryable=False)


BASELINES: dict[str, Callable[[World], Baseline]] = {
    "no lock": NoLock,
    "lock that times out": TimedLock,
    "lease with a fence": FencedLease,
}
