"""Faults over real sockets: each ends in its code and number of attempts, in every client."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import json
import ssl
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.client.conftest import KEY, REDIRECT_URI
from tests.client.leaks import BARE, CODE, SECRET, VERIFIER, leaks, shown_by_error, watching
from tests.support.faults import (
    FaultServer,
    Peer,
    Script,
    answer,
    answering,
    answering_once,
    chunked,
    closing_after_request,
    refusing,
    resetting,
    resetting_after_request,
    resetting_in_request,
    saying,
    secured,
    silent,
    silent_after_request,
    trickling,
)
from tests.support.scripted import TOKENS
from tiktok_oauth import AsyncTikTokOAuth, RetryPolicy, TikTokAPIError, TikTokOAuth, TikTokTokens

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

TRANSPORTS: list[tuple[type[TikTokOAuth | AsyncTikTokOAuth], str]] = [
    (kind, name)
    for kind, name in (
        (TikTokOAuth, "urllib3"),
        (TikTokOAuth, "httpx2"),
        (AsyncTikTokOAuth, "aiohttp"),
        (AsyncTikTokOAuth, "pyreqwest"),
        (AsyncTikTokOAuth, "httpx2"),
    )
    if find_spec(f"tiktok_oauth.transport.{name}")
]
QUICK = RetryPolicy(base_delay=0.01)
GOOD = answer(200, json.dumps(TOKENS).encode())
BOMB = gzip.compress(b"\0" * 10_000_000)


Outcome = TikTokTokens | TikTokAPIError


@dataclass
class Client:
    """A client over one transport, to be called as a script would call it."""

    kind: type[TikTokOAuth | AsyncTikTokOAuth]
    transport: Any
    runner: asyncio.Runner

    def exchange(self, origin: str, timeout: float = 0.2) -> Outcome:
        """Exchange a code at an origin."""
        return self.call(origin, "exchange_code_for_tokens", CODE, timeout, code_verifier=VERIFIER)

    def call(
        self, origin: str, method: str, grant: str, timeout: float = 0.2, **kwargs: str
    ) -> Outcome:
        """Call one method of a new client, and make sure that no secret shows."""
        client = self.kind(
            KEY,
            SECRET,
            REDIRECT_URI,
            base_url=origin,
            transport=self.transport,
            timeout=timeout,
            retry=QUICK,
        )
        outcome: Outcome
        with watching(client, as_json=True) as watch:
            try:
                outcome = self._wait(getattr(client, method)(grant, **kwargs))
            except TikTokAPIError as error:
                outcome = error
            self._wait(client.close())
        shown = watch.shown()
        if isinstance(outcome, TikTokAPIError):
            shown += shown_by_error(outcome)
        assert leaks(shown) == []
        return outcome

    def _wait(self, outcome: Any) -> Any:  # noqa: ANN401 - whatever the method returns
        return self.runner.run(outcome) if inspect.iscoroutine(outcome) else outcome


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all awaiting clients."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("kind", [TikTokOAuth, AsyncTikTokOAuth])
def test_a_client_has_a_transport_by_default(
    runner: asyncio.Runner, kind: type[TikTokOAuth | AsyncTikTokOAuth]
) -> None:
    """Without a word about it, an exchange goes over the network."""
    with FaultServer(answering(GOOD)) as server:
        tokens = Client(kind, None, runner).exchange(origin(server), timeout=5)

    assert isinstance(tokens, TikTokTokens)


@pytest.fixture(params=TRANSPORTS, ids=lambda pair: f"{pair[0].__name__}-{pair[1]}")
def client(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Client:
    """Each kind of client over each of its transports."""
    kind, name = request.param
    return Client(kind, name, runner)


def origin(server: FaultServer) -> str:
    """Where a client finds a server: without a path."""
    scheme, rest = server.url.split("://")
    return f"{scheme}://{rest.split('/')[0]}"


def failed(outcome: Outcome) -> TikTokAPIError:
    """The error that a call must have ended with."""
    assert isinstance(outcome, TikTokAPIError), outcome
    return outcome


def verdict(error: TikTokAPIError) -> tuple[str, int, str]:
    """Code, attempts and action of an error."""
    return error.code.value, error.attempts, error.action.value


BROKEN: dict[str, Script] = {
    "reset before the request": resetting,
    "reset during the request": resetting_in_request,
    "reset after the request": resetting_after_request,
    "closed after the request": closing_after_request,
    "half a status line": answering_once(GOOD[:7]),
    "half a body": answering_once(GOOD[:-9]),
    "wrong length": answering_once(answer(200, b"{}", length=70)),
    "chunks without an end": answering_once(chunked(b"{", end=b"")),
    "garbage": answering_once(b"\x16\x03\x01 nonsense\r\n\r\n"),
    "no HTTP": answering_once(b"<html>no</html>"),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_broken_exchange_is_tried_three_times(client: Client, script: Script) -> None:
    """NETWORK_ERROR, and each attempt on a connection of its own."""
    with FaultServer(script) as server:
        error = failed(client.exchange(origin(server), timeout=5))

    assert verdict(error) == ("NETWORK_ERROR", 3, "retry")
    assert (error.status_code, server.connections) == (503, 3)


def test_nobody_listens(client: Client) -> None:
    """A refused connection: certainly never sent."""
    with refusing() as url:
        error = failed(client.exchange(url.rstrip("/"), timeout=5))

    assert verdict(error) == ("NETWORK_ERROR", 3, "retry")
    assert error.never_sent


def test_nobody_has_the_name(client: Client) -> None:
    """A DNS failure: certainly never sent."""
    error = failed(client.exchange("https://nobody.invalid", timeout=5))

    assert verdict(error) == ("NETWORK_ERROR", 3, "retry")
    assert error.never_sent


@pytest.fixture(scope="module")
def untrusted() -> ssl.SSLContext:
    """What a server needs to speak TLS with a certificate that no system trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


