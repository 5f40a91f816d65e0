"""Tokens from dumps: whatever is in them, nothing newer is replaced and nothing is told."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vault.made import consent
from tiktok_oauth import KeyRing
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.moving.dumps import Dump, Entry
from tiktok_oauth.vault.moving.importing import ImportReport, import_tokens
from tiktok_oauth.vault.moving.mappings import ALLAUTH, AUTHJS, LAYOUTS, NANGO, PLAIN, folded
from tiktok_oauth.vault.moving.records import Assumptions, UnusableError, parse_record
from tiktok_oauth.vault.refresh.ladder import lifetimes
from tiktok_oauth.vault.sealing.cipher import Binding
from tiktok_oauth.vault.site import open_site
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.rows import AccountQuery, Event, Ref, Renewed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.vault.moving.mappings import Layout
    from tiktok_oauth.vault.moving.records import Found
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Grant

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0
ANNA = Ref("aw1", "anna")
RECORD: dict[str, object] = {"open_id": "anna", "access_token": "act.1", "refresh_token": "rft.1"}


@contextmanager
def opened() -> Iterator[Site]:
    """An empty store in memory."""
    site = open_site(memory_store(), KeyRing.generate(), None)
    try:
        yield site
    finally:
        site.close(settled=True)


def read(text: str | bytes) -> list[Entry]:
    """The entries of a dump."""
    return list(Dump(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def take(
    site: Site,
    text: str | bytes,
    layout: Layout = PLAIN,
    at: float = NOW,
    *,
    rehearse: bool = False,
) -> ImportReport:
    """Import a dump."""
    return import_tokens(
        site, read(text), layout, Assumptions("aw1"), now=lambda: at, rehearse=rehearse
    )


def lines(*records: dict[str, object]) -> str:
    """Records as JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def anna(site: Site) -> Grant:
    """What the store says of her."""
    row = site.store.get(ANNA)
    assert row is not None
    return row


def parsed(**fields: object) -> Found:
    """One record, read."""
    return parse_record(folded(RECORD | fields), PLAIN, Assumptions("aw1"), NOW)


def test_a_record_becomes_an_account() -> None:
    """With all that it says, and nothing that it does not say."""
    record = RECORD | {
        "expires_at": NOW + HOUR,
        "refresh_expires_at": NOW + 100 * DAY,
        "scope": "user.info.basic,video.list",
        "user_id": 42,
    }
    with opened() as site:
        report = take(site, lines(record))
        row = anna(site)
        place = (*row.ref, row.gen, row.ver)

        assert report == ImportReport(1, 0, 0, 0, 0, {}, (), 0, 0, rehearsed=False)
        assert site.cipher.open_secret(row.access or b"", Binding("access", *place)) == Secret(
            "act.1"
        )
        assert site.cipher.open_secret(row.refresh or b"", Binding("refresh", *place)) == Secret(
            "rft.1"
        )
        assert (row.status, row.user_id, row.scope) == ("active", "42", record["scope"])
        assert (row.access_expires_at, row.refresh_expires_at) == (NOW + HOUR, NOW + 100 * DAY)
        assert row.granted_at == NOW + HOUR - DAY
        assert site.store.events(ANNA) == [Event(NOW, "imported", "plain")]


def test_what_is_not_said_is_assumed_for_the_worst() -> None:
    """The access token is due, and the refresh token renewed soon; the report counts both."""
    with opened() as site:
        report = take(site, lines(RECORD))
        row = anna(site)

        assert (report.access_assumed, report.refresh_assumed) == (1, 1)
        assert row.access_expires_at == NOW
        assert row.refresh_expires_at == NOW + 30 * DAY
        assert NOW < row.keep_at <= NOW + 10 * DAY
        assert (row.scope, row.user_id) == ("user.info.basic", None)


@pytest.mark.parametrize("layout", [PLAIN, ALLAUTH])
@pytest.mark.parametrize("ago", [1, 2 * HOUR, 300 * DAY])
def test_an_access_token_that_has_ended_is_due(layout: Layout, ago: float) -> None:
    """It counts as having ended now, so that nobody is handed it."""
    record = {
        layout.columns[name][0]: value
        for name, value in (RECORD | {"expires_at": NOW - ago}).items()
    }
    with opened() as site:
        report = take(site, lines(record), layout)
        row = anna(site)

        assert (report.taken, report.access_assumed) == (1, 0)
        assert (row.lifetime, row.access_expires_at, row.warm_at) == (0, NOW, NOW)
        assert refresh_decision(lifetimes(row), NOW) == "due"


