"""Logins: a callback belongs to one login of one browser, once, for ten minutes."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.support.vault import HOUR, SCOPES
from tiktok_oauth import (
    InvalidTokenError,
    LoginError,
    LoginResult,
    LoginStart,
    ValidationError,
    VaultKeyError,
)

if TYPE_CHECKING:
    from tests.support.vault import Town

PLACES = ("absent", "wrong", "other", "right")


def test_a_login_connects_an_account(town: Town) -> None:
    """What was asked for, granted and said comes back with an account that works."""
    vault = town.vault()

    result = town.login(vault, user_id="u-1", next_url="/settings?tab=tiktok#top")

    assert isinstance(result, LoginResult)
    assert (result.next_url, result.granted, result.missing) == (
        "/settings?tab=tiktok#top",
        frozenset(SCOPES),
        frozenset(),
    )
    assert (result.account.status, result.account.user_id) == ("active", "u-1")
    assert result.account.scopes == frozenset(SCOPES)
    assert town.accepts(town.do(result.account.access_token))


def test_a_login_nobody_finished_is_dropped_after_a_day(town: Town) -> None:
    """By whatever vault starts next: no refresher is needed for that."""
    start = town.do(town.vault().begin_login)
    query = town.callback(start.url)
    town.clock.advance(25 * HOUR)

    error = town.refused(town.vault().finish_login, query, start.binding)

    assert isinstance(error, LoginError)
    assert error.reason == "missing"


def test_a_start_shows_where_to_go_and_hides_what_binds(town: Town) -> None:
    """The binding is a cookie's value: long, random, and not in the repr."""
    first, second = (town.do(town.vault().begin_login) for _ in range(2))

    assert isinstance(first, LoginStart)
    assert first.url.startswith("https://www.tiktok.com/v2/auth/authorize/?")
    assert len(first.binding) >= 43
    assert first.binding != second.binding
    assert first.binding not in repr(first)


@pytest.mark.parametrize(("state", "binding"), list(product(PLACES, repeat=2)))
def test_only_the_right_state_with_the_right_binding_passes(
    town: Town, state: str, binding: str
) -> None:
    """Of sixteen combinations one is exchanged, and the others use nothing up."""
    vault = town.vault()
    right, other, third = (town.do(vault.begin_login) for _ in range(3))
    query, foreign = town.callback(right.url), town.callback(other.url)
    queries = {
        "absent": query.replace("state=", "stale="),
        "wrong": query.replace("state=", "state=0"),
        "other": foreign,
        "right": query,
    }
    bindings = {"absent": "", "wrong": "x" * 43, "other": third.binding, "right": right.binding}
    finish = partial(vault.finish_login, queries[state], bindings[binding])
    if (state, binding) == ("right", "right"):
        assert town.do(finish).account.status == "active"
        return

    error = town.refused(finish)

    assert isinstance(error, LoginError)
    is_known = state in {"other", "right"} and binding != "absent"
    assert error.reason == ("other_browser" if is_known else "missing")
    assert not town.calls("exchange")
    assert town.do(vault.finish_login, query, right.binding).account.status == "active"


def test_a_callback_is_good_once(town: Town) -> None:
    """The second time it is refused without asking TikTok."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url)
    town.do(vault.finish_login, query, start.binding)

    error = town.refused(vault.finish_login, query, start.binding)

    assert isinstance(error, LoginError)
    assert error.reason == "replayed"
    assert len(town.calls("exchange")) == 1


def test_two_callbacks_at_once_make_one_token_call(town: Town) -> None:
    """The browser that sends its callback twice is connected once."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    finish = partial(vault.finish_login, town.callback(start.url), start.binding)

    outcomes = town.world.together([finish] * 2)

    assert len(town.calls("exchange")) == 1
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["LoginError", "LoginResult"]


@pytest.mark.parametrize(("minutes", "reason"), [(9.9, None), (10.0, "expired"), (700, "expired")])
def test_a_login_ends_after_ten_minutes(town: Town, minutes: float, reason: str | None) -> None:
    """A person has ten minutes to come back."""
    vault = town.vault()
    town.sandbox.turn(code_ttl=24 * 3600)
    start = town.do(vault.begin_login)
    query = town.callback(start.url)
    town.clock.advance(minutes * 60)
    if reason is None:
        assert town.do(vault.finish_login, query, start.binding).account.status == "active"
        return

    error = town.refused(vault.finish_login, query, start.binding)

    assert isinstance(error, LoginError)
    assert error.reason == reason


def test_a_login_that_ended_is_forgotten_after_a_day(town: Town) -> None:
    """Until then the reason it is refused for can be told."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url)
    town.do(vault.finish_login, query, start.binding)
    town.clock.advance(23 * 3600)
    town.store.prune(town.clock.now())
    kept = town.refused(vault.finish_login, query, start.binding)
    town.clock.advance(2 * 3600)
    town.store.prune(town.clock.now())

    gone = town.refused(vault.finish_login, query, start.binding)

    assert isinstance(kept, LoginError)
    assert isinstance(gone, LoginError)
    assert (kept.reason, gone.reason) == ("replayed", "missing")


def test_a_person_who_declines_is_told_apart(town: Town) -> None:
    """No account is made, and the login is over."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url, decision=False)

    error, again = (town.refused(vault.finish_login, query, start.binding) for _ in range(2))

    assert isinstance(error, LoginError)
    assert isinstance(again, LoginError)
    assert (error.reason, again.reason) == ("denied", "replayed")
    assert not town.calls("exchange")
    assert list(town.do(vault.accounts)) == []


