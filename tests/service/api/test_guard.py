"""API keys at the door: which may do what, how often, and how soon a revoked one is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.api.conftest import problem_of
from tiktok_oauth.service.api.guard import Guard, address_of
from tiktok_oauth.service.api.limits import Buckets
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.registry.aio import AsyncRegistry
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.vault.stores.memory import memory_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.service.api.conftest import Caller
    from tiktok_oauth.service.registry.rows import Scope
    from tiktok_oauth.service.settings import ServiceSettings


def asking(key: str) -> dict[str, Any]:
    """A request with a key."""
    headers = [(b"accept", b"*/*"), (b"authorization", f"bearer  {key}".encode())]
    return {"type": "http", "client": ("192.0.2.7", 1), "headers": headers}


class Ticks:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    """The guard's clock."""
    return Ticks()


@pytest.fixture
def registry() -> Iterator[AsyncRegistry]:
    """Keys in memory."""
    store = memory_store()
    made = AsyncRegistry(Registry(store.database))
    yield made
    made.close()
    store.close()


@pytest.fixture
def guard(registry: AsyncRegistry, ticks: Ticks) -> Guard:
    """A guard that lets sixty requests a minute through, ten of them at once."""
    return Guard(registry, 60, ticks)


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/accounts", 200),
        ("read", "GET", "/accounts/x/token", 403),
        ("read", "POST", "/logins", 403),
        ("token", "GET", "/accounts/x/token", 404),
        ("token", "DELETE", "/accounts/x", 403),
        ("admin", "DELETE", "/accounts/x", 404),
        ("token", "GET", "/metrics", 200),
    ],
)
def test_each_scope_opens_what_the_one_before_opens(
    caller: Caller, scope: Scope, method: str, path: str, status: int
) -> None:
    """Read, then tokens, then everything."""
    assert caller.call(method, path, scope).status_code == status


def test_what_is_in_the_way_is_told(caller: Caller) -> None:
    """No key, a wrong one, one that may not."""
    missing = caller.get("/accounts", None)
    assert problem_of(missing, 401)["detail"] == "The API key is missing."
    assert missing.headers["www-authenticate"] == 'Bearer realm="tiktok-oauth"'
    wrong = {"authorization": f"Bearer {caller.key('read')[:-1]}x"}
    assert "wrong" in problem_of(caller.get("/accounts", headers=wrong), 401)["detail"]
    problem = problem_of(caller.get("/accounts/x/token", "read"), 403)
    assert problem["code"] == "INVALID_CREDENTIALS"
    assert "--scope token" in problem["hint"]


def test_a_key_in_the_address_is_none(caller: Caller) -> None:
    """Addresses end up in logs."""
    for name in ("key", "api_key", "access_token"):
        problem_of(caller.get(f"/accounts?{name}={caller.key()}", None), 401)


@pytest.mark.slow
def test_the_last_use_of_a_key_is_noted(caller: Caller) -> None:
    """For its owner, who wonders whether it is still needed."""
    caller.get("/accounts", "read")

    while (keys := caller.run(caller.office.registry.list_keys))[0].last_used_at is None:
        pass
    assert len(keys) == 1


async def test_a_revoked_key_is_refused_within_five_seconds(
    guard: Guard, registry: AsyncRegistry, ticks: Ticks
) -> None:
    """A process that has seen it lately does not ask for each request."""
    made = await registry.create_key("shop", "read")
    request = asking(made.secret.reveal())
    assert (await guard.admit(request, "read")).key_id == made.key.key_id
    await registry.revoke_key(made.key.key_id)
    await guard.admit(request, "read")

    ticks.now += 5
    with pytest.raises(RefusalError, match="revoked"):
        await guard.admit(request, "read")


async def test_a_key_has_its_rate(guard: Guard, registry: AsyncRegistry, ticks: Ticks) -> None:
    """Ten seconds' worth at once; then it is told how long to wait. Others have their own."""
    first, second = [
        asking((await registry.create_key(name, "read")).secret.reveal()) for name in "ab"
    ]
    for _ in range(10):
        await guard.admit(first, "read")

    with pytest.raises(RefusalError) as caught:
        await guard.admit(first, "read")
    assert caught.value.retry_after == pytest.approx(1.0)
    await guard.admit(second, "read")
    ticks.now += 1
    await guard.admit(first, "read")


@pytest.mark.slow
def test_a_rate_is_told_to_the_caller(caller: Caller) -> None:
    """With the header that clients know."""
    answers = [caller.get("/accounts?limit=1", "read") for _ in range(12)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 1
    problem = problem_of(refused[0], 429)
    assert refused[0].headers["retry-after"] == str(problem["retry_after"])
    assert (problem["code"], problem["action"]) == ("RATE_LIMIT", "retry")


@pytest.fixture
def settings(settings: ServiceSettings, request: pytest.FixtureRequest) -> ServiceSettings:
    """A service with a small rate, for the test that is about it."""
    is_slow = "a_rate_is_told" in request.node.name
    return replace(settings, rate_limit=60) if is_slow else settings


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3::7", 1), "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.7", 1), "::ffff:192.0.2.7"),
        (("testclient", 1), "testclient"),
        (None, ""),
    ],
)
def test_an_address_stands_for_one_customer(client: tuple[str, int] | None, address: str) -> None:
    """With IPv6 everybody has more addresses than could be counted."""
    assert address_of({"type": "http", "client": client}) == address


def test_buckets_are_forgotten_one_by_one(ticks: Ticks) -> None:
    """However many names come, memory stays within bounds, and one who waits goes on waiting."""
    buckets = Buckets(1.0, 1.0, ticks)
    for number in range(10_001):
        assert buckets.take(str(number)) == 0.0

    assert buckets.wait("0") == 0.0
    assert buckets.take("10000") == buckets.wait("10000") == 1.0
    ticks.now += 0.75
    assert buckets.wait("10000") == 0.25