def test_a_refresh_token_that_has_ended_gets_its_last_try_at_once() -> None:
    """Its end lies in no past that a plan would be made from."""
    with opened() as site:
        take(site, lines(RECORD | {"refresh_expires_at": NOW - DAY}))
        row = anna(site)

        assert (row.refresh_expires_at, row.keep_at) == (NOW, NOW)
        assert refresh_decision(lifetimes(row), NOW) == "dead"


def test_importing_twice_changes_nothing() -> None:
    """Whatever time passes in between."""
    with opened() as site:
        take(site, lines(RECORD))
        before = anna(site)

        assert take(site, lines(RECORD), at=NOW + DAY).there == 1
        assert anna(site) == before


@pytest.mark.parametrize(
    "age", [{}, {"expires_in": 7200}, {"expires_at": NOW + HOUR}, {"issued_at": NOW}]
)
def test_newer_tokens_are_never_replaced(age: dict[str, object]) -> None:
    """Nor those that may be newer: the dump must prove its age."""
    with opened() as site:
        take(site, lines(RECORD), at=NOW + 1)
        before = anna(site)
        other = RECORD | {"refresh_token": "rft.2"} | age

        assert take(site, lines(other), at=NOW + DAY).older == 1
        assert anna(site) == before


@pytest.mark.parametrize("age", [{"issued_at": NOW + HOUR}, {"expires_at": NOW + HOUR + DAY}])
def test_provably_newer_tokens_replace_older_ones(age: dict[str, object]) -> None:
    """As a new consent does."""
    with opened() as site:
        take(site, lines(RECORD))
        before = anna(site)
        other = RECORD | {"refresh_token": "rft.2"} | age

        assert take(site, lines(other), at=NOW + 2 * HOUR).taken == 1
        assert anna(site).gen > before.gen
        assert anna(site).granted_at == NOW + HOUR


@pytest.mark.parametrize("said", ["issued_at", "expires_at"])
def test_of_two_dumps_the_newer_tokens_count(said: str) -> None:
    """A trial import does not keep away what the old program has later."""
    with opened() as site:
        take(site, lines(RECORD | {said: NOW - 2 * HOUR}))
        later = RECORD | {"refresh_token": "rft.2", said: NOW - HOUR}

        assert take(site, lines(later), at=NOW + 6 * HOUR).taken == 1
        assert take(site, lines(RECORD | {said: NOW - 2 * HOUR}), at=NOW + 7 * HOUR).older == 1
        assert site.cipher.same_token(anna(site).fingerprint or b"", Secret("rft.2"))


def test_a_dump_from_before_a_refresh_is_older() -> None:
    """What the vault has refreshed since an import is newer than any dump from before that."""
    with opened() as site:
        take(site, lines(RECORD | {"issued_at": NOW - DAY}))
        row = anna(site)
        change = Renewed(
            row.ref,
            row.gen,
            row.ver,
            row.fingerprint or b"",
            row.ver + 1,
            "",
            consent(ANNA, issued_at=NOW + HOUR).tokens,
            Event(NOW + HOUR, "refreshed"),
        )
        assert site.store.renew([change]) == [True]
        between = RECORD | {"refresh_token": "rft.2", "issued_at": NOW}

        assert take(site, lines(between), at=NOW + DAY).older == 1


def test_of_two_lines_of_one_person_the_newer_counts() -> None:
    """In either order, and a rehearsal says the same."""
    old = RECORD | {"issued_at": NOW - 10 * DAY}
    new = RECORD | {"refresh_token": "rft.2", "issued_at": NOW - HOUR}
    for records, counts in (((old, new, old), (2, 0, 1)), ((new, old, new), (1, 1, 1))):
        with opened() as site:
            told = take(site, lines(*records), rehearse=True)
            done = take(site, lines(*records))

            assert replace(told, rehearsed=False) == done
            assert (done.taken, done.there, done.older) == counts
            assert site.cipher.same_token(anna(site).fingerprint or b"", Secret("rft.2"))


def test_a_disconnected_account_stays_so() -> None:
    """A dump from before does not bring it back, whatever its times say."""
    with opened() as site:
        take(site, lines(RECORD))
        site.store.disconnect(ANNA, anna(site).gen, Event(NOW, "disconnected"))
        other = RECORD | {"refresh_token": "rft.2", "issued_at": NOW + HOUR}

        assert take(site, lines(other), at=NOW + DAY).older == 1
        assert anna(site).status == "disconnected"


