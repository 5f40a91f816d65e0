"""What the registry promises on every database: keys, webhooks, relays, and names used once."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from tiktok_oauth import StoreError, ValidationError
from tiktok_oauth.service.registry.aio import AsyncRegistry
from tiktok_oauth.service.registry.keys import is_right, read_key
from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.service.registry.rows import Delivery

if TYPE_CHECKING:
    from tests.service.registry.conftest import Clock
    from tiktok_oauth.vault.stores.sqlstore import SqlStore

DAY = 86_400.0
replace = msgspec.structs.replace


def delivery(name: str, at: float = 1_795_000_000.0) -> Delivery:
    """A webhook that can be told from others by a name."""
    return Delivery(
        digest=hashlib.sha256(name.encode()).digest(),
        client_key="awapp",
        event="authorization.removed",
        open_id="anna",
        sent_at=at - 1,
        received_at=at,
        signature="previous",
        is_late=True,
        content='{"reason":1}',
        correlation_id="tiktok-1-00000000",
    )


# API keys


def test_a_key_is_told_once_and_kept_as_a_digest(registry: Registry) -> None:
    """What is kept tells a right key from a wrong one, and does not show the secret."""
    made = registry.create_key(" the shop ", "token")

    sent = read_key(made.secret.reveal())
    assert sent is not None
    assert registry.list_keys() == [made.key] == [registry.find_key(sent.key_id)]
    assert (made.key.name, made.key.scope) == ("the shop", "token")
    assert is_right(sent, made.key)
    assert not is_right(sent._replace(digest=bytes(32)), made.key)
    assert not is_right(sent, None)
    assert made.secret.reveal() not in repr(made)
    assert len(made.secret.reveal()) == len("tko_") + 12 + 1 + 43


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 101, "\x1b[31m"])
def test_a_key_needs_a_name_for_one_line(registry: Registry, name: str) -> None:
    """It is shown in lists and logs."""
    with pytest.raises(ValidationError, match="printable"):
        registry.create_key(name, "read")


def test_a_scope_is_one_of_three(registry: Registry) -> None:
    """Each of them may do what the one before may."""
    with pytest.raises(ValidationError, match="read, token, admin"):
        registry.create_key("shop", "root")  # type: ignore[arg-type]  # what a caller might send

    key = registry.create_key("shop", "token").key
    assert [key.may("read"), key.may("token"), key.may("admin")] == [True, True, False]


def test_a_revoked_key_is_good_for_nothing(registry: Registry, clock: Clock) -> None:
    """It is shown for thirty days more, behind those that are in use."""
    old, new = (registry.create_key(name, "admin").key for name in ("old", "new"))

    assert registry.revoke_key(old.key_id)
    assert not registry.revoke_key(old.key_id)
    assert not registry.revoke_key("0" * 12)
    assert registry.list_keys() == [new, replace(old, revoked_at=clock.seconds)]
    assert not registry.list_keys()[1].may("read")
    clock.seconds += 31 * DAY
    registry.prune()
    assert registry.list_keys() == [new]


def test_the_last_use_of_a_key_is_known_to_the_minute(registry: Registry, clock: Clock) -> None:
    """It is not written for each request."""
    key = registry.create_key("shop", "read").key
    for wait in (0, 59, 2):
        clock.seconds += wait
        registry.touch_key(key.key_id)
        registry.touch_key("0" * 12)

    [used] = registry.list_keys()
    assert used.last_used_at == clock.seconds


@pytest.mark.parametrize(
    "text", ["", "tko_", "tko_0123456789ab_short", "tko_0123456789AB_" + 43 * "x"]
)
def test_what_has_not_the_form_of_a_key_is_none(text: str) -> None:
    """Nothing is looked up for it."""
    assert read_key(text) is None
    assert read_key("tko_0123456789ab_" + 43 * "x") is not None
    assert read_key("tko_0123456789ab_" + 43 * "x" + "\n") is None


# Webhooks


def test_a_webhook_is_to_be_acted_upon_once(registry: Registry) -> None:
    """Until that was done each repetition asks for it; afterwards none does."""
    first = delivery("first")

    assert registry.record(first)
    assert registry.record(replace(first, correlation_id="another"))
    registry.acted(first.digest, "needs_login")
    registry.acted(first.digest, "something else")
    assert not registry.record(first)
    [line] = registry.ledger()
    assert (line.delivery, line.received, line.effect) == (first, 3, "needs_login")
    assert (line.relay, line.attempts, line.trouble) == (None, 0, None)


def test_a_webhook_whose_effect_is_known_needs_no_acting(registry: Registry) -> None:
    """It is new once, and a repetition afterwards."""
    done = [registry.record(delivery("known"), None, "") for _ in range(2)]

    assert done == [True, False]
    assert [(line.received, line.effect) for line in registry.ledger()] == [(2, "")]


def test_of_deliveries_that_race_each_is_counted(registry: Registry) -> None:
    """TikTok sends some webhooks twice at the same time."""
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: registry.record(delivery("one"), b"{}"), range(8)))

    assert done == [True] * 8
    assert [line.received for line in registry.ledger()] == [8]
    assert len(registry.take_relays(10)) == 1


def test_the_ledger_is_read_page_by_page(registry: Registry, clock: Clock) -> None:
    """Newest first; after thirty days nothing is known of a webhook."""
    for name in "abcde":
        registry.record(delivery(name, clock.seconds), b"{}")

    first = registry.ledger(2)
    rest = registry.ledger(10, before=first[-1].number)
    assert [line.delivery for line in first + rest] == [delivery(n, clock.seconds) for n in "edcba"]
    clock.seconds += 31 * DAY
    registry.prune()
    assert registry.ledger() == []
    assert registry.take_relays(10) == []


# Relays


def test_a_relay_is_taken_by_one_at_a_time(registry: Registry, clock: Clock) -> None:
    """Whoever takes it has it for a minute, then it is due again; its body stays as it came."""
    registry.record(delivery("one"), b'{"raw": 1}')

    [relay] = registry.take_relays(10)
    assert (relay.client_key, relay.event, relay.body, relay.attempts) == (
        "awapp",
        "authorization.removed",
        b'{"raw": 1}',
        1,
    )
    assert registry.take_relays(10) == []
    clock.seconds += 61
    [again] = registry.take_relays(10)
    assert again == replace(relay, attempts=2)
    assert not registry.settle_relay(relay, "delivered")
    assert registry.settle_relay(again, "delivered")


def test_a_relay_is_tried_until_it_is_settled(registry: Registry, clock: Clock) -> None:
    """What went wrong is told in the ledger; once it is over its body is gone."""
    registry.record(delivery("one"), b"{}")
    [relay] = registry.take_relays(1)
    registry.settle_relay(relay, "waiting", "answered 503", wait=120)
    [line] = registry.ledger()

    assert (line.relay, line.attempts, line.trouble) == ("waiting", 1, "answered 503")
    assert registry.relays() == {"waiting": 1}
    clock.seconds += 100
    assert registry.take_relays(1) == []
    assert registry.relay_now(line.number)
    [relay] = registry.take_relays(1)
    assert relay.body == b"{}"
    assert registry.settle_relay(relay, "given_up", "answered 410")
    assert not registry.relay_now(line.number)
    assert registry.relays() == {"given_up": 1}
    clock.seconds += DAY
    assert registry.take_relays(1) == []


def test_takers_that_race_take_different_relays(registry: Registry) -> None:
    """Each is handed on by one of them."""
    for number in range(12):
        registry.record(delivery(str(number)), b"{}")

    with ThreadPoolExecutor(4) as pool:
        taken = [one.relay_id for batch in pool.map(registry.take_relays, [3] * 6) for one in batch]

    assert len(taken) == len(set(taken)) == 12


# What may be used once, and the tables themselves


def test_a_name_is_used_once(registry: Registry) -> None:
    """By one of those who try, whoever it is."""
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(registry.use_once, ["link"] * 8)) == 1

    assert registry.use_once("another link")


# Attempts to sign in


def test_an_address_may_try_five_times_a_minute(
    store: SqlStore, registry: Registry, clock: Clock
) -> None:
    """Over all workers; another address is not held back by it."""
    worker = Registry(store.database, clock)
    for who in (registry, worker, registry, worker, registry):
        assert who.take_attempt("a") == 0
        clock.seconds += 1

    assert [who.take_attempt("a") for who in (worker, registry)] == [55, 55]
    assert worker.take_attempt("b") == 0
    clock.seconds += 55
    assert worker.take_attempt("a") == 0
    assert registry.take_attempt("a") > 0
    worker.forgive_attempts("a")
    assert registry.take_attempt("a") == 0


def test_all_together_may_try_fifty_times_a_minute(registry: Registry, clock: Clock) -> None:
    """So that many addresses do not guess faster than one, not even all at once."""
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(registry.take_attempt, map(str, range(60))))

    assert [waits.count(0), waits.count(60)] == [50, 10]
    clock.seconds += 60
    assert registry.take_attempt("another") == 0


def test_a_clock_that_was_set_back_locks_nobody_out(registry: Registry, clock: Clock) -> None:
    """Attempts of the future count for nothing."""
    for _ in range(5):
        registry.take_attempt("a")
    clock.seconds -= 3_600

    assert registry.take_attempt("a") == 0


def test_the_tables_are_made_once(registry: Registry, store: SqlStore) -> None:
    """Opening them again changes nothing; those of a newer release are refused."""
    registry.create_key("shop", "read")
    assert len(Registry(store.database).list_keys()) == 1

    store.put_setting("service_schema", b"999")
    with pytest.raises(StoreError, match="newer release"):
        Registry(store.database)


async def test_awaiting_code_has_every_method(registry: Registry) -> None:
    """It does the same, in threads."""
    awaiting = AsyncRegistry(registry)
    made = await awaiting.create_key("shop", scope="read")

    assert await awaiting.list_keys() == [made.key]
    methods = {name for name in vars(Registry) if not name.startswith("_")}
    assert methods <= set(vars(AsyncRegistry))
    awaiting.close()
