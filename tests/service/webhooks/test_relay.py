"""The relay: signed, tried again for three days, and never anywhere it may not go."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.service.site import settings_for
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.values import Limits
from tiktok_oauth.service.registry.aio import AsyncRegistry
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.service.registry.rows import Delivery
from tiktok_oauth.service.webhooks.address import Target, find_target, is_public, relay_problem
from tiktok_oauth.service.webhooks.post import post
from tiktok_oauth.service.webhooks.relay import GIVE_UP_AFTER, Relayer, retry_wait, sign
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.stores.memory import memory_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET = Secret("canary-relay-secret-0001")
BODY = b'{"event": "authorization.removed"}'


@dataclass
class Clock:
    """Unix seconds that pass when told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


@dataclass
class Receiver:
    """The team's own server: what it was sent, and what it answers."""

    answers: list[bytes] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request; without an answer left, say nothing until the caller goes."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(({**headers, "": head[0]}, body))
        self.called.set()
        if self.answers:
            writer.write(self.answers.pop(0))
        else:
            await reader.read()
        writer.close()


@asynccontextmanager
async def running(*answers: bytes) -> AsyncIterator[Receiver]:
    """A receiver on this machine that answers with these bytes, one a request."""
    receiver = Receiver(list(answers))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?team=1"
    async with server:
        yield receiver


@dataclass
class Scene:
    """A relayer with a registry, a board and a clock of its own."""

    relayer: Relayer
    registry: AsyncRegistry
    board: Board
    clock: Clock

    async def add(self, body: bytes = BODY) -> None:
        """Receive a webhook that is to be handed on."""
        digest = hashlib.sha256(body).digest()
        now = self.clock()
        delivery = Delivery(digest, "k", "e", "o", now, now, "current", False, "", "id")
        await self.registry.record(delivery, body)

    async def state(self) -> tuple[str | None, int, str | None]:
        """Status, attempts and trouble of the only one."""
        [line] = await self.registry.ledger()
        return line.relay, line.attempts, line.trouble


@asynccontextmanager
async def scene(tmp_path: Path, url: str) -> AsyncIterator[Scene]:
    """A relayer to a URL."""
    clock = Clock()
    settings = replace(
        settings_for(tmp_path, "memory:"), webhook_relay_url=url, webhook_relay_secret=SECRET
    )
    registry = AsyncRegistry(Registry(memory_store().database, clock))
    board = Board(tmp_path / "board", "web", limits=Limits(), clock=clock)
    yield Scene(Relayer(settings, registry, board, clock), registry, board, clock)
    board.close()
    registry.close()


def is_ours(headers: dict[str, str], body: bytes) -> bool:
    """Whether a receiver takes it for ours, by the specification's own words."""
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.digest(SECRET.reveal().encode(), message, "sha256")
    return headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_a_webhook_is_handed_on_signed_and_unchanged(tmp_path: Path) -> None:
    """The same bytes; the receiver can tell that they are ours, and of when."""
    async with running(b"HTTP/1.1 204 No Content\r\n\r\n") as team, scene(tmp_path, team.url) as it:
        await it.add()
        await it.relayer.round()
        [(headers, body)] = team.received

        assert (headers[""], body) == ("POST /hooks?team=1 HTTP/1.1", BODY)
        assert is_ours(headers, body)
        assert headers["webhook-timestamp"] == str(int(it.clock()))
        assert await it.state() == ("delivered", 1, None)


async def test_what_was_not_taken_is_sent_again_under_the_same_id(tmp_path: Path) -> None:
    """Later each time, signed anew, until it is taken."""
    answers = (b"HTTP/1.1 500 Oh\r\n\r\n", b"nonsense", b"HTTP/1.1 200 OK\r\n\r\n")
    async with running(*answers) as team, scene(tmp_path, team.url) as it:
        await it.add()
        states = []
        for wait in (0, 10, 20):
            it.clock.now += wait
            await it.relayer.round()
            states.append(await it.state())

        assert states == [
            ("waiting", 1, "It answered 500."),
            ("waiting", 2, "It answered something that is no HTTP."),
            ("delivered", 3, None),
        ]
        assert len({headers["webhook-id"] for headers, _ in team.received}) == 1
        assert all(is_ours(*request) for request in team.received)


