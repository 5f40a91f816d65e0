"""The process that the power is cut to: a vault that refreshes, and marks what it knows.

``python -m tests.powercut.worker ROLE URL KEYS JOURNAL MARKS TURNS``
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from tests.powercut.marks import ACCOUNTS, token_of, turn_of
from tiktok_oauth import KeyRing, Refresher, TikTokOAuth, TikTokTokens, TokenVault
from tiktok_oauth.protocol.http import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.powercut.marks import Role
    from tiktok_oauth.protocol.http import HttpRequest

_APP = ("sbawsandbox0000001", "sandbox-client-secret", "https://example.com/callback")
_SESSIONS = 2
_LIFETIME = 1
"""Seconds, so that a refresher has something to do at once."""
_FAST, _GLANCE = 1000.0, 0.001


def main(role: Role, url: str, keys: str, journal: str, marks: str, turns: str) -> None:
    """Connect accounts, and refresh each so many times; close the vault and open it in between."""
    tiktok = _TikTok(os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    ring = KeyRing.from_file(Path(keys))
    for session in range(_SESSIONS):
        client = TikTokOAuth(*_APP, transport=tiktok)
        with client, TokenVault(client, store=url, keys=ring, journal=Path(journal)) as vault:
            if session == 0:
                for name in ACCOUNTS:
                    vault.adopt(_tokens(name, 0))
                    tiktok.mark("kept", name, 0)
            _ROLES[role](vault, tiktok, int(turns))


def _refresh_all(vault: TokenVault, tiktok: _TikTok, turns: int) -> None:
    for _ in range(turns):
        for name in ACCOUNTS:
            vault.account(name).refresh()
            tiktok.mark("kept", name, tiktok.turns[name])


def _let_refresh(vault: TokenVault, tiktok: _TikTok, turns: int) -> None:
    enough = sum(tiktok.turns.values()) + turns * len(ACCOUNTS)
    with Refresher(vault, "keep_warm", at_once=1, rate=_FAST):
        while sum(tiktok.turns.values()) < enough:
            time.sleep(_GLANCE)


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
