"""A vault of either kind over a sandbox of this process, behind one way to call it.

    town = Town(World(None), in_memory())
    vault = town.vault()
    account = town.connect(vault)
    assert town.do(account.access_token)

The clock is a fake one, shared by client, sandbox and store: nothing is waited for.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.support.scripted import FakeClock
from tiktok_oauth import (
    AsyncTikTokOAuth,
    AsyncTokenVault,
    KeyRing,
    TikTokAPIError,
    TikTokOAuth,
    TikTokTokens,
    TokenVault,
)
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, App
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.vault.stores.memory import MemoryDatabase
from tiktok_oauth.vault.stores.rows import Ref
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase
from tiktok_oauth.vault.stores.sqlstore import SqlStore
from tiktok_oauth.vault.stores.storeclock import HostClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.sandbox.ledger import Entry
    from tiktok_oauth.sandbox.world import TokenSet
    from tiktok_oauth.vault.stores.database import Database
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.stores.store import Store

REDIRECT_URI = "https://app.example.com/callback"
OTHER_APP = App("sbawsandbox0000002", "another-client-secret", "Another app")
SCOPES = ("user.info.basic", "user.info.profile", "video.list")
HOUR = 3600.0
_TOKEN = re.compile(rb"(?:act|rft)\.[A-Za-z0-9_-]+![0-9]+\.u1")


class World:
    """Blocking or awaiting: calls things of that kind, and waits for what they return."""

    def __init__(self, runner: asyncio.Runner | None) -> None:
        self.runner = runner

    @property
    def awaiting(self) -> bool:
        """Whether its vaults are the awaiting ones."""
        return self.runner is not None

    def do(self, method: Callable[..., Any], /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """Call a method and wait for what it returns."""
        outcome = method(*args, **kwargs)
        if inspect.isasyncgen(outcome):
            outcome = _all_of(outcome)
        if not inspect.iscoroutine(outcome):
            return outcome
        assert self.runner is not None
        return self.runner.run(outcome, context=contextvars.copy_context())

    def refused(
        self, method: Callable[..., Any], /, *args: object, **kwargs: object
    ) -> TikTokAPIError:
        """Call a method that must raise, and give the error."""
        with pytest.raises(TikTokAPIError) as caught:
            self.do(method, *args, **kwargs)
        return caught.value

    def together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Make calls at the same time, by threads or tasks; what each returned or raised."""
        if self.runner is not None:
            return self.runner.run(_gathered(calls))
        start = threading.Barrier(len(calls))

        def call(method: Callable[[], Any]) -> object:
            start.wait()
            try:
                return method()
            except TikTokAPIError as error:
                return error

        with ThreadPoolExecutor(len(calls)) as threads:
            return list(threads.map(call, calls))


async def _all_of(stream: Any) -> list[Any]:  # noqa: ANN401 - an iterator of anything
    return [item async for item in stream]