def test_a_rehearsal_writes_nothing() -> None:
    """And tells what would be done."""
    with opened() as site:
        report = take(site, lines(RECORD, {"open_id": "ben"}), rehearse=True)

        assert (report.taken, report.unusable, report.rehearsed) == (1, 1, True)
        assert site.store.page(AccountQuery()) == []


def test_a_person_who_comes_twice_is_taken_once() -> None:
    """The second line meets the first, in whatever batch."""
    with opened() as site:
        report = take(site, lines(RECORD, RECORD, RECORD | {"refresh_token": "rft.2"}))

        assert (report.taken, report.there, report.older) == (1, 1, 1)


def test_a_rehearsal_tells_what_a_run_would() -> None:
    """Of a person who comes twice, too."""
    records = lines(
        RECORD,
        RECORD | {"open_id": "ben"},
        RECORD,
        RECORD | {"refresh_token": "rft.2", "expires_at": NOW + HOUR},
    )
    with opened() as site:
        told = take(site, records, rehearse=True)
        done = take(site, records)

    assert (told.taken, told.there, told.older) == (2, 1, 1)
    assert replace(told, rehearsed=False) == done


def test_an_end_that_no_access_token_has_proves_nothing() -> None:
    """A year ahead is another time, of the refresh token perhaps: it does not make a dump newer."""
    with opened() as site:
        far = lines(RECORD | {"expires_at": NOW + 365 * DAY})
        first = take(site, far)
        site.store.consent(
            consent(ANNA, gen=anna(site).gen + 1, at=NOW + HOUR, issued_at=NOW + HOUR)
        )

        again = take(site, far, at=NOW + 2 * HOUR)

        assert (first.taken, first.access_assumed) == (1, 1)
        assert (again.taken, again.older) == (0, 1)


def test_tokens_from_between_a_consent_and_a_refresh_by_another_clock_are_older() -> None:
    """Where the clock was ahead at the consent and right at the refresh, the consent counts."""
    with opened() as site:
        site.store.consent(consent(ANNA, at=NOW - HOUR, issued_at=NOW - 3 * HOUR))

        report = take(site, lines(RECORD | {"expires_at": NOW - 2 * HOUR + DAY}))

        assert (report.taken, report.older) == (0, 1)


def test_bad_lines_stop_nothing_and_nothing_of_them_is_told() -> None:
    """Each with its number and a reason; the good one between them is taken."""
    text = "\n".join(
        [
            '{"open_id": "CANARY"}',
            json.dumps(RECORD),
            "CANARY",
            '["CANARY"]',
            json.dumps(RECORD | {"open_id": "CAN ARY"}),
            json.dumps(RECORD | {"refresh_token": "CANARY\u200b"}),
            json.dumps(RECORD | {"user_id": "CANARY\n1"}),
        ]
    )
    with opened() as site:
        report = take(site, text)

        assert (report.taken, report.unusable) == (1, 6)
        assert [tuple(problem) for problem in report.problems] == [
            (1, "no refresh_token"),
            (3, "not JSON"),
            (4, "not a JSON object"),
            (5, "open_id is malformed"),
            (6, "refresh_token is malformed"),
            (7, "user_id is malformed"),
        ]
        assert "CANARY" not in repr(report)


def test_a_problem_is_counted_however_often_it_comes() -> None:
    """Only the first ones are named."""
    with opened() as site:
        report = take(site, "{}\n" * 1_000)

        assert report.reasons == {"no open_id": 1_000}
        assert len(report.problems) == 20


def test_no_app_is_a_reason() -> None:
    """An account is a person under an app."""
    with pytest.raises(UnusableError, match="no client_key"):
        parse_record(folded(RECORD), PLAIN, Assumptions(), NOW)


@pytest.mark.parametrize(
    "moment",
    [
        NOW + HOUR,
        str(NOW + HOUR),
        (NOW + HOUR) * 1000,
        "2027-01-15T09:00:00Z",
        "2027-01-15 10:00:00+01:00",
        "2027-01-15 09:00:00",
    ],
)
def test_times_are_read_however_they_are_written(moment: object) -> None:
    """Seconds, milliseconds, ISO 8601; without a zone it is UTC."""
    assert parsed(expires_at=moment).tokens.expires_in == HOUR


