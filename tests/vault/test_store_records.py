"""What every store promises: lists, timelines, logins, boots, settings and its schema."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.vault.made import (
    ANNA,
    APP,
    BEN,
    K0,
    K1,
    K2,
    MINE,
    NOW,
    OTHER,
    boot,
    candidate,
    claim,
    claimed,
    connected,
    consent,
    event,
    pending,
    read,
    settled,
)
from tests.vault.stores import backends
from tiktok_oauth import StoreError
from tiktok_oauth.vault.stores.rows import AccountQuery, NewsItem, Ref, Standing
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

replace = msgspec.structs.replace
DAY = 86_400.0


@pytest.fixture(params=backends())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """Each store in turn, empty."""
    with request.param(tmp_path) as opened:
        yield opened


# Lists and figures


def test_accounts_are_listed_page_by_page(store: SqlStore) -> None:
    """In the order of open_id and app, each once, whatever the size of the pages."""
    refs = [Ref(app, f"p{number}") for number in range(3) for app in ("a", "b")]
    for ref in reversed(refs):
        store.consent(consent(ref))

    listed: list[Ref] = []
    while page := store.page(AccountQuery(4, after=listed[-1] if listed else None)):
        listed += [grant.ref for grant in page]

    assert listed == refs


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (AccountQuery(client_key="second"), ["second/anna"]),
        (AccountQuery(open_id="anna"), [f"{APP}/anna", "second/anna"]),
        (AccountQuery(user_id="user-7"), [f"{APP}/ben"]),
        (AccountQuery(status="disconnected"), [f"{APP}/carl"]),
        (AccountQuery(key_id_not=K1), [f"{APP}/ben"]),
        (AccountQuery(client_key=APP, open_id="anna", status="active"), [f"{APP}/anna"]),
        (AccountQuery(open_id="anna", after=ANNA), ["second/anna"]),
        (AccountQuery(user_id="nobody"), []),
        (AccountQuery(prefix="an"), [f"{APP}/anna", "second/anna"]),
        (AccountQuery(prefix="user-"), [f"{APP}/ben"]),
        (AccountQuery(prefix="b", client_key="second"), []),
        (AccountQuery(prefix="%"), []),
    ],
)
def test_lists_can_be_narrowed(store: SqlStore, query: AccountQuery, found: list[str]) -> None:
    """All conditions hold at the same time."""
    connected(store)
    store.consent(replace(consent(BEN, key_id=K0), user_id="user-7"))
    store.consent(consent(Ref(APP, "carl")))
    store.disconnect(Ref(APP, "carl"), 1, event())
    store.consent(consent(Ref("second", "anna")))

    assert ["/".join(grant.ref) for grant in store.page(query)] == found


def test_figures_are_over_all_accounts(store: SqlStore) -> None:
    """How many there are by status, how many are due and for how long, and open claims."""
    assert store.standing(NOW, warm=True) == Standing({}, 0, 0.0, 0)
    claimed(store, connected(store, warm_at=NOW - 30, keep_at=NOW))
    connected(store, BEN, warm_at=NOW - 10)
    connected(store, Ref(APP, "carl"))
    connected(store, Ref(APP, "dora"))
    store.forsake(Ref(APP, "dora"), 1, "needs_login", "revoked", event())

    counts = {"active": 3, "needs_login": 1}
    assert store.standing(NOW, warm=True) == Standing(counts, 2, 30.0, 1)
    assert store.standing(NOW, warm=False) == Standing(counts, 1, 0.0, 1)


def test_who_is_waited_for_has_no_lag(store: SqlStore) -> None:
    """An account that a caller waits for is due, since no time that means anything."""
    connected(store, warm_at=NOW - 30)
    connected(store, BEN)
    store.want(BEN, NOW)

    assert store.standing(NOW, warm=True) == Standing({"active": 2}, 2, 30.0, 0)


def test_keys_in_use_are_those_of_accounts_with_tokens(store: SqlStore) -> None:
    """Each once, whatever the status; a tombstone needs no key."""
    connected(store)
    connected(store, BEN, key_id=K0)
    connected(store, Ref(APP, "carl"), key_id=K2)
    connected(store, Ref(APP, "dora"))
    store.forsake(BEN, 1, "needs_login", "revoked", event())
    store.disconnect(Ref(APP, "carl"), 1, event())

    assert sorted(store.key_ids()) == [K0, K1]


# Candidates and timelines


def test_a_candidate_is_kept_once(store: SqlStore) -> None:
    """Newest first; keeping one again changes nothing of what is known of it."""
    connected(store, ANNA)
    old, new = candidate("old"), candidate("new", at=NOW + 1)
    for one in (old, new, old):
        store.keep_candidate(one)
    store.mark_tried(ANNA, old.fingerprint)
    store.keep_candidate(old)

    assert store.candidates(ANNA) == [new, replace(old, tried=True)]
    assert store.candidates(BEN) == []


def test_a_timeline_is_told_newest_first(store: SqlStore) -> None:
    """In the order of writing, not of the clock, and no further than asked."""
    lines = [event("first", NOW + 5), event("second"), event("third", NOW + 1)]
    store.add_events(ANNA, lines)
    store.add_events(ANNA, [])

    assert store.events(ANNA) == lines[::-1]
    assert store.events(ANNA, 2) == lines[:0:-1]
    assert store.events(BEN) == []


def test_a_timeline_keeps_about_two_hundred_lines(store: SqlStore) -> None:
    """The oldest go as new ones come, a few at a time; other accounts keep theirs."""
    store.add_events(BEN, [event("other")])
    store.add_events(ANNA, [event(str(number)) for number in range(250)])

    kept = [line.kind for line in store.events(ANNA, 1000)]
    assert 200 <= len(kept) < 230
    assert kept == [str(number) for number in reversed(range(250 - len(kept), 250))]
    assert len(store.events(BEN)) == 1


def test_all_timelines_are_told_together(store: SqlStore) -> None:
    """In the order of writing, from any line on, and no further than asked."""
    assert store.last_event() == 0
    store.add_events(ANNA, [event("first")])
    store.add_events(BEN, [event("second"), event("third")])

    told = store.events_after(0, 10)
    assert [(one.open_id, one.kind) for one in told] == [
        ("anna", "first"),
        ("ben", "second"),
        ("ben", "third"),
    ]
    assert told[0] == NewsItem(told[0].id, APP, "anna", NOW, "first", "detail", "tiktok-1-00000000")
    assert store.events_after(told[0].id, 1) == told[1:2]
    assert store.last_event() == told[-1].id


def test_pruning_drops_what_has_had_its_time(store: SqlStore) -> None:
    """Lines after ninety days, logins a day after they ended, and nothing earlier."""
    store.add_events(ANNA, [event("old", NOW - 91 * DAY)] * 150)
    store.add_events(BEN, [event("old", NOW - 91 * DAY), event("new", NOW - 89 * DAY)])
    store.add_login(pending("old", expires_at=NOW - DAY - 1))
    store.add_login(pending("new", expires_at=NOW - DAY + 1))

    store.prune(NOW)

    assert store.events(ANNA) == []
    assert [line.kind for line in store.events(BEN)] == ["new"]
    assert store.take_login(b"old", b"binding", NOW) is None
    assert store.take_login(b"new", b"binding", NOW) is not None


def test_tokens_are_kept_for_thirty_days_after_they_died(store: SqlStore) -> None:
    """Then those of accounts that need a login are wiped; an active account keeps them."""
    for name, status, died in [("a", "", 31), ("b", "lost", 29), ("c", "lost", 31)]:
        connected(store, Ref(APP, name), refresh_expires_at=NOW - died * DAY)
        if status:
            store.forsake(Ref(APP, name), 1, "needs_login", "expired", event())
    connected(store, ANNA)
    store.keep_candidate(candidate("old", at=NOW - 396 * DAY))
    store.keep_candidate(candidate("new", at=NOW - 394 * DAY))

    store.prune(NOW)

    left = {grant.open_id: grant.refresh is not None for grant in store.page(AccountQuery())}
    assert left == {"a": True, "anna": True, "b": True, "c": False}
    assert [one.fingerprint for one in store.candidates(ANNA)] == [b"print new"]


def test_of_who_was_erased_no_candidate_is_kept(store: SqlStore) -> None:
    """An answer that comes later, or is found in a journal, brings nothing of them back."""
    connected(store, ANNA)
    store.erase(ANNA)

    store.keep_candidate(candidate("late"))

    assert store.candidates(ANNA) == []


# Logins


def test_a_login_is_taken_once(store: SqlStore) -> None:
    """It comes back as it was; afterwards it is known as used, and of whom no more."""
    login = pending()
    store.add_login(login)

    assert store.take_login(b"state", b"binding", NOW + 5) == login
    assert store.take_login(b"state", b"binding", NOW + 6) == replace(
        login, used_at=NOW + 5, verifier=None, user_id=None, open_id=None, next_url=None
    )
    assert store.take_login(b"other", b"binding", NOW) is None


def test_a_stranger_cannot_use_up_a_login(store: SqlStore) -> None:
    """With another binding it is shown, for the reason to be told, and stays unused."""
    login = pending()
    store.add_login(login)

    assert store.take_login(b"state", b"stranger", NOW) == login
    assert store.take_login(b"state", b"binding", NOW) == login


def test_of_callbacks_that_race_one_takes_the_login(store: SqlStore) -> None:
    """The same callback many times at once: one finds it unused."""
    store.add_login(pending())

    with ThreadPoolExecutor(8) as pool:
        took = list(pool.map(lambda at: store.take_login(b"state", b"binding", NOW + at), range(8)))

    assert sum(login is not None and login.used_at is None for login in took) == 1


# Boots and settings


def test_boots_are_known_until_they_end(store: SqlStore) -> None:
    """A sign of life renews keys, time and timeline; an end forgets the boot, in a timeline."""
    store.begin_boot(boot(OTHER))
    store.begin_boot(boot(MINE))
    store.touch_boot(replace(boot(MINE), keys=f"{K1},{K2}", timeline="next"))
    store.end_boot(OTHER, "first")

    [mine] = store.boots()
    assert mine == replace(boot(MINE), keys=f"{K1},{K2}", timeline="next", seen_at=mine.seen_at)
    assert mine.seen_at > 0
    store.end_boot("never begun", "first")
    boots = (OTHER, MINE, "never begun")
    assert [store.has_ended(one, "first") for one in boots] == [True, False, False]
    assert not store.has_ended(OTHER, "next")
    store.end_boot(OTHER, "next")
    assert store.has_ended(OTHER, "next")


def test_a_claim_and_a_boot_are_timed_by_one_clock(store: SqlStore) -> None:
    """A boot's sign of life and a claim lie in the order they were made."""
    grant = connected(store)
    store.touch_boot(boot(MINE))
    held = claimed(store, grant)
    store.touch_boot(boot(OTHER))

    seen = {one.boot: one.seen_at for one in store.boots()}
    assert held.claimed_at is not None
    assert seen[MINE] <= held.claimed_at <= seen[OTHER]