def test_a_strangers_error_ends_nobodys_login(town: Town) -> None:
    """An error in a callback is not believed before its login is found."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    forged = "error=access_denied&" + town.callback(start.url, decision=False)
    town.refused(vault.finish_login, forged.replace("state=", "state=1"), start.binding)
    town.refused(vault.finish_login, forged, "another browser's")

    result = town.do(vault.finish_login, town.callback(start.url), start.binding)

    assert result.account.status == "active"


def test_a_login_that_cannot_be_kept_here_is_not_spent(town: Town) -> None:
    """A process with keys for access tokens only may begin it; one with all keys finishes it."""
    begins = town.vault(keys=town.keys.for_access_only(), refreshed_by="refresher")
    start = town.do(begins.begin_login)
    query = town.callback(start.url)

    error = town.refused(begins.finish_login, query, start.binding)

    assert isinstance(error, VaultKeyError)
    assert "whole key ring" in error.hint
    assert not town.calls("exchange")
    assert town.do(town.vault().finish_login, query, start.binding).account.status == "active"


def test_an_error_of_tiktoks_own_goes_out_typed(town: Town) -> None:
    """What TikTok's page reports instead of a code is a typed error."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url, decision=False).replace("access_denied", "server_error")

    error = town.refused(vault.finish_login, query, start.binding)

    assert error.tiktok_code == "server_error"
    assert not town.calls("exchange")


def test_logins_in_several_tabs_do_not_disturb_each_other(town: Town) -> None:
    """Each tab has a binding of its own; they finish in any order."""
    vault = town.vault()
    starts = [town.do(vault.begin_login, next_url=f"/{tab}") for tab in range(5)]
    people = ("mina", "jonas", "ayse", "ha", "mina")
    queries = [
        town.callback(start.url, person) for start, person in zip(starts, people, strict=True)
    ]

    results = [
        town.do(vault.finish_login, queries[tab], starts[tab].binding) for tab in (3, 0, 4, 1, 2)
    ]

    assert [result.next_url for result in results] == ["/3", "/0", "/4", "/1", "/2"]
    assert len(list(town.do(vault.accounts))) == 4


def test_a_query_may_be_a_mapping(town: Town) -> None:
    """Frameworks hand over decoded fields; a code with an asterisk survives both."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    fields = {
        "code": town.sandbox.code("mina", SCOPES),
        "state": start.url.partition("&state=")[2].partition("&")[0],
        "scopes": ",".join(SCOPES),
    }

    result = town.do(vault.finish_login, fields, start.binding)

    assert result.account.status == "active"


def test_a_failed_exchange_connects_nobody(town: Town) -> None:
    """The code is spent, and the person has to begin again."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url)
    town.clock.advance(400)  # A code lives for 300 s.

    error = town.refused(vault.finish_login, query, start.binding)

    assert isinstance(error, InvalidTokenError)
    assert list(town.do(vault.accounts)) == []


def test_a_code_verifier_lies_sealed_until_the_person_is_back(town: Town) -> None:
    """With PKCE the exchange proves what the authorization request promised."""
    vault = town.vault(town.client(redirect_uri="http://127.0.0.1:8000/callback"))
    start = town.do(vault.begin_login, SCOPES)

    result = town.do(vault.finish_login, town.callback(start.url), start.binding)

    assert "code_challenge=" in start.url
    assert result.account.status == "active"


def test_a_login_is_finished_where_it_is_asked_for_with_auto_auth_off(town: Town) -> None:
    """``disable_auto_auth`` reaches TikTok's page."""
    start = town.do(town.vault().begin_login, disable_auto_auth=True)

    assert "disable_auto_auth=1" in start.url


@pytest.mark.parametrize("user_id", ["", "x" * 256, "a\nb", 7, "\x00"])
def test_a_user_id_is_a_short_printable_string(town: Town, user_id: object) -> None:
    """What would break a log line or a page is refused before anything is kept."""
    error = town.refused(town.vault().begin_login, user_id=user_id)

    assert isinstance(error, ValidationError)
    assert "user_id" in error.message


@pytest.mark.parametrize("binding", ["", None, 7, b"bytes"])
def test_a_binding_that_is_none_is_a_missing_login(town: Town, binding: object) -> None:
    """A browser without the cookie began no login."""
    vault = town.vault()
    start = town.do(vault.begin_login)

    error = town.refused(vault.finish_login, town.callback(start.url), binding)

    assert isinstance(error, LoginError)
    assert error.reason == "missing"


@pytest.mark.parametrize(
    "query", ["", "x", "code=a", "state=b", "state=" + "9" * 70_000, 7, {1: 2}]
)
def test_a_query_that_is_no_callback_is_refused(town: Town, query: object) -> None:
    """Whatever somebody sends, it is a typed error, and TikTok is not asked."""
    error = town.refused(town.vault().finish_login, query, "binding")

    assert isinstance(error, LoginError | ValidationError)
    assert not town.calls("exchange")
