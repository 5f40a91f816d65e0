"""What every store promises: the fences around what comes of a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.vault.made import (
    ANNA,
    BEN,
    K2,
    NOW,
    OTHER,
    candidate,
    claim,
    claimed,
    connected,
    event,
    read,
    renewed,
    resealed,
    settled,
)
from tests.vault.stores import backends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.vault.stores.sqlstore import SqlStore

replace = msgspec.structs.replace


@pytest.fixture(params=backends())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """Each store in turn, empty."""
    with request.param(tmp_path) as opened:
        yield opened


def test_renewing_replaces_the_tokens_and_clears_the_evidence(store: SqlStore) -> None:
    """In doubt the old refresh token becomes the parent; of claim and failures nothing is left."""
    first = connected(store)
    store.settle([settled(claimed(store, first))])
    [held] = store.claim([claim(first, now=NOW + 60)])
    assert held is not None

    assert store.renew([renewed(held, "new")]) == [True]

    expected = {"ver": 2, "parent": first.refresh, "access": b"access new"}
    expected |= {"refresh": b"refresh new", "fingerprint": b"fingerprint new"}
    assert read(store) == replace(first, **expected)
    assert [line.kind for line in store.events(ANNA)] == ["renewed", "failed", "connected"]


def test_tokens_keep_their_version_in_a_row_that_fell_behind(store: SqlStore) -> None:
    """What stood there is no parent of theirs, though there was doubt about it."""
    first = connected(store)
    store.settle([settled(claimed(store, first))])
    [held] = store.claim([claim(first, now=NOW + 60)])
    assert held is not None

    assert store.renew([renewed(held, "new", next_ver=5)]) == [True]
    assert (read(store).ver, read(store).parent) == (5, None)


def test_the_parent_is_kept_while_somebody_else_asks(store: SqlStore) -> None:
    """Their request may have brought a child, too, and ended this one."""
    first = connected(store)
    claimed(store, first, "a1")

    assert store.renew([renewed(first, "late", attempt="a0")]) == [True]
    assert read(store).parent == first.refresh


def test_a_candidate_that_was_sent_is_kept_while_somebody_else_asks(store: SqlStore) -> None:
    """Its tokens leave a version out: the token that stood is not the one they were bought with."""
    first = connected(store)
    claimed(store, first, "a1")

    assert store.renew([renewed(first, "late", attempt="a0", next_ver=3, sent=b"sent")]) == [True]
    assert read(store).parent == b"sent"


@pytest.mark.parametrize(("next_ver", "doubt_at"), [(2, NOW), (3, None)])
def test_tokens_whose_child_is_known_are_in_doubt(
    store: SqlStore, next_ver: int, doubt_at: float | None
) -> None:
    """Another journal may have brought a candidate before the tokens it was bought with."""
    grant = connected(store)
    store.keep_candidate(replace(candidate("child"), ver=3))

    assert store.renew([renewed(grant, "new", next_ver=next_ver)]) == [True]
    assert read(store).doubt_at == doubt_at


@pytest.mark.parametrize("changes", [{"gen": 2}, {"ver": 2}, {"stood": b"other"}, {"ref": BEN}])
def test_new_tokens_without_their_parent_are_not_written(
    store: SqlStore, changes: dict[str, object]
) -> None:
    """Another consent, version or refresh token stands: nothing changes, not even the timeline."""
    grant = connected(store)

    assert store.renew([renewed(grant, "new", **changes)]) == [False]
    assert read(store) == grant
    assert len(store.events(ANNA)) == 1


def test_a_lost_lease_does_not_keep_new_tokens_out(store: SqlStore) -> None:
    """Whoever holds the claim by now: parentage decides, and only once."""
    grant = connected(store)
    claimed(store, grant)
    store.claim([claim(grant, "a2", OTHER, patience=0.0)])

    assert store.renew([renewed(grant, "late"), renewed(grant, "later")]) == [True, False]
    assert read(store).refresh == b"refresh late"


def test_a_tombstone_gets_no_tokens(store: SqlStore) -> None:
    """An answer that comes after the account was disconnected is not written."""
    grant = connected(store)
    store.disconnect(ANNA, 1, event())

    assert store.renew([renewed(grant, "late")]) == [False]
    assert read(store).refresh is None


def test_tokens_revive_an_account_that_was_given_up(store: SqlStore) -> None:
    """An answer that was found late makes it active again."""
    grant = connected(store)
    store.forsake(ANNA, 1, "needs_login", "lost_in_flight", event())

    assert store.renew([renewed(grant, "found")]) == [True]
    assert (read(store).status, read(store).reason) == ("active", None)


def test_settling_writes_how_a_claim_ended(store: SqlStore) -> None:
    """Every field of the change is in the row, and the claim is over."""
    held = claimed(store, connected(store))
    change = settled(held, status="needs_login", reason="revoked")

    assert store.settle([change]) == [True]

    names = set(change.__struct_fields__) - {"ref", "event", "attempt", "boot"}
    after = read(store)
    assert {name: getattr(after, name) for name in names} == {
        name: getattr(change, name) for name in names
    }
    assert (after.attempt, after.boot, after.claimed_at) == (None, None, None)
    assert (after.refresh, store.events(ANNA)[0].kind) == (held.refresh, "failed")


@pytest.mark.parametrize(
    "changes", [{"attempt": "a0"}, {"boot": OTHER}, {"gen": 2}, {"ver": 2}, {"ref": BEN}]
)
def test_a_claim_that_is_gone_cannot_be_settled(
    store: SqlStore, changes: dict[str, object]
) -> None:
    """Whoever lost the claim does not write over what its new holder does."""
    held = claimed(store, connected(store))

    assert store.settle([settled(held, **changes), settled(held, event=None)]) == [False, True]
    assert store.settle([settled(held)]) == [False]
    assert [line.kind for line in store.events(ANNA)] == ["connected"]


def test_resealing_replaces_columns_only_while_they_stand(store: SqlStore) -> None:
    """Not under a claim, and not over tokens that are others by now."""
    grant = connected(store)
    held = claimed(store, grant)
    change = resealed(grant, K2)

    assert store.reseal([change]) == [False]
    store.settle([settled(held)])
    assert store.reseal([replace(change, stood=b"other"), change]) == [False, True]
    after = read(store)
    assert (after.key_id, after.access, after.ver) == (K2, b"new access", 1)
    assert store.key_ids() == [K2]
