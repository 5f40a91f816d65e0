"""A vault with some accounts, as a refresher sees it, and the TikTok they are connected to."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.support.scripted import NOW, FakeClock, Recorder, answer, oauth_error
from tiktok_oauth.config import Options, load_config
from tiktok_oauth.engine.core import Core, Credentials
from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.protocol.token import make_app
from tiktok_oauth.types import Secret, TikTokTokens
from tiktok_oauth.vault.fleet.fleet import Fleet, Settings
from tiktok_oauth.vault.refresh.barrier import Barrier
from tiktok_oauth.vault.refresh.place import seal_tokens
from tiktok_oauth.vault.refresh.ports import Desk
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.site import Site, open_site
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.rows import Consent, Event, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tiktok_oauth.engine.ports import AsyncTransport
    from tiktok_oauth.protocol.http import Headers, HttpRequest, HttpResponse
    from tiktok_oauth.vault.refresh.ports import Hands
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.stores.store import Store

KEY = "aw0examplekey"
RING = KeyRing.generate("2026")
LIFETIME = 7200.0
_GLANCE = 0.0005
_ids = itertools.count()


class StrictTikTok:
    """Rotates refresh tokens: each works once. Their text says whose they are.

    Attributes:
        asked: the open_id of each refresh, in order.
        most: how many requests were open at the same time, at most.
        trouble: what to answer instead, if anything.
        door: requests wait while it is shut.
        watch: is called after each answer with tokens.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.most = 0
        self.trouble: HttpResponse | Exception | None = None
        self.profile: HttpResponse = answer(b"", 500)
        self.door = asyncio.Event()
        self.door.set()
        self.watch: Callable[[], None] = lambda: None
        self._open = 0
        self._turns: dict[str, int] = {}

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Answer a refresh."""
        if not urlsplit(request.url).path.endswith("/token/"):
            return self.profile
        form = dict(parse_qsl((request.body or b"").decode()))
        _, open_id, turn = form["refresh_token"].split(".")
        self.asked.append(open_id)
        self._open += 1
        self.most = max(self.most, self._open)
        try:
            await self.door.wait()
            await asyncio.sleep(0)
        finally:
            self._open -= 1
        if isinstance(self.trouble, TransportError):
            raise type(self.trouble)(self.trouble.detail, phase=self.trouble.phase)
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble is not None:
            return self.trouble
        if int(turn) != self._turns.get(open_id, 0):
            return oauth_error("invalid_grant", "Refresh token is invalid or expired.")
        self._turns[open_id] = int(turn) + 1
        self.watch()
        return answer(dataclasses.asdict(tokens_of(open_id, int(turn) + 1)))

    async def aclose(self) -> None:
        """Nothing to let go of."""


class _Dice:
    """A middling roll, and numbers that never come twice."""

    def token_hex(self, count: int) -> str:
        return f"{next(_ids):0{2 * count}x}"

    def token_urlsafe(self, count: int) -> str:
        return self.token_hex(count)

    def roll(self) -> float:
        return 0.5


class _OpenSender:
    closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        raise NotImplementedError


class FleetOfTests:
    """What a refresher needs of a vault, over a fake clock.

    Args:
        tiktok: the other end.
        store: kept in memory when not given.
        directory: for the journal; none is kept when not given.
        clock: begins anew when not given.

    Attributes:
        speed: how many seconds of token time pass in one.
        found_at_once: is called when somebody looks at the time at once.
    """

    def __init__(
        self,
        tiktok: StrictTikTok,
        store: Store | None = None,
        directory: Path | None = None,
        clock: FakeClock | None = None,
    ) -> None:
        self.tiktok = tiktok
        self.clock = clock or FakeClock()
        self.heard = Recorder()
        self.speed = 1.0
        self.found_at_once: Callable[[], None] = lambda: None
        self.store = store or memory_store(self.clock.monotonic)
        self.site: Site = open_site(self.store, RING, directory)
        self.client_keys: Sequence[str] = (KEY,)
        self.buried = self.cut = 0
        self.told: list[tuple[str, str]] = []
        self._barrier = Barrier(self.store.timeline())
        self._core = _core(self.clock, self.heard)

    def transport_for(self, client_key: str) -> AsyncTransport:
        """The way to the TikTok of the test."""
        return self.tiktok

    def desk_for(self, client_key: str, hands: Hands) -> Desk:
        """A desk with these hands."""
        site = self.site
        return Desk(self._core, hands, site.cipher, site.boot, self.now, self._barrier)

    def now(self) -> float:
        """Token time."""
        return NOW + (self.clock.now() - NOW) * self.speed

    def observe(self, client_key: str, headers: Headers) -> None:
        """Token time is the fake clock's."""

    def look_at_time(self, client_key: str, *, at_once: bool = False) -> None:
        """The same, but for what a test lets a look at once find."""
        if at_once:
            self.found_at_once()

    def bury(self) -> None:
        """Count the times."""
        self.buried += 1

    def forgotten(self) -> None:
        """Nothing was."""

    def tidy(self) -> None:
        """The journal of a test is never full."""

    def begin_fleet(self) -> Self:
        """One office is enough for a test."""
        return self

    def close(self) -> None:
        """The store stays for the test to look at."""

    def cut_off(self) -> None:
        """Count the times."""
        self.cut += 1

    def tell(self, ref: Ref, event: Event) -> None:
        """Remember what was told."""
        self.told.append((ref.open_id, event.kind))

    def connect(
        self, open_id: str, *, due_in: float = -1.0, rest: float = 1e6, client_key: str = KEY
    ) -> Ref:
        """Add an account whose access token is to be refreshed so many seconds from now."""
        ref, now = Ref(client_key, open_id), self.clock.now()
        tokens = seal_tokens(
            self.site.cipher, ref, tokens_of(open_id, 0), gen=1, ver=1, at=now, roll=0.0
        )
        tokens = msgspec.structs.replace(
            tokens,
            warm_at=now + due_in,
            keep_at=now + rest,
            access_expires_at=now + due_in + LIFETIME / 4,
        )
        assert self.store.consent(Consent(ref, 1, None, now, tokens, Event(now, "connected")))
        return ref

    def row(self, open_id: str) -> Grant:
        """An account as it stands."""
        grant = self.store.get(Ref(KEY, open_id))
        assert grant is not None
        return grant

    def fleet(self, *, at_once: int = 64, rate: float = 1000.0, warm: bool = True) -> Fleet:
        """A run that is advanced round by round."""
        return Fleet(self, Settings(warm=warm, at_once=at_once, rate=rate))

    @property
    def said(self) -> list[str]:
        """What was reported that is unusual."""
        return [text for event in self.heard.events if (text := getattr(event, "text", None))]


def tokens_of(open_id: str, turn: int) -> TikTokTokens:
    """The tokens of an account after so many refreshes."""
    return TikTokTokens(
        access_token=f"act.{open_id}.{turn}",
        refresh_token=f"rft.{open_id}.{turn}",
        expires_in=int(LIFETIME),
        refresh_expires_in=15552000,
        open_id=open_id,
        scope="user.info.basic",
        token_type="Bearer",
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for does not know of this
            # Worker threads need the interpreter meanwhile, more than this does.
            await asyncio.sleep(_GLANCE)


async def rounds(fleet: Fleet, count: int = 1) -> None:
    """Let a fleet make rounds, each until all that it began has ended."""
    for _ in range(count):
        await fleet.round()
        await until(lambda: fleet.progress().in_flight == 0)


def _core(clock: FakeClock, heard: Recorder) -> Core:
    config = load_config(Options(KEY, Secret("S3cr3tOfTheApp0123456789")), {})
    app = make_app("https://open.tiktokapis.com", KEY, Secret("S3cr3tOfTheApp0123456789"), "tests")
    credentials = Credentials(config, clock)
    return Core(config, app, _OpenSender(), clock, _Dice(), heard, credentials)
