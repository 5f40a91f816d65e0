"""The service as somebody with a browser meets it, with a sandbox behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.testclient import TestClient

from tiktok_oauth.aio import AsyncTikTokOAuth
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.settings import ServiceSettings

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.types import ASGIApp

    from tiktok_oauth.sandbox.serve import Sandbox

ORIGIN = "http://127.0.0.1:8000"
SCOPES = "user.info.basic,video.list"


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    seconds: float = 1_795_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


@dataclass
class Site:
    """A running service, its sandbox, and what a test wants to look at."""

    app: ASGIApp
    client: AsyncTikTokOAuth
    sandbox: Sandbox
    clock: Clock

    def browser(self) -> Browser:
        """Open another browser, with cookies of its own."""
        return Browser(TestClient(self.app, base_url=ORIGIN, follow_redirects=False), self.sandbox)

    @property
    def token_calls(self) -> int:
        """How often the service asked for tokens."""
        method = self.client.metrics().methods.get("exchange_code_for_tokens")
        return 0 if method is None else method.requests


@dataclass
class Browser:
    """One browser: follows no redirect, remembers cookies."""

    http: TestClient
    sandbox: Sandbox = field(repr=False)

    def get(self, path: str) -> Response:
        """Open a page."""
        return self.http.get(path)

    def post(self, path: str, **headers: str) -> Response:
        """Press a button that the front page has."""
        token = re.search(r'name="token" value="(\w+)"', self.http.get("/").text)
        assert token is not None
        return self.http.post(path, data={"token": token[1]}, headers=headers)

    def leave(self) -> str:
        """Press *Connect TikTok*, and return where it leads."""
        answer = self.post("/connect")
        assert answer.status_code == 303
        return str(answer.headers["location"])

    def decide(self, url: str, *, person: str = "mina", allow: bool = True) -> str:
        """Decide on the consent page, and return the path and query that lead back."""
        callback = urlsplit(self.sandbox.authorize(url, person=person, decision=allow))
        return f"{callback.path}?{callback.query}"

    def connect(self, *, person: str = "mina") -> Response:
        """Go the whole way, and return the account's page."""
        back = self.get(self.decide(self.leave(), person=person))
        assert back.status_code == 303
        return self.get(back.headers["location"])


def open_site(sandbox: Sandbox, kind: type[AsyncTikTokOAuth] = AsyncTikTokOAuth) -> Site:
    """Put a service before a sandbox, with a client of some kind between them."""
    clock = Clock()
    client = kind(
        sandbox.client_key,
        sandbox.client_secret,
        f"{ORIGIN}/callback",
        scopes=SCOPES,
        base_url=sandbox.base_url,
        authorize_url=sandbox.authorize_url,
    )
    settings = ServiceSettings(f"{ORIGIN}/callback", sandbox.authorize_url, sandbox.base_url)
    return Site(create_app(client, settings, clock=clock), client, sandbox, clock)