def test_a_setting_is_written_over_and_deleted(store: SqlStore) -> None:
    """Any bytes; None for one that is not there."""
    assert store.setting("remark") is None
    store.put_setting("remark", b"\0one")
    store.put_setting("remark", b"two")

    assert store.setting("remark") == b"two"
    store.put_setting("remark", None)
    store.put_setting("remark", None)
    assert store.setting("remark") is None


# The store itself


def test_a_store_tells_what_it_is_in_one_line(store: SqlStore) -> None:
    """For the log at start; and the same timeline as long as nothing is lost."""
    before = store.timeline()
    connected(store)

    assert "\n" not in store.describe().strip()
    assert store.timeline() == before


def test_opening_a_database_again_changes_nothing(store: SqlStore) -> None:
    """The schema is brought up to date once, by however many at the same time."""
    grant = claimed(store, connected(store))
    database = store._database  # noqa: SLF001 - opened once more, as a second process would

    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: SqlStore(database), range(4)))

    assert [read(one) for one in again] == [grant] * 4


def test_a_schema_of_a_newer_release_is_refused(store: SqlStore) -> None:
    """With a hint to upgrade, and before anything is written."""
    store.put_setting("schema", b"999")

    with pytest.raises(StoreError, match="newer release") as caught:
        SqlStore(store._database)  # noqa: SLF001 - as above

    assert not caught.value.retryable
    assert store.setting("schema") == b"999"