@pytest.mark.parametrize("kind", ["no TLS", "untrusted", "reset"])
def test_a_failing_handshake_sends_nothing(
    client: Client, untrusted: ssl.SSLContext, kind: str
) -> None:
    """A TLS failure: certainly never sent."""
    scripts = {
        "no TLS": saying(GOOD),
        "untrusted": secured(untrusted, answering(GOOD)),
        "reset": resetting,
    }
    with FaultServer(scripts[kind], scheme="https") as server:
        error = failed(client.exchange(origin(server), timeout=5))

    assert verdict(error) == ("NETWORK_ERROR", 3, "retry")
    assert error.never_sent
    assert server.requests == []


HANGING: dict[str, Script] = {
    "silence": silent,
    "silence after the request": silent_after_request,
    "trickled headers": trickling(GOOD),
    "a trickled body": trickling(GOOD, GOOD.index(b"{")),
}


@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING)
def test_an_attempt_ends_with_its_time(client: Client, script: Script) -> None:
    """TIMEOUT_ERROR after three times 0.2 s and two pauses, whatever trickles."""
    with FaultServer(script) as server:
        began = time.monotonic()
        error = failed(client.exchange(origin(server)))
        took = time.monotonic() - began

    assert verdict(error) == ("TIMEOUT_ERROR", 3, "retry")
    assert error.status_code == 504
    assert 0.6 <= took < 1.5


REFUSALS: dict[str, tuple[bytes, tuple[str, int, str], int]] = {
    "429": (answer(429), ("RATE_LIMIT", 3, "retry"), 429),
    "429, wait no time": (answer(429, b"", "Retry-After: 0"), ("RATE_LIMIT", 3, "retry"), 429),
    "429, wait long": (answer(429, b"", "Retry-After: 31"), ("RATE_LIMIT", 1, "retry"), 429),
    "500": (answer(500), ("API_ERROR", 3, "retry"), 500),
    "a web page with 502": (answer(502, b"<html>"), ("API_ERROR", 3, "retry"), 502),
    "a web page": (answer(200, b"<html>No</html>"), ("API_ERROR", 1, "fail"), 502),
    "an empty body": (answer(200, b""), ("API_ERROR", 1, "fail"), 502),
    "half a JSON": (answer(200, b'{"access_token":'), ("API_ERROR", 1, "fail"), 502),
    "no access token": (answer(200, b"{}"), ("API_ERROR", 1, "fail"), 502),
    "an endless body": (answer(200, b" " * 70_000), ("API_ERROR", 1, "fail"), 502),
    "a gzip bomb": (answer(200, BOMB, "Content-Encoding: gzip"), ("API_ERROR", 1, "fail"), 502),
    "an encoded answer": (
        answer(200, gzip.compress(b"{}"), "Content-Encoding: gzip"),
        ("API_ERROR", 1, "fail"),
        502,
    ),
    "a redirect": (answer(302, b"", "Location: /elsewhere"), ("API_ERROR", 1, "fail"), 502),
    "a dead code": (answer(200, b'{"error":"invalid_grant"}'), ("INVALID_TOKEN", 1, "fail"), 401),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_bad_answer_ends_in_its_code(
    client: Client, refusal: tuple[bytes, tuple[str, int, str], int]
) -> None:
    """What may go over is tried three times, what TikTok handled only once."""
    raw, expected, status = refusal
    with FaultServer(answering(raw)) as server:
        error = failed(client.exchange(origin(server), timeout=5))

    assert verdict(error) == expected
    assert error.status_code == status
    assert len(server.requests) == expected[1]


@pytest.mark.parametrize("first", [answer(500), answer(429, b"", "Retry-After: 0"), b""])
def test_a_fault_that_goes_over_is_not_noticed(client: Client, first: bytes) -> None:
    """500 then good, 429 then good, a closed connection then good."""
    script = answering_once(first) if not first else answering(first, GOOD)
    with FaultServer(script, answering(GOOD)) as server:
        tokens = client.exchange(origin(server), timeout=5)

    assert isinstance(tokens, TikTokTokens)
    assert len(server.requests) == 2


def test_a_server_that_repeats_what_it_was_sent_reveals_nothing(client: Client) -> None:
    """Not in the error, its frames or the log, over a real library."""

    def script(peer: Peer) -> None:
        while (request := peer.read_request()) is not None:
            body = json.dumps({"error": "invalid_request", "error_description": BARE})
            assert BARE.encode() in request
            peer.sock.sendall(answer(400, body.encode(), "X-Echo: " + BARE))

    with FaultServer(script) as server:
        for method in ("refresh_access_token", "get_user_info", "revoke_access"):
            error = failed(client.call(origin(server), method, BARE, 5))
            assert verdict(error) == ("VALIDATION_ERROR", 1, "fail")
            assert error.message == "***"
