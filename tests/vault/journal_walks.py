"""What a vault does in a process of its own, until somebody stops it.

Run as ``python -m tests.vault.journal_walks WALK ...``; each walk says a line when it has come to
where it is to be watched.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.scripted import FakeClock
from tests.support.vault import REDIRECT_URI, tokens_of
from tiktok_oauth import KeyRing, Sandbox, StoreError, TikTokAPIError, TikTokOAuth, TokenVault
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.vault.stores.rows import Renewed

_MIB = 1024 * 1024
_PADDING = b" " * 60_000


def client_of(base_url: str, timeout: float = 10.0) -> TikTokOAuth:
    """A client of a sandbox over HTTP."""
    return TikTokOAuth(
        DEFAULT_APP.client_key,
        DEFAULT_APP.client_secret,
        REDIRECT_URI,
        base_url=base_url,
        timeout=timeout,
    )


class StoppingStore(SqlStore):
    """A store that says when an answer is in the journal, and waits before it is written."""

    def renew(self, changes: Sequence[Renewed]) -> list[bool]:
        """Wait until somebody lets it go on."""
        say("journaled")
        sys.stdin.readline()
        return super().renew(changes)


def say(line: str) -> None:
    """Tell whoever watches."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def refresh(room: str, base_url: str, open_id: str) -> None:
    """Refresh an account, and stop between journal and write."""
    store = StoppingStore(SqliteDatabase(Path(room) / "tokens.db"))
    with TokenVault(
        client_of(base_url),
        store=store,
        keys=KeyRing.from_file(Path(room) / "keys.json"),
        journal=Path(room) / "answers",
    ) as vault:
        vault.account(open_id).refresh()
        say("written")


def full_at_start(room: str, base_url: str, open_id: str) -> None:
    """Refresh where the disk has no room for a journal."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MIB // 2, _MIB // 2))
    with TokenVault(
        client_of(base_url),
        store=f"sqlite:///{room}/tokens.db",
        keys=KeyRing.from_file(Path(room) / "keys.json"),
        journal=Path(room) / "answers",
    ) as vault:
        try:
            vault.account(open_id).refresh()
        except StoreError as error:
            say(f"{type(error).__name__} {error.retryable}")


class _Padded:
    """A way to a sandbox of this process whose answers are as long as answers may be."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._way = sandbox.transport

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        answer = self._way.send(request, timeout=timeout, limit=limit)
        return HttpResponse(answer.status, answer.headers, answer.body + _PADDING)

    def close(self) -> None:
        """Nothing is open."""


def full_later(room: str) -> None:
    """Refresh until the disk has no room for another answer, then make room."""
    clock = FakeClock()
    sandbox = Sandbox(clock=clock.now)
    client = TikTokOAuth(
        DEFAULT_APP.client_key,
        DEFAULT_APP.client_secret,
        transport=_Padded(sandbox),
        clock=clock,
    )
    with TokenVault(client, store=f"sqlite:///{room}/tokens.db", keys=KeyRing.generate()) as vault:
        account = vault.adopt(tokens_of(sandbox.grant()))
        account.access_token()
        resource.setrlimit(resource.RLIMIT_FSIZE, (_MIB, resource.RLIM_INFINITY))
        refreshed = 0
        try:
            while refreshed < 100:
                account.refresh()
                refreshed += 1
        except TikTokAPIError as error:
            say(f"{error.retryable} {error.message}")
        say(f"{refreshed == _refreshes(sandbox)} {0 < refreshed < 100}")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        clock.advance(60)
        say(account.refresh().status)


def _refreshes(sandbox: Sandbox) -> int:
    return sum(entry.endpoint == "refresh" for entry in sandbox.requests())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
