"""The webhooks' receiver: what is accepted, once, and what it does."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.service.site import ORIGIN, SESSION_KEY, app_settings
from tests.service.webhooks.signed import (
    OPEN_ID,
    PATH,
    connect,
    counted,
    effects,
    event,
    ledger,
    send,
    signature,
    status,
)
from tiktok_oauth import KeyRing
from tiktok_oauth.errors import store_error
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.office import open_office
from tiktok_oauth.service.registry.aio import AsyncRegistry
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.service.webhooks.routes import routes
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message

    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.registry.rows import Delivery
    from tiktok_oauth.service.settings import ServiceSettings

T = TypeVar("T", str, bytes)

OLD_SECRET = "the-secret-before-this-one-0000"
OTHER = replace(DEFAULT_APP, client_key="otherappkey00000", client_secret="o" * 32)
HOUR = 3600.0


def test_a_removed_authorization_asks_for_a_new_login(
    visitor: TestClient, unclosed_office: Office
) -> None:
    """The account needs a login, and the ledger tells why."""
    connect(visitor, unclosed_office)
    answer = send(visitor, event())
    [line] = ledger(visitor, unclosed_office)

    assert (answer.status_code, answer.content) == (200, b"")
    assert status(visitor, unclosed_office) == "needs_login"
    assert (line.delivery.event, line.delivery.open_id) == ("authorization.removed", OPEN_ID)
    assert (line.delivery.signature, line.delivery.is_late, line.effect) == (
        "current",
        False,
        "needs_login",
    )
    assert counted(unclosed_office) == {"accepted": 1}


@pytest.mark.parametrize(
    ("age", "answer", "outcome"),
    [
        (0, 200, "accepted"),
        (200, 200, "accepted"),
        (0.5 * HOUR, 200, "late"),
        (72.9 * HOUR, 200, "late"),
        (73.1 * HOUR, 401, "forged"),
        (-400, 401, "forged"),
    ],
)
def test_a_webhook_is_accepted_for_seventy_three_hours(
    visitor: TestClient, unclosed_office: Office, age: float, answer: int, outcome: str
) -> None:
    """TikTok repeats one for 72 hours; nothing comes from the future."""
    body = event()

    assert send(visitor, body, signature(body, age=age)).status_code == answer
    assert counted(unclosed_office) == {outcome: 1}


def test_a_sandbox_that_has_just_moved_its_clock_is_believed(
    visitor: TestClient, unclosed_office: Office, sandbox: Sandbox
) -> None:
    """Its clock is looked at before a webhook is taken for one from the future."""
    body = event()
    unclosed_office.clock.look()
    sandbox.advance(400)

    assert send(visitor, body, signature(body, age=-400)).status_code == 200
    assert counted(unclosed_office) == {"accepted": 1}


@pytest.mark.slow
def test_a_flip_of_any_byte_is_noticed(visitor: TestClient, unclosed_office: Office) -> None:
    """Of the body, and of the header: nothing is written, and the answer says nothing."""
    body = event()
    header = signature(body)
    answers = [send(visitor, flipped(body, place), header) for place in range(len(body))]
    answers += [send(visitor, body, flipped(header, place)) for place in range(len(header))]

    assert {(answer.status_code, answer.content) for answer in answers} == {(401, b"")}
    assert ledger(visitor, unclosed_office) == []


def flipped(text: T, place: int) -> T:
    """A text with one bit changed."""
    raw = text.encode() if isinstance(text, str) else text
    changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
    return changed.decode() if isinstance(text, str) else changed


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,s=",
        "t=1",
        "s=" + "0" * 64,
        "t=1,s=" + "0" * 64 + ",s=" + "0" * 64,
        "t=1, s=" + "0" * 64,
        "t=-1,s=" + "0" * 64,
        "t=99999999999999,s=" + "0" * 64,
    ],
)
def test_a_header_of_another_shape_is_refused(visitor: TestClient, header: str) -> None:
    """Empty, short, repeated, of another order, out of range."""
    assert send(visitor, event(), header).status_code == 401


def test_two_signatures_are_none(visitor: TestClient) -> None:
    """Even when both are good: nobody knows which of them another reader would take."""
    body = event()
    headers = [("TikTok-Signature", signature(body))] * 2

    assert visitor.post(PATH, content=body, headers=headers).status_code == 401
    assert visitor.post(PATH, content=body).status_code == 401


@pytest.mark.slow
def test_a_thousand_repetitions_have_one_effect(
    visitor: TestClient, unclosed_office: Office
) -> None:
    """One line in the ledger, which counts them; one line in the account's timeline."""
    connect(visitor, unclosed_office)
    body = event()
    headers = [signature(body, age=age) for age in range(50)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(partial(send, visitor, body), headers * 20))
    [line] = ledger(visitor, unclosed_office)

    assert {answer.status_code for answer in answers} == {200}
    assert (line.received, effects(visitor, unclosed_office)) == (1000, 1)
    assert counted(unclosed_office) == {"accepted": 1, "repeated": 999}


def test_a_removal_from_before_the_consent_changes_nothing(
    visitor: TestClient, unclosed_office: Office
) -> None:
    """TikTok repeats itself for three days: a person may have come back by then."""
    connect(visitor, unclosed_office)
    answer = send(visitor, event(create_time=int(time.time()) - 60))
    [line] = ledger(visitor, unclosed_office)

    assert (answer.status_code, line.effect) == (200, "")
    assert status(visitor, unclosed_office) == "active"