@pytest.mark.parametrize(
    ("answer", "age"), [(b"HTTP/1.1 410 Gone\r\n\r\n", 0.0), (b"HTTP/1.1 500 Oh\r\n\r\n", 71.999)]
)
async def test_it_is_given_up_when_nobody_wants_it(
    tmp_path: Path, answer: bytes, age: float
) -> None:
    """At once where the address is gone, else after three days; the body is dropped then."""
    async with running(answer) as team, scene(tmp_path, team.url) as it:
        await it.add()
        it.clock.now += age / 72 * GIVE_UP_AFTER
        await it.relayer.round()
        status, attempts, _ = await it.state()
        it.clock.now += GIVE_UP_AFTER

        assert (status, attempts) == ("given_up", 1)
        assert await it.registry.take_relays(10) == []


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """It may lead anywhere, so it counts as a failure."""
    away = b"HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:1/\r\n\r\n"
    async with running(away) as team, scene(tmp_path, team.url) as it:
        await it.add()
        await it.relayer.round()

        assert await it.state() == ("waiting", 1, "It answered 307.")
        assert len(team.received) == 1


async def test_an_endless_answer_is_not_read(tmp_path: Path) -> None:
    """Neither a status line without an end, nor a body."""
    endless = b"HTTP/1.1 200 " + b"x" * 100_000
    with_body = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000
    async with running(endless, with_body) as team, scene(tmp_path, team.url) as it:
        await it.add()
        await it.relayer.round()
        first = await it.state()
        it.clock.now += 10
        await it.relayer.round()

        assert first == ("waiting", 1, "It answered something that is no HTTP.")
        assert await it.state() == ("delivered", 2, None)


async def test_many_workers_hand_it_on_once(tmp_path: Path) -> None:
    """Whoever takes it has it; all ask at the same moment."""
    ok = b"HTTP/1.1 200 OK\r\n\r\n"
    async with running(*[ok] * 50) as team, scene(tmp_path, team.url) as it:
        for number in range(5):
            await it.add(b"{%d}" % number)
        await asyncio.gather(*(it.relayer.round() for _ in range(10)))

        assert sorted(body for _, body in team.received) == [b"{%d}" % n for n in range(5)]
        assert await it.registry.relays() == {"delivered": 5}


async def test_it_is_handed_on_as_soon_as_it_was_received(tmp_path: Path) -> None:
    """Nobody waits for the receiver, which here never answers: what was begun is due again."""
    async with running() as team, scene(tmp_path, team.url) as it:
        work = asyncio.create_task(it.relayer.run())
        await it.add()
        it.relayer.wake()
        await asyncio.wait_for(team.called.wait(), 5)
        state = await it.state()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        it.clock.now += 61

        assert state == ("waiting", 1, None)
        assert [relay.attempts for relay in await it.registry.take_relays(10)] == [2]


async def test_the_connection_is_made_to_the_address_that_was_judged() -> None:
    """Whatever the name leads to by then: it is only what is asked for."""
    async with running(b"HTTP/1.1 200 OK\r\n\r\n") as team:
        port = int(team.url.split(":")[2].split("/")[0])
        target = Target("no.example", "no.example", "127.0.0.1", port, "/hook", is_tls=False)
        status = await post(target, {}, b"{}")
        [(headers, _)] = team.received

    assert (status, headers["host"]) == (200, "no.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "https://",
        "https://user:word@example.com/",
        "https://example.com:8443/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\r\nx: y",
        "https://bücher.example/",
        "https://[::1",
        "https://" + "a" * 70 + ".example/",
    ],
)
async def test_a_url_that_leads_astray_is_refused(url: str) -> None:
    """Before anything is looked up, sandbox or not."""
    assert relay_problem(url, is_sandbox=False) is not None
    with pytest.raises(OSError, match=r"^The relay's URL "):
        await find_target(url, is_sandbox=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
async def test_this_machine_is_reached_in_sandbox_mode_only(host: str) -> None:
    """However its address is written."""
    with pytest.raises(OSError, match=r"not public|not known"):
        await find_target(f"https://{host}/hook", is_sandbox=False)
    assert relay_problem("http://127.0.0.1:9000/hook", is_sandbox=True) is None


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1"),
        *("192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::", "::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"),
        "no address",
    ],
)
def test_addresses_of_no_public_host_are_refused(address: str) -> None:
    """Private, shared, loopback, link-local, multicast, reserved, or another one in disguise."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111"])
def test_public_addresses_are_public(address: str) -> None:
    """IPv4 and IPv6."""
    assert is_public(address)


def test_waits_double_up_to_six_hours() -> None:
    """Half of each is left to chance, so that not all come back at once."""
    assert [retry_wait(n, 0.0) for n in (1, 2, 3, 13, 99)] == [5.0, 10.0, 20.0, 10800.0, 10800.0]
    assert retry_wait(1, 0.999) < 10.0


def test_a_secret_in_base64_signs_as_the_specification_has_it() -> None:
    """Its example: the libraries of other languages find the same signature."""
    headers = sign(
        Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
