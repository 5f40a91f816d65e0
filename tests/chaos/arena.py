"""A sandbox in a process of its own, with accounts in a store, and the truth about both."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tiktok_oauth import (
    AsyncTikTokOAuth,
    AsyncTokenVault,
    KeyRing,
    TikTokOAuth,
    TikTokTokens,
    TokenVault,
)
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.stores.rows import AccountQuery, Grant, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.engine.ports import Transport
    from tiktok_oauth.types import Clock
    from tiktok_oauth.vault.stores.store import Store

CLIENT_KEY = "sbawsandbox0000001"
CLIENT_SECRET = "sandbox-client-secret"
_APP = (CLIENT_KEY, CLIENT_SECRET, "https://example.com/callback")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_BATCH = 500
_SOON = 30.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What TikTok knows of one account.

    Attributes:
        generation: how many times its refresh token was replaced.
        sha256: of the refresh token that lives.
    """

    generation: int
    sha256: str


class Arena:
    """One campaign's surroundings.

    Args:
        folder: for the database, the journals and the keys.
        store: the store's URL.
        seed: of the sandbox's world and dice.
        options: more of the sandbox command's.
    """

    def __init__(self, folder: Path, store: str, seed: int, *options: str) -> None:
        self.folder = folder
        self.store = store
        self.ring = KeyRing.generate()
        self._log = folder / "sandbox.log"
        command = ["-u", "-m", "tiktok_oauth", "sandbox", "--port", "0", "--seed", str(seed)]
        with self._log.open("wb") as log:
            self._program = subprocess.Popen(
                [sys.executable, *command, *options], stdout=log, stderr=subprocess.STDOUT
            )
        self.base_url = self._address()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.terminate()
        self._program.wait()

    def client(self, transport: Transport | None = None, clock: Clock | None = None) -> TikTokOAuth:
        """A client of the sandbox's default app."""
        return TikTokOAuth(*_APP, base_url=self.base_url, transport=transport, clock=clock)

    def async_client(self) -> AsyncTikTokOAuth:
        """The same for awaiting code, with its own transport."""
        return AsyncTikTokOAuth(*_APP, base_url=self.base_url)

    def vault(self, client: TikTokOAuth, host: str = "one", **settings: Any) -> TokenVault:  # noqa: ANN401 - handed on
        """A vault on the store; each host has journals of its own."""
        return TokenVault(
            client, store=self.store, keys=self.ring, journal=self._journal(host), **settings
        )

    def async_vault(self, client: AsyncTikTokOAuth, host: str = "one") -> AsyncTokenVault:
        """The same for awaiting code."""
        return AsyncTokenVault(
            client, store=self.store, keys=self.ring, journal=self._journal(host)
        )

    def _journal(self, host: str) -> Path:
        return self.folder / f"answers-{host}"

    def connect(self, count: int) -> list[str]:
        """Let so many people move in and connect, and keep their tokens; returns their open_ids."""
        open_ids: list[str] = []
        with self.client() as client, self.vault(client) as vault:
            for first in range(0, count, _BATCH):
                wanted = {"new_people": min(_BATCH, count - first)}
                open_ids += [
                    vault.adopt(as_tokens(tokens)).open_id
                    for tokens in self.control("grants", wanted)["grants"]
                ]
        return open_ids

    def truth(self) -> dict[str, Truth]:
        """What TikTok knows of every account, by open_id."""
        return {
            grant["open_id"]: Truth(grant["generation"], grant["refresh_token_sha256"])
            for grant in self.grants()
        }

    def grants(self) -> Iterator[dict[str, Any]]:
        """Every grant that lives."""
        return self._all("grants", "grants", "grant_id")

    def calls(self, after: int = 0, endpoint: str = "refresh") -> Iterator[dict[str, Any]]:
        """The calls TikTok has seen after one, in order."""
        return self._all(f"requests?endpoint={endpoint}", "requests", "number", after)

    def now(self) -> float:
        """What time it is at TikTok."""
        clock: dict[str, float] = self.control("clock")
        return clock["now"]

    def control(self, path: str, body: object = None, *, method: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call one of the sandbox's controls."""
        request = urllib.request.Request(
            f"{self.base_url}/_sandbox/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            message = f"{path}: {error.read().decode()}"
            raise RuntimeError(message) from None

    def _all(self, path: str, key: str, number: str, after: int = 0) -> Iterator[dict[str, Any]]:
        while True:
            mark = "&" if "?" in path else "?"
            page = self.control(f"{path}{mark}after={after}&limit=1000")[key]
            yield from page
            if len(page) < 1000:
                return
            after = page[-1][number]

    def _address(self) -> str:
        end = time.monotonic() + _SOON
        while self._program.poll() is None and time.monotonic() < end:
            found = _ADDRESS.search(self._log.read_text())
            if found:
                return found[0]
            time.sleep(0.02)
        raise RuntimeError(self._log.read_text())


def as_tokens(fields: dict[str, Any]) -> TikTokTokens:
    """The tokens in a control's answer."""
    names = TikTokTokens.__dataclass_fields__
    return TikTokTokens(**{name: fields[name] for name in names if name in fields})


def held(store: Store, ring: KeyRing) -> dict[str, tuple[Grant, set[str]]]:
    """Every account's row, with the SHA-256 of each refresh token the store has for it."""
    cipher, found, after = Cipher(ring), {}, None
    while page := store.page(AccountQuery(limit=_BATCH, after=after)):
        for grant in page:
            found[grant.open_id] = (grant, set(_sums(store, cipher, grant)))
        after = Ref(*page[-1].ref)
    return found


def _sums(store: Store, cipher: Cipher, grant: Grant) -> Iterator[str]:
    for sealed, ver in ((grant.refresh, grant.ver), (grant.parent, grant.ver - 1)):
        if sealed is not None:
            yield _sum(cipher.open(sealed, Binding("refresh", *grant.ref, grant.gen, ver)))
    for kept in store.candidates(grant.ref):
        binding = Binding("candidate", *kept.ref, kept.gen, kept.ver)
        yield _sum(cipher.open(kept.sealed, binding))


def _sum(token: bytes) -> str:
    return hashlib.sha256(token).hexdigest()
