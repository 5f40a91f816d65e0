"""``LocalAirlock``: the airlock inside this process, over a vault with the whole key ring."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from tiktok_oauth.errors import LoginError, TikTokAPIError
from tiktok_oauth.service.airlock.port import Finished
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.vault.aio import AsyncTokenVault
    from tiktok_oauth.vault.fleet.progress import Progress
    from tiktok_oauth.vault.fleet.refresher import Refresher

_REMEMBERED = 600.0
_MOST = 10_000
_FORGOTTEN = frozenset({"missing", "other_browser"})
"""What a stranger can bring about at will: nothing is remembered of it."""

Outcome = asyncio.Task[Finished]


class LocalAirlock:
    """Finishes logins by a vault, each once, and speaks for the refresher beside it.

    Args:
        vault: one with the whole key ring. It stays the caller's.
        refresher: the one that works on it, if any.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        vault: AsyncTokenVault,
        refresher: Refresher | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vault = vault
        self._refresher = refresher
        self._monotonic = monotonic
        self._logins: OrderedDict[bytes, tuple[float, Outcome]] = OrderedDict()

    async def finish_login(self, query: str, binding: str) -> Finished:
        """Finish a login; a repeated callback gets what the first one got.

        Raises:
            LoginError: it belongs to no login of this browser's.
            TikTokAPIError: the exchange failed.
        """
        asked, bound = Secret(query), Secret(binding)
        del query, binding
        self._forget()
        name = _name_of(asked, bound)
        if name not in self._logins:
            task = asyncio.ensure_future(self._finish(asked, bound))
            task.add_done_callback(lambda done: self._ended(name, done))
            self._logins[name] = self._monotonic(), task
        _, outcome = self._logins[name]
        try:
            # Whoever leaves does not end it: the code is spent.
            return await asyncio.shield(outcome)
        except TikTokAPIError as error:
            failed = copy.copy(error)  # Each caller's own, or tracebacks would pile up on it.
        raise failed

    async def wake(self) -> None:
        """Let the refresher look now."""
        if self._refresher is not None:
            self._refresher.wake()

    async def progress(self) -> Progress | None:
        """How the refresher gets on; None without one."""
        return None if self._refresher is None else self._refresher.progress()

    async def aclose(self) -> None:
        """Wait for the logins under way."""
        under_way = [task for _, task in self._logins.values() if not task.done()]
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _finish(self, query: Secret, binding: Secret) -> Finished:
        result = await self._vault.finish_login(query.reveal(), binding.reveal())
        account = result.account
        return Finished(
            account.client_key, account.open_id, result.next_url, result.granted, result.missing
        )

    def _ended(self, name: bytes, done: Outcome) -> None:
        error = None if done.cancelled() else done.exception()
        if done.cancelled() or (isinstance(error, LoginError) and error.reason in _FORGOTTEN):
            self._logins.pop(name, None)

    def _forget(self) -> None:
        while self._logins:
            began, task = next(iter(self._logins.values()))
            is_old = began + _REMEMBERED < self._monotonic() or len(self._logins) > _MOST
            if not (is_old and task.done()):
                return
            self._logins.popitem(last=False)


def _name_of(query: Secret, binding: Secret) -> bytes:
    text = f"{query.reveal()}\0{binding.reveal()}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
