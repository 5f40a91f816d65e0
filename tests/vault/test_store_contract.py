"""What every store promises: consents, and who may refresh an account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.vault.made import (
    ANNA,
    APP,
    BEN,
    MINE,
    NOW,
    OTHER,
    candidate,
    claim,
    claimed,
    connected,
    consent,
    due_claim,
    event,
    pending,
    read,
    settled,
    tokens,
)
from tests.vault.stores import backends
from tiktok_oauth.vault.stores.rows import Ref

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


# Consents


def test_a_consent_can_be_read_back_whole(store: SqlStore) -> None:
    """Everything a consent brings is in the row, and the rest of it is at rest."""
    assert store.consent(replace(consent(), user_id="user-7"))

    grant, made = read(store), tokens("anna 1")
    assert {name: getattr(grant, name) for name in made.__struct_fields__} == {
        name: getattr(made, name) for name in made.__struct_fields__
    }
    assert (grant.ref, grant.user_id, grant.gen, grant.ver) == (ANNA, "user-7", 1, 1)
    assert (grant.status, grant.reason, grant.granted_at) == ("active", None, NOW)
    assert (grant.parent, grant.attempt, grant.boot, grant.doubt_at) == (None, None, None, None)
    assert (grant.probes, grant.refusals, grant.failures, grant.not_before) == (0, 0, 0, 0.0)
    assert store.get(BEN) is None


def test_accounts_are_read_together_as_each_alone(store: SqlStore) -> None:
    """In the order asked for, with their claims, also twice, and None for one that is not there."""
    other_app = Ref("another", ANNA.open_id)
    claimed(store, connected(store))
    connected(store, BEN)
    connected(store, other_app)
    refs = [other_app, Ref(APP, "nobody"), BEN, ANNA, BEN]

    assert store.get_all(refs) == [store.get(ref) for ref in refs]
    assert [grant is None for grant in store.get_all(refs)] == [ref == refs[1] for ref in refs]


def test_a_new_consent_replaces_the_old_one(store: SqlStore) -> None:
    """Tokens, status and evidence are the new consent's; the caller's name for the person stays."""
    store.consent(replace(consent(), user_id="user-7"))
    held = claimed(store, read(store))
    store.settle([settled(held, status="needs_login", reason="revoked")])

    assert store.consent(consent(gen=2, at=NOW + 1))

    grant = read(store)
    assert (grant.gen, grant.ver, grant.status, grant.reason) == (2, 1, "active", None)
    assert (grant.refresh, grant.parent, grant.user_id) == (b"refresh anna 2", None, "user-7")
    assert (grant.doubt_at, grant.failures, grant.trouble, grant.not_before) == (None, 0, None, 0)


@pytest.mark.parametrize(("gen", "at"), [(2, NOW - 1), (1, NOW + 1), (3, NOW + 1)])
def test_a_consent_that_is_older_or_numbered_wrong_is_refused(
    store: SqlStore, gen: int, at: float
) -> None:
    """Neither an older consent nor one made for another ``gen`` is written."""
    before = connected(store)

    assert not store.consent(consent(gen=gen, at=at))
    assert read(store) == before
    assert [line.kind for line in store.events(ANNA)] == ["connected"]


def test_a_consent_of_a_time_to_come_is_in_nobodys_way(store: SqlStore) -> None:
    """It was written by a clock that was ahead: whatever is written next is newer."""
    store.consent(consent(at=NOW + 72_000))

    assert store.consent(replace(consent(gen=2), now=NOW + 1))
    assert read(store).granted_at == NOW


def test_of_consents_that_race_one_is_written(store: SqlStore) -> None:
    """Two first consents at the same time: one is told to ask again."""
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda at: store.consent(consent(at=NOW + at)), range(8)))

    assert sorted(written) == [False] * 7 + [True]
    assert read(store).granted_at == NOW + written.index(True)


def test_disconnecting_takes_all_tokens(store: SqlStore) -> None:
    """The row stays as a tombstone; no token of the account is left, candidates included."""
    grant = connected(store)
    claimed(store, grant)
    store.keep_candidate(candidate("one"))

    assert store.disconnect(ANNA, 1, event("disconnected"))

    after = read(store)
    assert (after.status, after.reason, after.attempt) == ("disconnected", None, None)
    assert (after.access, after.refresh, after.parent, after.key_id) == (None, None, None, None)
    assert store.candidates(ANNA) == []
    assert store.events(ANNA)[0].kind == "disconnected"


def test_an_older_consent_is_not_disconnected_twice(store: SqlStore) -> None:
    """What was said of an older consent changes nothing of the newer one."""
    connected(store)
    store.consent(consent(gen=2))
    before = read(store)

    assert not store.disconnect(ANNA, 1, event())
    assert not store.forsake(ANNA, 1, "needs_login", "revoked", event())
    assert read(store) == before
    assert len(store.events(ANNA)) == 2


def test_an_erased_person_is_a_tombstone_with_that_reason(store: SqlStore) -> None:
    """``erased`` is told apart from a plain disconnect."""
    connected(store)

    assert store.disconnect(ANNA, 1, event(), erased=True)
    assert read(store).reason == "erased"


def test_forsaking_keeps_the_tokens(store: SqlStore) -> None:
    """A consent that somebody else says is over keeps what it had; a tombstone stays one."""
    grant = connected(store)

    assert store.forsake(ANNA, 1, "needs_login", "revoked", event("removed"))
    assert read(store) == replace(grant, status="needs_login", reason="revoked")
    store.disconnect(ANNA, 1, event())
    assert not store.forsake(ANNA, 1, "needs_login", "revoked", event())
    assert read(store).status == "disconnected"


def test_erasing_leaves_nothing(store: SqlStore) -> None:
    """Row, candidates, timeline and logins of the account are gone, and nobody else's."""
    connected(store)
    connected(store, BEN)
    store.keep_candidate(candidate("one"))
    store.add_login(pending(open_id=ANNA.open_id))

    store.erase(ANNA)

    assert (store.get(ANNA), store.candidates(ANNA), store.events(ANNA)) == (None, [], [])
    assert store.take_login(b"state", b"binding", NOW) is None
    assert read(store, BEN).status == "active"
    assert store.events(BEN)