async def _gathered(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    return await asyncio.gather(*(call() for call in calls), return_exceptions=True)


class Tap:
    """The way to a sandbox. A test can step in before and after TikTok handles a call."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._way = town.sandbox.transport

    def pass_on(self, request: HttpRequest, timeout: float, limit: int) -> HttpResponse:
        """Let a request through, and remember the tokens of its answer."""
        self._town.before(request)
        response = self._way.send(request, timeout=timeout, limit=limit)
        self._town.issued.update(map(bytes.decode, _TOKEN.findall(response.body)))
        self._town.after(request)
        return response


class BlockingTap(Tap):
    """The way for blocking clients."""

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        return self.pass_on(request, timeout, limit)

    def close(self) -> None:
        """Nothing is open."""


class AwaitingTap(Tap):
    """The way for awaiting clients."""

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt."""
        return self.pass_on(request, timeout, limit)

    async def aclose(self) -> None:
        """Nothing is open."""


def tokens_of(given: TokenSet) -> TikTokTokens:
    """A grant's tokens, as a client would have them."""
    return TikTokTokens(
        access_token=given.access_token,
        refresh_token=given.refresh_token,
        expires_in=given.expires_in,
        refresh_expires_in=given.refresh_expires_in,
        open_id=given.open_id,
        scope=given.scope,
        token_type="Bearer",
    )


@dataclass
class Kept:
    """Where vaults keep things.

    Attributes:
        database: opens it, with a clock for leases.
        journal: a directory, or None.
    """

    database: Callable[[FakeClock], Database]
    journal: Path | None


def in_memory() -> Kept:
    """A store in memory, without a journal."""
    return Kept(lambda clock: MemoryDatabase(clock.monotonic), None)


def in_file(directory: Path) -> Kept:
    """SQLite in a file, with a journal beside it."""
    path = directory / "tokens.db"
    return Kept(
        lambda clock: SqliteDatabase(path, clock=HostClock(clock.monotonic, "")),
        directory / "tokens.db-answers",
    )


class SharedStore(SqlStore):
    """A store that several vaults work on: none of them closes it for the others."""

    def close(self) -> None:
        """Leave it to the town."""


class HeardStore(SharedStore):
    """A store whose refresher comes at once, the first time that somebody waits."""

    def __init__(self, town: Town, database: Database, refresher: Callable[[], object]) -> None:
        super().__init__(database)
        self._town = town
        self._refresher = refresher

    def want(self, ref: Ref, now: float) -> None:
        """Hear that somebody waits."""
        super().want(ref, now)
        if not self._town.wanted:
            self._town.wanted.append(ref.open_id)
            self._town.elsewhere(self._refresher)


def _let_pass(_: HttpRequest) -> None:
    """Do nothing."""


@dataclass
class Town:
    """A sandbox, a clock, and vaults of one kind over one store."""

    world: World
    kept: Kept
    keys: KeyRing = field(default_factory=KeyRing.generate)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.sandbox = Sandbox(seed=1, clock=self.clock.now)
        self.store = self._open()
        self.issued: set[str] = set()
        self.before: Callable[[HttpRequest], None] = _let_pass
        self.after: Callable[[HttpRequest], None] = _let_pass
        self.do = self.world.do
        self.refused = self.world.refused
        self.hold = threading.Event()
        self.wanted: list[str] = []
        self._vaults: list[Any] = []

    def client(self, app: App = DEFAULT_APP, **settings: object) -> Any:  # noqa: ANN401 - of either kind
        """A client of an app of the sandbox's."""
        awaiting = self.world.awaiting
        base = {
            "redirect_uri": REDIRECT_URI,
            "transport": (AwaitingTap if awaiting else BlockingTap)(self),
            "clock": self.clock,
        }
        kind: Any = AsyncTikTokOAuth if awaiting else TikTokOAuth
        return kind(app.client_key, app.client_secret, **(base | settings))

    def vault(self, client: object = None, **settings: object) -> Any:  # noqa: ANN401 - of either kind
        """A vault over this town's store."""
        base = {"store": self.store, "keys": self.keys, "journal": self.kept.journal}
        kind: Any = AsyncTokenVault if self.world.awaiting else TokenVault
        vault = kind(client or self.client(), **(base | settings))
        self._vaults.append(vault)
        return vault

    def heard_by(self, refresher: Callable[[], object]) -> Store:
        """The same store, with a refresher that does something when somebody waits."""
        return HeardStore(self, self._database, refresher)

    def shut(self, vault: Any) -> None:  # noqa: ANN401 - of either kind
        """Close a vault."""
        self.do(vault.aclose if self.world.awaiting else vault.close)

    def close(self) -> None:
        """Close every vault, and the store."""
        while self._vaults:
            self.shut(self._vaults.pop())
        self._database.close()

    def restart(self) -> None:
        """Close everything, and open the store as the next start of the program does."""
        self.close()
        self.store = self._open()

    def _open(self) -> Store:
        self._database = self.kept.database(self.clock)
        return SharedStore(self._database)

    def tokens(
        self, person: str = "mina", scopes: Iterable[str] = SCOPES, app: App = DEFAULT_APP
    ) -> TikTokTokens:
        """Tokens of a new consent, from elsewhere."""
        if app.client_key not in self.sandbox.world.apps:
            self.sandbox.add_app(app)
        given = self.sandbox.grant(person, scopes, client_key=app.client_key)
        self.issued |= {given.access_token, given.refresh_token}
        return tokens_of(given)

    def connect(self, vault: Any, person: str = "mina", **settings: Any) -> Any:  # noqa: ANN401 - of either kind
        """An account whose tokens were adopted."""
        return self.do(vault.adopt, self.tokens(person), **settings)

    def callback(self, url: str, person: str = "mina", **choices: Any) -> str:  # noqa: ANN401 - as authorize() takes them
        """The query a person comes back with from an authorization URL."""
        return urlsplit(self.sandbox.authorize(url, person=person, **choices)).query

    def login(self, vault: Any, person: str = "mina", **settings: Any) -> Any:  # noqa: ANN401 - of either kind
        """A finished login."""
        start = self.do(vault.begin_login, **({"scopes": SCOPES} | settings))
        return self.do(vault.finish_login, self.callback(start.url, person), start.binding)

    def row(self, account: Any) -> Grant:  # noqa: ANN401 - of either kind
        """What the store says of an account."""
        grant = self.store.get(Ref(account.client_key, account.open_id))
        assert grant is not None
        return grant

    def calls(self, endpoint: str) -> list[Entry]:
        """What the sandbox was asked at an endpoint."""
        return [entry for entry in self.sandbox.requests() if entry.endpoint == endpoint]

    def elsewhere(self, method: Callable[..., Any], /, *args: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """Call a method as another program would: in a thread, by an event loop of its own."""

        def call() -> object:
            outcome = method(*args)
            return asyncio.run(outcome) if inspect.iscoroutine(outcome) else outcome

        with ThreadPoolExecutor(1) as threads:
            return threads.submit(call).result()

    @property
    def refreshes(self) -> int:
        """How many refresh requests reached TikTok."""
        return len(self.calls("refresh"))

    def accepts(self, token: str) -> bool:
        """Whether TikTok takes an access token."""
        with TikTokOAuth(
            DEFAULT_APP.client_key, DEFAULT_APP.client_secret, transport=self.sandbox.transport
        ) as client:
            try:
                client.get_user_info(token)
            except TikTokAPIError:
                return False
        return True
