"""A fresh token on other clients' requests: TikTok gets it, nobody else does, and once anew."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import aiohttp
import httpx
import httpx2
import pytest
from aiohttp import web

from tiktok_oauth import ValidationError
from tiktok_oauth.transport.auth.aiohttp import tiktok_auth
from tiktok_oauth.transport.auth.bearer import Bearer, is_refused
from tiktok_oauth.transport.auth.httpx import TikTokAuth as HttpxAuth
from tiktok_oauth.transport.auth.httpx2 import TikTokAuth as Httpx2Auth

if TYPE_CHECKING:
    from collections.abc import Callable

API = "https://open.tiktokapis.com"
REFUSAL = json.dumps({"error": {"code": "access_token_invalid", "message": "", "log_id": ""}})
OTHER_REFUSAL = REFUSAL.replace("access_token_invalid", "scope_not_authorized")


@dataclass
class Account:
    """Has one token after the other, and remembers which were said to be refused."""

    refused: list[str] = field(default_factory=list)

    def access_token(self, *, refused: str | None = None) -> str:
        """The next token."""
        self.refused += [refused] if refused else []
        return f"token-{len(self.refused) + 1}"


class AsyncAccount(Account):
    """The same for awaiting code."""

    async def access_token(self, *, refused: str | None = None) -> str:  # type: ignore[override]  # awaited
        """The next token."""
        return super().access_token(refused=refused)


@dataclass
class Tiktok:
    """Answers by host and token, and remembers what came."""

    library: Any
    dead: frozenset[str] = frozenset()
    body: str = REFUSAL
    seen: list[tuple[str, str | None, bytes]] = field(default_factory=list)

    def __call__(self, request: Any) -> Any:  # noqa: ANN401 - either library's
        """Answer one request."""
        token = request.headers.get("Authorization")
        self.seen.append((str(request.url), token, b"".join(request.stream)))
        if request.url.path == "/away":
            return self.library.Response(307, headers={"Location": "https://evil.example/"})
        if token in self.dead or request.url.host == "evil.example":
            return self.library.Response(401, text=self.body)
        return self.library.Response(200, json={})


@pytest.fixture(params=[(httpx, HttpxAuth), (httpx2, Httpx2Auth)], ids=["httpx", "httpx2"])
def visit(request: pytest.FixtureRequest) -> Callable[..., tuple[Tiktok, Account, Any]]:
    """Makes one request with either library, and tells what TikTok and the account saw."""
    library, auth = request.param

    def make(url: str, *dead: str, body: str = REFUSAL, **more: Any) -> tuple[Tiktok, Account, Any]:  # noqa: ANN401 - as the library takes them
        tiktok = Tiktok(library, frozenset(f"Bearer {token}" for token in dead), body)
        account = Account()
        # Not a MockTransport, which reads a body that is a stream into memory.
        way = type("Way", (library.BaseTransport,), {"handle_request": lambda _, x: tiktok(x)})()
        with library.Client(auth=auth(account), transport=way, follow_redirects=True) as client:
            return tiktok, account, client.post(url, **more)

    return make


Visit: TypeAlias = "Callable[..., tuple[Tiktok, Account, Any]]"


def test_a_request_to_tiktok_has_the_token(visit: Visit) -> None:
    """As a bearer token."""
    tiktok, _, response = visit(f"{API}/v2/video/list/", json={"max_count": 1})

    assert response.status_code == 200
    assert tiktok.seen == [(f"{API}/v2/video/list/", "Bearer token-1", b'{"max_count":1}')]


def test_a_refused_token_is_replaced_once(visit: Visit) -> None:
    """The request goes out again with its body, under a new token; a second refusal stays."""
    tiktok, account, response = visit(f"{API}/v2/a/", "token-1", json={"a": 1})
    again, _, refused = visit(f"{API}/v2/a/", "token-1", "token-2")

    assert response.status_code == 200
    assert [(token, body) for _, token, body in tiktok.seen] == [
        ("Bearer token-1", b'{"a":1}'),
        ("Bearer token-2", b'{"a":1}'),
    ]
    assert account.refused == ["token-1"]
    assert refused.status_code == 401
    assert len(again.seen) == 2


def test_a_refusal_for_another_reason_stays(visit: Visit) -> None:
    """A scope that was not granted is a 401, too, and no new token helps."""
    tiktok, account, response = visit(f"{API}/v2/a/", "token-1", body=OTHER_REFUSAL)

    assert response.status_code == 401
    assert len(tiktok.seen) == 1
    assert account.refused == []


def test_a_body_that_is_a_stream_is_sent_once(visit: Visit) -> None:
    """There is nothing left of it to send again."""
    tiktok, _, response = visit(f"{API}/v2/a/", "token-1", content=iter([b"once"]))

    assert response.status_code == 401
    assert [body for _, _, body in tiktok.seen] == [b"once"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v2/",
        "http://open.tiktokapis.com/v2/",
        "https://open.tiktokapis.com.evil.example/",
        "https://open.tiktokapis.com:8443/",
        "https://evil.example/?https://open.tiktokapis.com/",
    ],
)
def test_nobody_else_sees_a_token(visit: Visit, url: str) -> None:
    """Another host, scheme or port gets the request as it is."""
    tiktok, _, _ = visit(url)

    assert [token for _, token, _ in tiktok.seen] == [None]


def test_a_redirect_takes_no_token_elsewhere(visit: Visit) -> None:
    """Nor does a refusal from there renew anything."""
    tiktok, account, _ = visit(f"{API}/away")

    assert [(url, token) for url, token, _ in tiktok.seen] == [
        (f"{API}/away", "Bearer token-1"),
        ("https://evil.example/", None),
    ]
    assert account.refused == []


@pytest.mark.parametrize(("library", "auth"), [(httpx, HttpxAuth), (httpx2, Httpx2Auth)])
def test_an_awaiting_client_does_the_same(library: Any, auth: Any) -> None:  # noqa: ANN401 - either library
    """With an ``AsyncAccount``: signed, renewed once, and nothing for others."""
    account, tiktok = AsyncAccount(), Tiktok(library, frozenset({"Bearer token-1"}))

    async def answer(request: Any) -> Any:  # noqa: ANN401 - as above
        await request.aread()
        token = request.headers.get("Authorization")
        tiktok.seen.append((str(request.url), token, request.content))
        return library.Response(401 if token in tiktok.dead else 200, text=REFUSAL)

    async def story() -> list[int]:
        way = library.MockTransport(answer)
        async with library.AsyncClient(auth=auth(account), transport=way) as client:
            one = await client.post(f"{API}/v2/a/", json={"a": 1})
            two = await client.get("https://evil.example/")
            return [one.status_code, two.status_code]

    assert asyncio.run(story()) == [200, 200]
    assert [token for _, token, _ in tiktok.seen] == ["Bearer token-1", "Bearer token-2", None]
    assert account.refused == ["token-1"]


@pytest.mark.slow
def test_aiohttp_does_the_same() -> None:
    """Over sockets: signed, renewed once with its body, and no token behind a redirect."""
    account = AsyncAccount()

    async def story() -> tuple[list[tuple[str | None, bytes]], list[tuple[str | None, bytes]]]:
        async with _Server("Bearer token-1") as other, _Server("Bearer token-1", other.url) as api:
            auth = tiktok_auth(account, base_url=api.url)
            async with aiohttp.ClientSession(middlewares=[auth]) as session:
                await session.post(f"{api.url}/v2/a/", json={"a": 1})
                await session.get(f"{api.url}/away")
            return api.seen, other.seen

    ours, others = asyncio.run(story())

    assert ours == [
        ("Bearer token-1", b'{"a": 1}'),
        ("Bearer token-2", b'{"a": 1}'),
        ("Bearer token-2", b""),
    ]
    assert others == [(None, b"")]
    assert account.refused == ["token-1"]


@pytest.mark.slow
def test_aiohttp_sends_a_stream_once() -> None:
    """There is nothing left of it to send again."""

    async def parts() -> Any:  # noqa: ANN401 - an iterator of bytes
        yield b"once"

    async def story() -> tuple[int, int]:
        async with _Server("Bearer token-1") as api:
            auth = tiktok_auth(AsyncAccount(), base_url=api.url)
            async with aiohttp.ClientSession(middlewares=[auth]) as session:
                answer = await session.post(f"{api.url}/v2/a/", data=parts())
            return answer.status, len(api.seen)

    assert asyncio.run(story()) == (401, 1)


class _Server:
    """A server on this machine, which refuses one token and may redirect to another server."""

    def __init__(self, dead: str, away: str = "") -> None:
        self._dead, self._away = dead, away
        self.seen: list[tuple[str | None, bytes]] = []
        self.url = ""

    async def _answer(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization")
        self.seen.append((token, await request.read()))
        if request.path == "/away":
            return web.Response(status=307, headers={"Location": self._away})
        return web.Response(status=401 if token == self._dead else 200, text=REFUSAL)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error":"x"}', b'{"error":{}}', b"\xff"]
)
def test_an_answer_that_says_nothing_refuses_no_token(body: bytes) -> None:
    """Only TikTok's own word renews one."""
    assert not is_refused(401, body)
    assert not is_refused(200, REFUSAL.encode())
    assert is_refused(401, REFUSAL.encode())


def test_the_origin_is_the_environments_unless_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sandbox on this machine may see tokens; http to anywhere else may not."""
    monkeypatch.setenv("TIKTOK_BASE_URL", "http://127.0.0.1:4010")

    assert Bearer().may_see_token("http://127.0.0.1:4010/v2/user/info/")
    assert not Bearer("https://api.example").may_see_token("http://127.0.0.1:4010/")
    assert not Bearer().may_see_token("http://127.0.0.1:port/")
    with pytest.raises(ValidationError):
        Bearer("http://api.example")
