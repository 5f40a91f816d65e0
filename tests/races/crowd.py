"""Many who ask for one account at the same moment: what they share, and what they do.

Run as ``python -m tests.races.crowd SETTINGS``: one process that opens a vault, says ``ready``,
waits for a line, and says the token it got.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.vault import REDIRECT_URI, SharedStore, tokens_of
from tiktok_oauth import (
    AsyncTikTokOAuth,
    AsyncTokenVault,
    KeyRing,
    Sandbox,
    TikTokAPIError,
    TikTokOAuth,
    TokenVault,
)
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.vault.stores.memory import MemoryDatabase
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tiktok_oauth.vault.stores.database import Database
    from tiktok_oauth.vault.stores.rows import Claim, Grant
    from tiktok_oauth.vault.stores.store import Store


class GrantingStore(SharedStore):
    """The negative control: it grants every claim, whoever else has one."""

    def claim(self, claims: Sequence[Claim]) -> list[Grant | None]:
        """Grant them all."""
        rows = [(claim, self.get(claim.ref)) for claim in claims]
        return [
            row and msgspec.structs.replace(row, attempt=claim.attempt, boot=claim.boot)
            for claim, row in rows
        ]


def open_database(url: str) -> Database:
    """The database a URL stands for."""
    if url.startswith("postgresql:"):
        from tiktok_oauth.vault.stores.postgres import PostgresDatabase  # noqa: PLC0415 - an extra

        return PostgresDatabase(url)
    return MemoryDatabase() if url == "memory:" else SqliteDatabase(url)


@dataclass(frozen=True)
class Settings:
    """What one caller is told.

    Attributes:
        relay: a socket that leads to the sandbox, where its port cannot be reached.
        address: where to listen for what goes to the relay.
        is_control: without claims.
    """

    store: str
    keys: str
    journal: str | None
    base_url: str
    open_id: str
    relay: str = ""
    address: str = "127.0.0.1"
    is_control: bool = False

    def as_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self))


class Scene:
    """A sandbox on a port that takes its time, and a store with one expired account.

    Args:
        url: of an empty store.
        room: for keys and journals.
        sandbox: which runs.
    """

    def __init__(self, url: str, room: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._database = open_database(url)
        ring = KeyRing.generate()
        ring.save(room / "keys.json")
        journal = None if url == "memory:" else str(room / "answers")
        given = sandbox.grant()
        self.settings = Settings(
            url, str(room / "keys.json"), journal, sandbox.base_url, given.open_id
        )
        with self.vault() as vault:
            vault.adopt(replace(tokens_of(given), expires_in=0))
        # The sandbox tells whole seconds: by them it must not be too early.
        sandbox.advance(10)
        # Whoever comes within that time finds the refresh under way.
        sandbox.fault("slow", endpoint="refresh", seconds=0.5)

    def vault(self, *, is_control: bool = False) -> TokenVault:
        """A blocking vault over the one store."""
        return TokenVault(**self._arguments(TikTokOAuth, is_control=is_control))

    def awaiting_vault(self, *, is_control: bool = False) -> AsyncTokenVault:
        """An awaiting vault over the one store."""
        return AsyncTokenVault(**self._arguments(AsyncTikTokOAuth, is_control=is_control))

    def _arguments(self, client: type, *, is_control: bool) -> dict[str, Any]:
        store: Store = (GrantingStore if is_control else SharedStore)(self._database)
        return arguments(client, self.settings, store)

    @property
    def outcomes(self) -> list[str]:
        """What TikTok said to each refresh request."""
        return [entry.outcome for entry in self.sandbox.requests() if entry.endpoint == "refresh"]

    def judge(self, tokens: Sequence[object], *, is_control: bool) -> None:
        """One request and one valid token for all; without claims, more than one request."""
        if is_control:
            assert len(self.outcomes) > 1, "The control has to fail."
            return
        assert self.outcomes == ["ok"], self.outcomes
        assert len(set(tokens)) == 1, set(tokens)
        with client_of(TikTokOAuth, self.sandbox.base_url) as client:
            assert client.get_user_info(str(tokens[0])).open_id == self.settings.open_id

    def close(self) -> None:
        """Let go of the store."""
        self._database.close()


def client_of(kind: type, base_url: str) -> Any:  # noqa: ANN401 - of either kind
    """A client of the sandbox's app that has patience with a crowd."""
    return kind(
        DEFAULT_APP.client_key,
        DEFAULT_APP.client_secret,
        REDIRECT_URI,
        base_url=base_url,
        timeout=30.0,
    )


def arguments(client: type, settings: Settings, store: Store) -> dict[str, Any]:
    """What to make a vault with."""
    return {
        "client": client_of(client, settings.base_url),
        "store": store,
        "keys": KeyRing.from_file(settings.keys),
        "journal": settings.journal,
    }


def relay(listener: socket.socket, connect: Callable[[], socket.socket]) -> None:
    """Pass what comes to a listener on to somewhere else, both ways, until it is closed."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=_join, args=(near, connect()), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _join(near: socket.socket, far: socket.socket) -> None:
    with near, far:
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def to_socket(path: str) -> socket.socket:
    """A connection to a socket in the file system, which every network namespace sees."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def call(settings: Settings) -> None:
    """Be one process of a crowd."""
    if settings.relay:
        listener = socket.create_server((settings.address, 0))
        relay(listener, lambda: to_socket(settings.relay))
        port = listener.getsockname()[1]
        settings = replace(settings, base_url=f"http://{settings.address}:{port}")
    kind = GrantingStore if settings.is_control else SqlStore
    store = kind(open_database(settings.store))
    with TokenVault(**arguments(TikTokOAuth, settings, store)) as vault:
        account = vault.account(settings.open_id)
        say("ready")
        sys.stdin.readline()
        say(told(account.access_token))


def told(ask: Callable[[], str]) -> str:
    """A token, or why there was none."""
    try:
        return ask()
    except TikTokAPIError as error:
        return repr(error)


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    call(Settings(**json.loads(sys.argv[1])))