# Claims


def test_a_claim_is_granted_once(store: SqlStore) -> None:
    """The row comes back as it stands with the claim; whoever comes second is refused."""
    grant = connected(store)

    [held, missed] = store.claim([claim(grant), claim(grant, "a2", OTHER)])

    assert missed is None
    assert held is not None
    assert held == read(store)
    assert (held.attempt, held.boot, held.doubt_at) == ("a1", MINE, None)
    assert held.claimed_at is not None


def test_many_claims_of_one_account_are_granted_to_one(store: SqlStore) -> None:
    """Threads that claim at the same time do not all get it."""
    grant = connected(store)
    boots = [MINE, OTHER]

    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(lambda boot: store.claim([claim(grant, boot, boot)])[0], boots))

    assert sum(held is not None for held in got) == 1


@pytest.mark.parametrize(
    "changes",
    [{"gen": 2}, {"ver": 2}, {"ref": BEN}, {"now": NOW + 59}],
    ids=["gen", "ver", "nobody", "not_before"],
)
def test_a_claim_of_a_row_that_is_another_now_is_refused(
    store: SqlStore, changes: dict[str, object]
) -> None:
    """Another consent, other tokens, no account, or a request barred for now: no claim."""
    store.settle([settled(claimed(store, connected(store)))])
    before = read(store)

    assert store.claim([replace(claim(before), **{"now": NOW + 60, **changes})]) == [None]
    assert read(store) == before


@pytest.mark.parametrize("status", ["needs_login", "blocked"])
def test_only_active_accounts_are_claimed(store: SqlStore, status: str) -> None:
    """What cannot be used is not refreshed."""
    grant = connected(store, warm_at=NOW)
    store.forsake(ANNA, 1, status, "revoked", event())  # type: ignore[arg-type]  # a RowStatus

    assert store.claim([claim(grant)]) == [None]
    assert store.claim_due(due_claim()) == []


def test_no_claim_is_granted_while_frozen(store: SqlStore) -> None:
    """The setting ``frozen`` bars every claim until it is deleted."""
    grant = connected(store, warm_at=NOW)
    store.put_setting("frozen", b"restored")

    assert store.claim([claim(grant)]) == [None]
    assert store.claim_due(due_claim()) == []
    store.put_setting("frozen", None)
    assert claimed(store, grant).attempt == "a1"


def test_an_open_claim_can_be_taken_over_when_patience_has_run_out(store: SqlStore) -> None:
    """Then its outcome is unknown: that is noted, and stays noted."""
    grant = connected(store)
    claimed(store, grant, boot=OTHER)

    assert store.claim([claim(grant)]) == [None]
    [taken] = store.claim([claim(grant, "a2", patience=0.0)])
    [again] = store.claim([claim(grant, "a3", OTHER, patience=0.0, now=NOW + 5)])

    assert taken is not None
    assert again is not None
    assert (taken.attempt, taken.boot, taken.doubt_at) == ("a2", MINE, NOW)
    assert (again.attempt, again.boot, again.doubt_at) == ("a3", OTHER, NOW)


def test_whose_claim_is_forgotten_still_tells_its_doubt(store: SqlStore) -> None:
    """A failover took the claim: that there was a request is told, and nothing else of it."""
    grant = claimed(store, connected(store))
    assert store.settle([settled(grant, doubt_at=None, not_before=0.0)]) == [True]
    before = read(store)

    assert store.settle([settled(grant)]) == [False]

    assert before.doubt_at is None
    assert read(store) == replace(before, doubt_at=NOW)
    assert store.settle([settled(grant, doubt_at=NOW + 1)]) == [False]
    assert read(store).doubt_at == NOW