def test_what_fails_in_a_batch_fails_as_a_whole(store: SqlStore) -> None:
    """A batch is one transaction: a row that no store takes undoes what came before it."""
    grant = connected(store)
    bad = settled(claimed(store, connected(store, BEN)), status=None)
    claimed(store, grant)

    with pytest.raises(StoreError):
        store.settle([settled(read(store)), bad])

    assert read(store).attempt == "a1"
    assert store.claim([claim(grant, "a2", OTHER)]) == [None]


def test_a_line_from_the_future_keeps_no_old_ones(store: SqlStore) -> None:
    """It was written while a clock was ahead; what came after it goes when its time has come."""
    store.add_events(ANNA, [event("ahead", NOW + 900 * DAY)])
    people = [Ref("key", f"person {number}") for number in range(8)]
    for person in people:
        store.add_events(person, [event(str(number)) for number in range(190)])

    store.prune(NOW + 91 * DAY)

    assert [line.kind for line in store.events(ANNA)] == ["ahead"]
    assert not any(store.events(person) for person in people)


def test_a_setting_that_was_written_by_hand_is_read(store: SqlStore) -> None:
    """Where a plain literal is text, it counts as its bytes."""
    by_hand = "INSERT INTO settings (name, value) VALUES ('frozen', 'restored')"
    store.database.write(lambda transaction: transaction.run(by_hand, {}))

    assert store.setting("frozen") == b"restored"
    assert store.setting("missing") is None
