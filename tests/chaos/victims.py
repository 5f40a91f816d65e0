"""What the processes do that are killed, and those that are not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.chaos.marks import MarkingTransport, Marks
from tests.chaos.tap import run_tapped
from tiktok_oauth import Refresher, TikTokAPIError
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.system import ThreadClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.chaos.arena import Arena
    from tiktok_oauth import TokenVault
    from tiktok_oauth.engine.ports import Transport
    from tiktok_oauth.protocol.http import Headers, HttpRequest

Role = Literal["vault", "worker", "refresher"]
"""Who is killed: a process that refreshes what it uses; one that lets a refresher do that; or the
refresher itself."""

_DAY = 86_400.0
_JUMP_EVERY = 0.5
_AT_ONCE = 4
_AGAIN = 0.05


@dataclass(frozen=True, slots=True)
class Post:
    """Where processes work.

    Attributes:
        arena: sandbox and store.
        open_ids: the accounts.
        marks: the file for marks.
        jumping: whether the vault's clock jumps by a day, to and fro.
    """

    arena: Arena
    open_ids: Sequence[str]
    marks: Path
    jumping: bool = False

    def work(self, role: Role, first: int, over: threading.Event) -> None:
        """Do a role's work; begin again when the store cannot be opened, as a supervisor would.

        Args:
            role: which.
            first: the account to begin with.
            over: set when it is to end.
        """
        while not over.is_set():
            try:
                if role == "vault":
                    self._refresh_one_by_one(first, over)
                elif role == "worker":
                    self._wait_for_refresher(first, over)
                else:
                    run_tapped(Marks(self.marks), self._be_refresher(over))
            except TikTokAPIError:
                over.wait(_AGAIN)

    def _walk(self, first: int) -> Iterator[str]:
        """All accounts, round and round."""
        return (self.open_ids[place % len(self.open_ids)] for place in itertools.count(first))

    def _refresh_one_by_one(self, first: int, over: threading.Event) -> None:
        """Refresh accounts in this very process."""
        transport: Transport = MarkingTransport(Marks(self.marks))
        clock = None
        if self.jumping:
            transport, clock = _ClockUnheard(transport), _JumpingClock(first)
        arena = self.arena
        with arena.client(transport, clock) as client, arena.vault(client) as vault:
            _refresh_all(vault, self._walk(first), over)

    def _wait_for_refresher(self, first: int, over: threading.Event) -> None:
        """Let a refresher refresh accounts."""
        arena = self.arena
        with arena.client() as client, arena.vault(client, refreshed_by="refresher") as vault:
            _refresh_all(vault, self._walk(first), over)

    async def _be_refresher(self, over: threading.Event) -> None:
        """Refresh whatever is due."""
        client = self.arena.async_client()
        async with client, self.arena.async_vault(client) as vault:
            refresher = Refresher(vault, "keep_warm", at_once=_AT_ONCE)
            running = asyncio.create_task(refresher.run_async())
            await asyncio.to_thread(over.wait)
            refresher.stop()
            await running


def _refresh_all(vault: TokenVault, open_ids: Iterator[str], over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(TikTokAPIError):
            vault.account(next(open_ids)).refresh()


class _JumpingClock(ThreadClock):
    """A wall clock that somebody sets a day ahead or back, again and again."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def now(self) -> float:
        """Unix seconds, or not quite."""
        turn = random.Random(self._seed + int(time.monotonic() / _JUMP_EVERY))
        return time.time() + turn.choice((-_DAY, 0.0, _DAY))


class _ClockUnheard:
    """A transport whose answers do not tell the sandbox's time, so that the vault's own counts."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        answer = self._inner.send(request, timeout=timeout, limit=limit)
        headers = _WithoutClock(answer.headers)
        return HttpResponse(answer.status, headers, answer.body, answer.overflow)

    def close(self) -> None:
        """Close what is open."""
        self._inner.close()


class _WithoutClock:
    """An answer's headers but for those that tell the sandbox's time."""

    def __init__(self, inner: Headers) -> None:
        self._inner = inner

    def get(self, key: str, /) -> str | None:
        """The value of a header, or None."""
        return None if key.startswith("x-sandbox-") else self._inner.get(key)