@pytest.mark.parametrize("open_id", [OPEN_ID, "somebody-else"])
def test_other_events_are_kept_and_change_nothing(
    visitor: TestClient, unclosed_office: Office, open_id: str
) -> None:
    """Of an account that is connected, and of one that nobody knows."""
    connect(visitor, unclosed_office)
    body = event(open_id, event="post.publish.complete", content='{"publish_id": "v.1"}')
    answer = send(visitor, body)
    [line] = ledger(visitor, unclosed_office)

    assert (answer.status_code, line.effect, line.delivery.open_id) == (200, "", open_id)
    assert status(visitor, unclosed_office) == "active"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"\xff", b"", b'{"event": 1}', b"[" * 5000])
def test_what_is_signed_and_no_event_is_not_taken_for_one(
    visitor: TestClient, unclosed_office: Office, body: bytes
) -> None:
    """TikTok will repeat it, and somebody finds it counted."""
    assert send(visitor, body).status_code == 400
    assert counted(unclosed_office) == {"unreadable": 1}


def test_a_body_that_is_too_long_is_not_read_to_its_end(
    visitor: TestClient, unclosed_office: Office
) -> None:
    """64 KiB is many times what TikTok sends."""
    body = event(content="x" * 70_000)

    assert send(visitor, body).status_code == 413
    assert counted(unclosed_office) == {"oversized": 1}


def test_only_a_post_gets_there(visitor: TestClient) -> None:
    """Every other method is refused before anything is read."""
    assert {visitor.request(m, PATH).status_code for m in ("GET", "PUT", "DELETE")} == {405}


@pytest.fixture
def two_apps(settings: ServiceSettings, sandbox: Sandbox) -> Iterator[tuple[TestClient, Office]]:
    """A service with two apps, of which one has changed its secret lately."""
    first = replace(app_settings(), client_secret_previous=Secret(OLD_SECRET))
    office = open_office(
        replace(settings, apps=(first, app_settings(OTHER))),
        KeyRing.generate(),
        SESSION_KEY,
        transport=sandbox.async_transport,
    )
    with TestClient(create_app(office), base_url=ORIGIN) as client:
        yield client, office


def test_every_secret_of_every_app_counts(two_apps: tuple[TestClient, Office]) -> None:
    """The ledger says for which app it was, and whether the secret was the one before."""
    visitor, office = two_apps
    mine, others = event(), event(client_key=OTHER.client_key)
    for body, secret in ((mine, OLD_SECRET), (others, OTHER.client_secret)):
        assert send(visitor, body, signature(body, secret=secret)).status_code == 200

    told = [(line.delivery.client_key, line.delivery.signature) for line in ledger(visitor, office)]
    assert told == [(OTHER.client_key, "current"), (DEFAULT_APP.client_key, "previous")]


def test_one_app_cannot_speak_for_another(two_apps: tuple[TestClient, Office]) -> None:
    """Whoever holds one app's secret removes nobody from the other one."""
    visitor, office = two_apps
    body = event(client_key=OTHER.client_key)

    assert send(visitor, body).status_code == 401
    assert ledger(visitor, office) == []


@pytest.mark.slow
async def test_a_body_that_never_ends_is_given_up(office: Office) -> None:
    """Whoever sends a byte now and then holds nobody up for longer than a visitor may take."""
    hurried = replace(office, settings=replace(office.settings, patience=0.05))
    app = Starlette(routes=routes(hurried))
    sent: list[Message] = []
    chunks: Iterator[Message] = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Message:
        for chunk in chunks:
            return chunk
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    async def answer(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b""}
    await app(scope, receive, answer)

    assert sent[0]["status"] == 408


class FullRegistry(AsyncRegistry):
    """One that cannot be written to."""

    async def record(
        self, delivery: Delivery, relay_body: bytes | None = None, effect: str | None = None
    ) -> bool:
        """Fails."""
        raise store_error("The disk is full.")


def test_a_store_that_fails_leaves_it_to_tiktok_to_repeat(unclosed_office: Office) -> None:
    """It is not acknowledged before it is written down."""
    full = FullRegistry(Registry(unclosed_office.store.database))
    app = Starlette(routes=routes(replace(unclosed_office, registry=full)))
    with TestClient(create_app(unclosed_office)), TestClient(app) as visitor:
        answer = send(visitor, event())

    assert answer.status_code == 503


class OneWriteRegistry(AsyncRegistry):
    """One that can be written to once for each webhook."""

    async def acted(self, digest: bytes, effect: str = "") -> None:
        """Fails."""
        raise store_error("The disk is full.")


def test_what_changes_nothing_is_written_once(unclosed_office: Office) -> None:
    """A slow disk keeps TikTok waiting for one commit."""
    once = OneWriteRegistry(Registry(unclosed_office.store.database))
    app = Starlette(routes=routes(replace(unclosed_office, registry=once)))
    with TestClient(create_app(unclosed_office)) as service, TestClient(app) as visitor:
        answers = [send(visitor, event(event="video.publish.completed")) for _ in range(2)]
        [line] = ledger(service, unclosed_office)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (line.received, line.effect) == (2, "")
