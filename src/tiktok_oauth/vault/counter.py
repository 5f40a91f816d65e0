"""What an ``Account`` asks of its vault: blocking, and the same awaiting.

The awaiting side does everything that may block in threads of the vault, and waits for flights
without one: two hundred waiting tasks take no thread at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from tiktok_oauth.engine import calls
from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import StoreError, TikTokAPIError, invalid_argument
from tiktok_oauth.types import AccessToken, Secret
from tiktok_oauth.vault.flights import own
from tiktok_oauth.vault.looks import Looks
from tiktok_oauth.vault.refresh import turns
from tiktok_oauth.vault.snapshot import state_of
from tiktok_oauth.vault.stores.rows import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.rows import Grant, Ref
    from tiktok_oauth.vault.strongroom import Strongroom
    from tiktok_oauth.vault.teller import Teller

C = TypeVar("C")
P = ParamSpec("P")
T = TypeVar("T")

_READERS, _TRAVELLERS = 8, 64
"""Threads for the store, and for calls to TikTok, which may hang."""


class Counter(Generic[C]):
    """One vault's counter, blocking. Safe to share between threads.

    Args:
        room: the vault's inside.
        teller: hands out tokens.
        clients: by client key.
    """

    def __init__(self, room: Strongroom, teller: Teller, clients: Mapping[str, C]) -> None:
        self.room = room
        self.teller = teller
        self._clients = clients

    def client(self, ref: Ref) -> C:
        """The client for an account's app."""
        return self._clients[ref.client_key]

    def state(self, ref: Ref) -> AccountState:
        """Read an account.

        Raises:
            ValidationError: it is not known.
            StoreError: the store cannot be read.
        """
        return state_of(self.room, self.row(ref))

    def row(self, ref: Ref) -> Grant:
        """An account's row.

        Raises:
            ValidationError: it is not known.
        """
        return turns.known(self.room.site.store.get(ref))

    def access_token(self, ref: Ref) -> AccessToken:
        """An access token that is valid now."""
        token = self.teller.quick(ref)
        if token is not None:
            return token
        try:
            look = self.teller.look(ref)
        except StoreError as error:
            return self.teller.meanwhile(ref, error)
        return self.settle(ref, look)

    def refresh(self, ref: Ref) -> AccountState:
        """Refresh now, needed or not."""
        grant = self._landed(ref, self.teller.flight(ref))
        self.teller.forget(ref)
        return state_of(self.room, grant)

    def settle(self, ref: Ref, look: AccessToken | Future[Grant]) -> AccessToken:
        """The token of a look, waiting for its flight when there is none yet."""
        return look if isinstance(look, AccessToken) else self.teller.take(self._landed(ref, look))

    def _landed(self, ref: Ref, flight: Future[Grant]) -> Grant:
        patience = self.room.patience_of(ref)
        try:
            error = flight.exception(patience)
        except NotInTimeError:
            raise self.teller.not_in_time(patience) from None
        if error is not None:
            raise own(error)
        return flight.result()

    def disconnect(self, ref: Ref) -> None:
        """Revoke at TikTok, then make the row a tombstone. A dead token is refreshed first."""
        grant = self.row(ref)
        self.teller.forget(ref)
        if grant.status == "disconnected":
            return
        if grant.refresh is not None:
            self._revoke(ref, grant)
            self.teller.forget(ref)
        now = self.room.times[ref.client_key].now()
        event = Event(now, "disconnected")
        if self.room.site.store.disconnect(ref, grant.gen, event):
            self.room.listeners.tell(ref, event)

    def _revoke(self, ref: Ref, grant: Grant) -> None:
        try:
            # A refresh of our own would end this token, or bring one that nobody revokes.
            token = Secret((self.teller.standing(grant) or self.access_token(ref)).token)
        except TikTokAPIError:
            if grant.status not in {"needs_login", "blocked"}:
                raise
            return  # There is nothing left to revoke with, and nothing of ours to lose.
        if not run(calls.revoke_access(self.room.core(ref.client_key), token)):
            newer = self.row(ref)
            if (newer.gen, newer.ver) != (grant.gen, grant.ver):
                self._revoke(ref, newer)  # Somebody else has refreshed it meanwhile.