@pytest.mark.parametrize("moment", ["soon", 86_400, True, [], "1e999", "9" * 400, -1])
def test_what_is_no_time_says_nothing(moment: object) -> None:
    """The end is not known then."""
    assert parsed(expires_at=moment).assumes_access


@pytest.mark.parametrize(
    "times",
    [
        {"expires_at": "31.12.2026 10:00"},
        {"expires_at": -5},
        {"issued_at": "yesterday"},
        {"refresh_expires_at": [1]},
    ],
)
def test_a_time_that_is_not_understood_is_counted(times: dict[str, object]) -> None:
    """It is something else than a time that nobody has written."""
    with opened() as site:
        report = take(site, lines(RECORD | times, RECORD | {"open_id": "ben"}))

    assert (report.taken, report.times_missed) == (2, 1)


@pytest.mark.parametrize("moment", [86_400, "7200", NOW + HOUR, "", None])
def test_a_lifetime_in_the_place_of_a_time_is_no_misunderstanding(moment: object) -> None:
    """Auth.js writes such."""
    assert not parsed(expires_at=moment).misses_time


def test_lifetimes_count_from_the_time_of_issue() -> None:
    """Where it is said; else from now."""
    assert parsed(expires_in=7200).tokens.expires_in == 7200
    since = parsed(expires_in=7200, issued_at=NOW - HOUR)
    assert (since.tokens.expires_in, since.since) == (3600, NOW - HOUR)


@pytest.mark.parametrize(
    "text",
    [
        "Open_ID;accessToken;REFRESH_TOKEN\nanna;act.1;rft.1\n",
        '\ufeffopen_id,access_token,refresh_token\n"anna","act.1",rft.1',
        "\n\nopen-id\taccess token\trefreshToken\r\nanna\tact.1\trft.1\r\n",
        f"[{json.dumps(RECORD)}]",
        json.dumps([RECORD], indent=2),
        f"\n\n{json.dumps(RECORD)}\n\n",
    ],
)
def test_dumps_come_in_many_forms(text: str) -> None:
    """CSV by three delimiters, JSON lines, an array; names in any writing."""
    with opened() as site:
        assert take(site, text).taken == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "open_id,refresh_token,user_id\nanna,rft.1,Jürgen\nben,rft.2,Jan\n",
            "user_id is not UTF-8",
        ),
        (
            lines({"open_id": "anna", "refresh_token": "rft.1"}).replace(
                "}", ',"user_id":"Jürgen"}'
            )
            + lines({"open_id": "ben", "refresh_token": "rft.2"}),
            "not UTF-8",
        ),
    ],
)
def test_a_name_in_another_encoding_is_not_stored_as_something_else(text: str, reason: str) -> None:
    """Its line is told, and the others are taken."""
    with opened() as site:
        report = take(site, text.encode("latin-1"))

        assert (report.taken, report.reasons) == (1, {reason: 1})
        assert [row.open_id for row in site.store.page(AccountQuery())] == ["ben"]


def test_what_nobody_looks_at_may_be_in_any_encoding() -> None:
    """A column that is not taken over costs no line."""
    text = "open_id,refresh_token,city\nanna,rft.1,Köln\n"
    with opened() as site:
        assert take(site, text.encode("latin-1")).taken == 1


def test_a_stray_quote_costs_one_line() -> None:
    """It does not take those behind it for its own, up to the next one or the end."""
    rows = [f"anna{number},act.{number},rft.{number}" for number in range(1_000)]
    rows[10] = '"' + rows[10]
    rows[500] += '"'
    rows[700] = rows[700].replace("act", '"act')
    text = "open_id,access_token,refresh_token\n" + "\n".join(rows)

    found = read(text)

    assert [entry.line for entry in found if entry.record is None] == [12, 702]
    assert len(found) == 1_000


def test_a_field_of_several_lines_is_one() -> None:
    """Between two quotes a line may end."""
    text = 'open_id,note,refresh_token\nanna,"one\ntwo",rft.1\nben,none,rft.2\n'

    assert [(entry.line, entry.problem) for entry in read(text)] == [(3, ""), (4, "")]


def test_lines_of_any_length_take_little_memory() -> None:
    """One that is too long for anything is cut, and told."""
    text = b'{"open_id": "' + b"x" * (3 << 20) + b'"}\n' + json.dumps(RECORD).encode()

    assert [(entry.line, entry.problem) for entry in read(text)] == [(1, "not JSON"), (2, "")]
    assert read(b"") == read(b"\n \n") == []


