"""The process whose disk fails: a vault that refreshes, and marks what it knows.

Whatever raises an error is asked for again, as by somebody who has read that the disk failed.

``python -m tests.disk.worker ROLE URL KEYS JOURNAL MARKS TURNS``
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import parse_qsl

from tests.disk.marks import ACCOUNTS, token_of, turn_of
from tiktok_oauth import KeyRing, Refresher, TikTokAPIError, TikTokOAuth, TikTokTokens, TokenVault
from tiktok_oauth.protocol.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.disk.marks import Role
    from tiktok_oauth.protocol.http import HttpRequest

T = TypeVar("T")

_APP = ("sbawsandbox0000001", "sandbox-client-secret", "https://example.com/callback")
_SESSIONS = 2
_LIFETIME = 1
"""Seconds, so that a refresher has something to do at once."""
_FAST, _GLANCE = 1000.0, 0.001
_TRIES, _PATIENCE = 5, 2.0


def main(role: Role, url: str, keys: str, journal: str, marks: str, turns: str) -> None:
    """Connect accounts, and refresh each so many times; close the vault and open it in between."""
    tiktok = _TikTok(os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    ring = KeyRing.from_file(Path(keys))
    for session in range(_SESSIONS):
        with TikTokOAuth(*_APP, transport=tiktok) as client:
            vault = _insist(lambda: TokenVault(client, store=url, keys=ring, journal=Path(journal)))
            if session == 0:
                for name in ACCOUNTS:
                    _insist(partial(vault.adopt, _tokens(name, 0)))
                    tiktok.mark("kept", name, 0)
            _ROLES[role](vault, tiktok, int(turns))
            with contextlib.suppress(TikTokAPIError):
                vault.close()


def _insist(work: Callable[[], T]) -> T:
    """Ask again; the last error, where that never helps."""
    for _ in range(_TRIES):
        try:
            return work()
        except TikTokAPIError as error:
            time.sleep(min(error.retry_after or _GLANCE, _PATIENCE))
    return work()


def _refresh_all(vault: TokenVault, tiktok: _TikTok, turns: int) -> None:
    for _ in range(turns):
        for name in ACCOUNTS:
            account = _insist(partial(vault.account, name))
            _insist(account.refresh)
            tiktok.mark("kept", name, tiktok.turns[name])


def _let_refresh(vault: TokenVault, tiktok: _TikTok, turns: int) -> None:
    enough = sum(tiktok.turns.values()) + turns * len(ACCOUNTS)
    refresher = Refresher(vault, "keep_warm", at_once=1, rate=_FAST)
    _insist(refresher.start)
    while sum(tiktok.turns.values()) < enough:
        time.sleep(_GLANCE)
    refresher.stop()


_ROLES: Mapping[Role, Callable[[TokenVault, _TikTok, int], None]] = {
    "vault": _refresh_all,
    "refresher": _let_refresh,
}


class _TikTok:
    """Answers each refresh with the next token, after it has marked that it will."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.turns: Counter[str] = Counter()

    def mark(self, what: str, name: str, turn: int) -> None:
        """Leave a mark; the trace has it in its place between the writes and syncs."""
        os.write(self._file, f"{what} {name} {turn}\n".encode())

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Rotate."""
        del timeout, limit
        token = dict(parse_qsl((request.body or b"").decode()))["refresh_token"]
        name, turn = turn_of(token)
        self.turns[name] = turn + 1
        self.mark("rotated", name, turn + 1)
        body = json.dumps(dataclasses.asdict(_tokens(name, turn + 1))).encode()
        return HttpResponse(200, {"content-type": "application/json"}, body)

    def close(self) -> None:
        """Nothing is open."""


def _tokens(name: str, turn: int) -> TikTokTokens:
    return TikTokTokens(
        access_token=f"act.{name}.{turn}",
        expires_in=_LIFETIME,
        open_id=name,
        refresh_expires_in=31_536_000,
        refresh_token=token_of(name, turn),
        scope="user.info.basic",
        token_type="Bearer",
    )


if __name__ == "__main__":
    main(cast("Role", sys.argv[1]), *sys.argv[2:])