class AsyncCounter(Counter[C]):
    """The same for awaiting code."""

    def __init__(self, room: Strongroom, teller: Teller, clients: Mapping[str, C]) -> None:
        super().__init__(room, teller, clients)
        self._threads = _Threads("store", _READERS)
        self._looks = Looks(teller.read, teller.judge, self._threads.get)
        self._travellers = _Threads("tiktok", _TRAVELLERS)

    async def abroad(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work that takes its time, or TikTok's; whoever wants the store only passes it by."""
        context = contextvars.copy_context()  # As below.
        return await waited(
            self._travellers.get().submit(lambda: context.run(work, *args, **kwargs))
        )

    async def away(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do blocking work in a thread of the vault; leaving early does not stop it."""
        # With the caller's context: its correlation ID is in it.
        context = contextvars.copy_context()
        done = self._threads.get().submit(lambda: context.run(work, *args, **kwargs))
        return await waited(done)

    async def access_token_soon(self, ref: Ref) -> AccessToken:
        """An access token that is valid now."""
        token = self.teller.quick(ref)
        if token is not None:
            return token
        try:
            look = await self._looks.soon(ref)
        except StoreError as error:
            return self.teller.meanwhile(ref, error)
        return await self.settle_soon(ref, look)

    async def token_after_soon(self, ref: Ref, refused: Secret) -> AccessToken:
        """Another token than the one TikTok refused."""
        return await self.settle_soon(ref, await self.away(self.teller.rejected, ref, refused))

    async def refresh_soon(self, ref: Ref) -> AccountState:
        """Refresh now, needed or not."""
        grant = await self._landed_soon(ref, await self.away(self.teller.flight, ref))
        self.teller.forget(ref)
        return state_of(self.room, grant)

    async def settle_soon(self, ref: Ref, look: AccessToken | Future[Grant]) -> AccessToken:
        """The token of a look, waiting for its flight when there is none yet."""
        if isinstance(look, AccessToken):
            return look
        return self.teller.take(await self._landed_soon(ref, look))

    async def _landed_soon(self, ref: Ref, flight: Future[Grant]) -> Grant:
        patience = self.room.patience_of(ref)
        try:
            return await asyncio.wait_for(waited(flight), patience)
        except TimeoutError:
            raise self.teller.not_in_time(patience) from None

    @property
    def closed(self) -> bool:
        """Whether nothing more is done here."""
        return self._threads.closed

    async def come_home(self) -> None:
        """Wait for the work abroad, which still needs the store, and take no more of it."""
        await self.away(self._travellers.close)

    def close(self) -> None:
        """Wait for the work in threads, and take no more."""
        self._threads.close()


class _Threads:
    """The vault's own threads for work that blocks: made when first needed, anew after a fork."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = f"tiktok-oauth-{name}", most
        self._made: tuple[int, ThreadPoolExecutor] | None = None
        self.closed = False

    def get(self) -> ThreadPoolExecutor:
        if self.closed:
            raise invalid_argument("The vault is closed.", "Make a new one.")
        made, process = self._made, os.getpid()
        if made is None or made[0] != process:
            made = self._made = (process, ThreadPoolExecutor(self._most, self._name))
        return made[1]

    def close(self) -> None:
        self.closed, made = True, self._made
        if made is not None and made[0] == os.getpid():
            made[1].shutdown(wait=True)


def waited(future: Future[T]) -> asyncio.Future[T]:
    """Wait for a thread's result; unlike asyncio's own wrapper, leaving never cancels it."""
    loop = asyncio.get_running_loop()
    mine: asyncio.Future[T] = loop.create_future()

    def hand_over(done: Future[T]) -> None:
        if mine.done():
            return
        error = done.exception()
        if error is None:
            mine.set_result(done.result())
        else:
            mine.set_exception(own(error))

    def tell(done: Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(hand_over, done)

    future.add_done_callback(tell)
    return mine