@pytest.mark.parametrize(
    ("layout", "record", "open_id", "user_id", "left"),
    [
        (
            ALLAUTH,
            {
                "provider": "tiktok",
                "uid": "anna",
                "user_id": "7",
                "token": "act.1",
                "token_secret": "rft.1",
                "expires_at": "2027-01-15 09:00:00+00:00",
                "client_id": "aw1",
            },
            "anna",
            "7",
            HOUR,
        ),
        (
            AUTHJS,
            {
                "userId": "c1",
                "type": "oauth",
                "provider": "tiktok",
                "providerAccountId": "anna",
                "refresh_token": "rft.1",
                "access_token": "act.1",
                "expires_at": 86400,
                "token_type": "Bearer",
                "scope": "user.info.profile",
                "id_token": "anna",
            },
            "anna",
            "c1",
            0.0,
        ),
        (
            NANGO,
            {
                "id": 1,
                "connection_id": "conn",
                "provider": "tiktok-personal",
                "provider_config_key": "tiktok",
                "end_user": {"id": "u9", "email": None},
                "credentials": {
                    "type": "OAUTH2",
                    "access_token": "act.1",
                    "refresh_token": "rft.1",
                    "expires_at": "2027-01-15T09:00:00.000Z",
                    "raw": {
                        "open_id": "anna",
                        "scope": "user.info.basic",
                        "refresh_expires_in": 31536000,
                    },
                },
            },
            "anna",
            "u9",
            HOUR,
        ),
    ],
)
def test_other_programs_tables_are_understood(
    layout: Layout, record: dict[str, object], open_id: str, user_id: str, left: float
) -> None:
    """django-allauth, Auth.js, Nango: as they store it, odd columns included."""
    found = parse_record(folded(record), layout, Assumptions("aw1"), NOW)

    assert found.ref == Ref("aw1", open_id)
    assert (found.tokens.access_token, found.tokens.refresh_token) == ("act.1", "rft.1")
    assert (found.user_id, found.tokens.expires_in) == (user_id, left)
    assert found.assumes_refresh
    with opened() as site:
        assert take(site, lines(record, {**record, "provider": "google"}), layout).passed_over == 1


def test_objects_in_texts_are_looked_into() -> None:
    """A JSON column of a CSV dump is a text."""
    record = {"extra_data": '{"open_id": "anna"}', "token": "act.1", "token_secret": "rft.1"}

    assert parse_record(folded(record), ALLAUTH, Assumptions("aw1"), NOW).ref == ANNA
    with pytest.raises(UnusableError):
        parse_record(folded(record | {"extra_data": "{" * 9}), ALLAUTH, Assumptions("aw1"), NOW)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["rft.1", "act.1", "anna", NOW, "\\N", "null", '{"open_id": "x"}']),
    st.dictionaries(st.text(), st.text(), max_size=2),
    st.lists(st.text(), max_size=2),
)
NAMES = st.one_of(
    st.text(max_size=9),
    st.sampled_from(
        sorted({n for one in LAYOUTS.values() for c in one.columns.values() for n in c})
    ),
)


@pytest.mark.slow
@given(st.one_of(st.binary(), st.text().map(str.encode)), st.sampled_from(sorted(LAYOUTS)))
def test_any_bytes_are_a_report(data: bytes, name: str) -> None:
    """Never an error, and nothing that is half an account."""
    with opened() as site:
        report = take(site, data, LAYOUTS[name])
        rows = site.store.page(AccountQuery(limit=1_000))

    assert report.taken == len(rows)


@pytest.mark.slow
@given(st.lists(st.dictionaries(NAMES, VALUES), max_size=4), st.sampled_from(sorted(LAYOUTS)))
def test_any_records_are_a_report(records: list[dict[str, object]], name: str) -> None:
    """Each is taken, passed over or unusable; an account that is taken is whole."""
    text = b"\n".join(map(msgspec.json.encode, records))
    with opened() as site:
        report = take(site, text, LAYOUTS[name])
        rows = site.store.page(AccountQuery(limit=1_000))

    counted = (report.taken, report.there, report.older, report.passed_over, report.unusable)
    assert sum(counted) == len(records)
    assert report.taken >= len(rows)
    assert all(row.refresh and row.access and row.fingerprint for row in rows)