def test_the_claims_of_a_boot_that_has_ended_are_nobodys(store: SqlStore) -> None:
    """They can be taken at once, and in doubt."""
    grant = connected(store)
    claimed(store, grant, boot=OTHER)

    store.end_boot(OTHER, "")

    assert claimed(store, grant, "a2").doubt_at == NOW


def test_a_boot_may_claim_again_what_it_holds(store: SqlStore) -> None:
    """Its own process knows that the first claim is over, but not how it ended."""
    grant = connected(store)
    claimed(store, grant)

    assert (claimed(store, grant, "a2").attempt, read(store).doubt_at) == ("a2", NOW)


def test_due_accounts_are_claimed_most_urgent_first(store: SqlStore) -> None:
    """Of what is due, the longest due is claimed, up to the limit, and by one only."""
    for number in range(6):
        connected(store, Ref(APP, f"p{number}"), warm_at=NOW - number)
    connected(store, warm_at=NOW + 1)

    names = ("batch", "next", "last")
    first, rest, none = (store.claim_due(due_claim(4, attempt=name)) for name in names)

    assert [grant.open_id for grant in first] == ["p5", "p4", "p3", "p2"]
    assert {(grant.attempt, grant.boot) for grant in first} == {("batch", MINE)}
    assert {grant.open_id for grant in rest} == {"p1", "p0"}
    assert none == []


def test_what_ages_out_is_claimed_before_what_only_ends(store: SqlStore) -> None:
    """An access token that ends is mended later; a refresh token that does, by its person only."""
    for number in range(4):
        connected(store, Ref(APP, f"p{number}"), warm_at=NOW - 100 + number)
    connected(store, Ref(APP, "ageing"), warm_at=NOW - 1, keep_at=NOW - 1)
    connected(store, Ref(APP, "ages"), warm_at=NOW + 60, keep_at=NOW)
    store.want(connected(store, Ref(APP, "wanted"), warm_at=NOW + 60).ref, NOW)

    taken = [
        {grant.open_id for grant in store.claim_due(due_claim(limit, attempt=f"{limit}"))}
        for limit in (1, 4, 9)
    ]

    assert taken == [{"wanted"}, {"ageing", "ages", "p0", "p1"}, {"p2", "p3"}]


def test_due_accounts_are_claimed_by_the_wanted_time_and_apps(store: SqlStore) -> None:
    """``warm`` chooses the time; accounts of apps that cannot be refreshed here stay."""
    connected(store, warm_at=NOW)
    connected(store, BEN, keep_at=NOW)
    connected(store, Ref("other", "anna"), warm_at=NOW, keep_at=NOW)

    kept = store.claim_due(due_claim(warm=False))
    warm = store.claim_due(due_claim(client_keys=(APP, "second"), attempt="next"))

    assert ([grant.ref for grant in kept], [grant.ref for grant in warm]) == ([BEN], [ANNA])
    assert store.claim_due(due_claim(client_keys=("second",), attempt="last")) == []


@pytest.mark.parametrize("warm", [True, False])
def test_what_a_clock_that_was_ahead_has_put_off_is_claimed(store: SqlStore, *, warm: bool) -> None:
    """After what is due; what was put off for another reason stays."""
    later: dict[str, Any] = {"warm_at": NOW + 47 * 3600, "keep_at": NOW + 61 * 86400}
    connected(store, issued_at=NOW + 86400, **later)
    connected(store, BEN, issued_at=NOW, **later)
    connected(store, Ref(APP, "due"), warm_at=NOW, keep_at=NOW)

    due = store.claim_due(due_claim(warm=warm))
    ahead = store.claim_due(due_claim(warm=warm, attempt="next"))

    assert [grant.open_id for grant in due] == ["due"]
    assert [grant.ref for grant in ahead] == [ANNA]
    assert store.claim_due(due_claim(warm=warm, attempt="last")) == []


def test_due_accounts_that_are_claimed_or_barred_stay(store: SqlStore) -> None:
    """Neither another's open claim nor ``not_before`` is passed over."""
    claimed(store, connected(store, warm_at=NOW), boot=OTHER)
    held = claimed(store, connected(store, BEN, warm_at=NOW))
    store.settle([settled(held, warm_at=NOW - 1)])

    assert store.claim_due(due_claim()) == []
    [taken] = store.claim_due(due_claim(patience=0.0))
    assert (taken.ref, taken.doubt_at) == (ANNA, NOW)


def test_a_caller_who_waits_goes_first(store: SqlStore) -> None:
    """An account that is wanted is due, whatever its times."""
    connected(store)
    connected(store, BEN, warm_at=NOW - 1000)

    store.want(ANNA, NOW)

    assert [grant.ref for grant in store.claim_due(due_claim(1))] == [ANNA]


def test_wanting_does_not_shorten_a_wait(store: SqlStore) -> None:
    """A request that is barred for now stays barred."""
    store.settle([settled(claimed(store, connected(store)))])

    store.want(ANNA, NOW)

    assert store.claim_due(due_claim()) == []
