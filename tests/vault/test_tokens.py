"""Access tokens: served while they live, renewed once, and given up only on evidence."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import FakeClock
from tests.support.vault import HOUR, SCOPES
from tiktok_oauth import (
    InvalidCredentialsError,
    InvalidTokenError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TikTokAPIError,
    ValidationError,
)
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, App
from tiktok_oauth.vault.refresh.place import seal_tokens
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.stores.rows import Consent, Event, Ref

if TYPE_CHECKING:
    from tests.support.vault import Town

DAY = 24 * HOUR


def test_a_fresh_token_comes_from_memory(town: Town) -> None:
    """Neither the store nor TikTok is asked."""
    account = town.connect(town.vault())
    first = town.do(account.access_token)
    town.store.erase(town.row(account).ref)

    assert [town.do(account.access_token) for _ in range(3)] == [first] * 3
    assert town.refreshes == 0


def test_after_a_refresh_by_hand_the_token_in_memory_is_not_used(town: Town) -> None:
    """TikTok may have ended the old one; the next caller gets the one that the refresh brought."""
    account = town.connect(town.vault())
    before = town.do(account.access_token)

    town.do(account.refresh)

    after = town.do(account.access_token)
    assert after != before
    assert town.accepts(after)


@pytest.mark.slow
def test_tokens_in_memory_are_nothing_to_the_garbage_collector(town: Town) -> None:
    """It would look through a hundred thousand of them again and again, with everybody waiting."""
    vault, tokens = town.vault(), town.tokens("mina")
    many = [replace(tokens, open_id=f"-000{number:028}") for number in range(50)]
    accounts = [town.do(vault.adopt, one) for one in many]
    before = _tracked()

    handed_out = [town.do(account.access_token) for account in accounts]

    assert handed_out == [tokens.access_token] * len(many)
    assert _tracked() - before < len(many) // 2


def test_memory_is_compared_with_the_store_every_minute(town: Town) -> None:
    """Somebody else may have disconnected the account."""
    account = town.connect(town.vault())
    town.do(account.access_token)
    town.do(town.do(town.vault().account, account.open_id).disconnect)

    town.clock.advance(61)

    assert isinstance(town.refused(account.access_token), InvalidTokenError)


def test_a_token_that_ends_soon_is_served_and_renewed_meanwhile(town: Town) -> None:
    """Nobody waits for a refresh while the old token lives."""
    vault = town.vault()
    account = town.connect(vault)
    old = town.do(account.access_token)
    town.clock.advance(7200 - 20 * 60)

    served = town.do(account.access_token)
    town.shut(vault)  # Waits for what is under way.

    assert served == old
    assert town.refreshes == 1
    assert town.row(account).ver == 2


@pytest.mark.parametrize("ago", [7180, 7200, 30 * DAY])
def test_a_token_that_ends_now_is_renewed_first(town: Town, ago: float) -> None:
    """In its last seconds, and after its end, only a new one is handed out."""
    account = town.connect(town.vault())
    old = town.do(account.access_token)
    town.clock.advance(ago)

    new = town.do(account.access_token)

    assert new != old
    assert town.accepts(new)
    assert town.refreshes == 1


def test_a_row_with_a_lifetime_below_zero_is_renewed_first(town: Town) -> None:
    """An older version has stored such of dumps; what it says has ended is not handed out."""
    vault, tokens = town.vault(), town.tokens("mina")
    ref, now = Ref(DEFAULT_APP.client_key, tokens.open_id), town.clock.now()
    ended = replace(tokens, expires_in=-7294)
    sealed = seal_tokens(Cipher(town.keys), ref, ended, gen=1, ver=1, at=now, roll=0.0)
    town.store.consent(Consent(ref, 1, None, now, sealed, Event(now, "imported"), 0, now))
    account = town.do(vault.account, ref.open_id)

    assert account.status == "refresh_due"
    assert town.do(account.access_token) != tokens.access_token
    assert town.refreshes == 1


def test_a_twenty_second_token_is_not_renewed_at_every_call(town: Town) -> None:
    """Margins scale with the lifetime: a short one is used for most of its time."""
    town.sandbox.turn(access_ttl=20)
    account = town.connect(town.vault())

    for _ in range(60):
        assert town.accepts(town.do(account.access_token))
        town.clock.advance(1)

    assert town.refreshes <= 4


def test_the_old_lifetimes_work_as_well(town: Town) -> None:
    """24 h and 365 d, as TikTok had them before: everything follows from the answer."""
    town.sandbox.turn(access_ttl=86400, refresh_ttl=365 * 86400)
    account = town.connect(town.vault())
    town.clock.advance(22 * HOUR)
    town.do(account.access_token)
    assert town.refreshes == 0

    town.clock.advance(2 * HOUR)
    assert town.accepts(town.do(account.access_token))

    assert town.refreshes == 1


def test_refreshing_replaces_both_tokens(town: Town) -> None:
    """``refresh`` asks TikTok, needed or not; the account says when its tokens end now."""
    account = town.connect(town.vault())
    old = town.do(account.access_token)
    town.clock.advance(60)

    state = town.do(account.refresh)

    assert town.refreshes == 1
    assert (state.status, state.refreshed_at) == ("active", town.clock.now())
    assert state.access_expires_at == town.clock.now() + 7200
    new = town.do(account.access_token)
    assert new != old
    assert town.accepts(new)


@pytest.mark.slow
def test_each_refresh_uses_the_token_before(town: Town) -> None:
    """Thirty rotations in a row, and TikTok refuses none of them."""
    account = town.connect(town.vault())

    for _ in range(30):
        town.do(account.refresh)

    assert {call.outcome for call in town.calls("refresh")} == {"ok"}
    assert town.row(account).ver == 31


def test_lifetimes_count_from_when_the_request_was_sent(town: Town) -> None:
    """A slow answer does not make a token live longer."""
    account = town.connect(town.vault())
    asked_at = town.clock.now()
    town.after = lambda _: town.clock.advance(50)

    state = town.do(account.refresh)

    assert state.access_expires_at == asked_at + 7200


def test_many_callers_wait_for_one_refresh(town: Town) -> None:
    """Ten at a time ask for the same expired account: one request, one token."""
    account = town.connect(town.vault())
    town.clock.advance(3 * HOUR)

    tokens = town.world.together([account.access_token] * 10)

    assert len(set(tokens)) == 1
    assert town.accepts(tokens[0])
    assert town.refreshes == 1


def test_two_vaults_over_one_store_refresh_once(town: Town) -> None:
    """Whoever comes second finds the claim, waits, and reads what the first has written."""
    first, second = (town.vault() for _ in range(2))
    account = town.connect(first)
    again = town.do(second.account, account.open_id)
    town.clock.advance(3 * HOUR)
    written = threading.Event()
    for vault in (first, second):
        vault.subscribe(lambda _: written.set())
    town.clock.meanwhile = lambda: written.wait(10)

    tokens = town.world.together([account.access_token, again.access_token] * 5)

    assert len(set(tokens)) == 1
    assert town.refreshes == 1


@pytest.mark.parametrize("fault", ["drop_before", "server_error", "rate_limited", "html"])
def test_while_refreshing_fails_the_living_token_is_served(town: Town, fault: str) -> None:
    """An outage of TikTok's does not reach the callers before the token ends."""
    account = town.connect(town.vault())
    old = town.do(account.access_token)
    town.sandbox.fault(fault, endpoint="refresh")

    for _ in range(9):
        town.clock.advance(7200 / 10)
        assert town.do(account.access_token) == old

    assert town.do(account.reload).status == "active"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("drop_before", TikTokAPIError),
        ("reset_before", TikTokAPIError),
        ("server_error", ServerError),
        ("rate_limited", RateLimitError),
        ("html", ServerError),
        ("unknown_code", ValidationError),
    ],
)
def test_no_transient_failure_ends_an_account(
    town: Town, fault: str, kind: type[TikTokAPIError]
) -> None:
    """After ten days of failures the account is as it was, and recovers by itself."""
    account = town.connect(town.vault())
    town.sandbox.fault(fault, endpoint="refresh")
    town.clock.advance(3 * HOUR)

    for _ in range(40):
        error = town.refused(account.access_token)
        assert isinstance(error, kind) or error.retry_after
        assert not isinstance(error, InvalidTokenError)
        town.clock.advance(6 * HOUR)

    assert town.row(account).status == "active"
    town.sandbox.clear_faults()
    town.clock.advance(2 * DAY)
    assert town.accepts(town.do(account.access_token))
    assert town.row(account).failures == 0


@pytest.mark.slow
def test_failures_are_waited_out_longer_and_longer(town: Town) -> None:
    """Callers of a broken account do not become a storm of requests."""
    account = town.connect(town.vault())
    town.sandbox.fault("rate_limited", endpoint="refresh")
    town.clock.advance(3 * HOUR)
    for _ in range(360):
        town.refused(account.access_token)
        town.clock.advance(10)

    assert 3 <= town.refreshes <= 12


def test_tiktoks_own_wait_is_kept(town: Town) -> None:
    """``Retry-After`` is passed on, and nobody asks before it is over."""
    account = town.connect(town.vault())
    town.sandbox.fault("rate_limited", endpoint="refresh", retry_after=120, count=1)
    town.clock.advance(3 * HOUR)

    errors = [town.refused(account.access_token) for _ in range(3)]

    assert isinstance(errors[0], RateLimitError)
    assert [round(error.retry_after or 0) for error in errors] == [120, 120, 120]
    assert all(error.retryable for error in errors)
    assert town.refreshes == 1
    town.clock.advance(121)
    assert town.accepts(town.do(account.access_token))


@pytest.mark.slow
def test_a_caller_without_patience_gets_a_typed_error(town: Town) -> None:
    """The refresh goes on without it, and what it brings is kept."""
    vault = town.vault(town.client(timeout=0.05))
    account = town.connect(vault)
    town.clock.advance(3 * HOUR)
    town.before = lambda _: _wait_for(town.hold)

    error = town.refused(account.access_token)
    town.hold.set()
    town.shut(vault)

    assert isinstance(error, RequestTimeoutError)
    assert error.retryable
    assert error.retry_after == 1.0
    assert town.refreshes == 1
    assert town.row(account).ver == 2


def _wait_for(event: threading.Event) -> None:
    assert event.wait(10)


def test_a_process_that_only_waits_makes_no_request(town: Town) -> None:
    """``refreshed_by="refresher"``: it says what it wants and reads what somebody else wrote."""
    worker = town.connect(town.vault(), user_id="u-1")
    waits = town.vault(refreshed_by="refresher", store=town.heard_by(worker.access_token))
    account = town.do(waits.account, worker.open_id)
    town.clock.advance(3 * HOUR)

    token = town.do(account.access_token)

    assert town.accepts(token)
    assert town.refreshes == 1
    assert town.wanted == [account.open_id]


def test_without_a_refresher_a_waiting_process_says_when_to_ask_again(town: Town) -> None:
    """Nothing is sent, and the error can be retried."""
    account = town.connect(town.vault(refreshed_by="refresher"))
    town.clock.advance(3 * HOUR)

    error = town.refused(account.access_token)

    assert error.retryable
    assert error.retry_after
    assert town.refreshes == 0
    row = town.row(account)
    assert (row.warm_at, row.keep_at) == (0, 0)


@pytest.mark.slow
def test_a_process_that_only_waits_asks_for_a_refresher(town: Town) -> None:
    """Where nobody refreshes, nothing goes on, and that is not said."""
    nobody = town.heard_by(lambda: _wait_for(town.hold))
    waits = town.vault(town.client(timeout=0.05), refreshed_by="refresher", store=nobody)
    account = town.connect(waits)
    town.clock.advance(3 * HOUR)

    error = town.refused(account.access_token)
    town.hold.set()
    town.shut(waits)

    assert isinstance(error, RequestTimeoutError)
    assert "No refresher has refreshed the account within 0.05 s." in error.message
    assert "tiktok-oauth refresher" in error.hint


def test_who_refreshes_is_one_of_two_words(town: Town) -> None:
    """Anything else is refused when the vault is made."""
    with pytest.raises(ValidationError):
        town.vault(refreshed_by="somebody")


def test_a_refresh_keeps_the_scopes(town: Town) -> None:
    """What the person granted is what the answer says."""
    account = town.connect(town.vault())

    assert town.do(account.refresh).scopes == frozenset(SCOPES)


def test_a_refused_token_is_replaced_by_one_refresh(town: Town) -> None:
    """However many say that TikTok refused it: to all but the first, another one is at hand."""
    account = town.connect(town.vault())
    first = town.do(account.access_token)

    others = {town.do(account.access_token, refused=first) for _ in range(3)}

    assert first not in others
    assert others == {town.do(account.access_token)}
    assert town.refreshes == 1


def test_what_replaces_a_refused_token_has_not_ended_itself(town: Town) -> None:
    """The newer token in the store may have come long ago: then it is refreshed as ever."""
    account = town.connect(town.vault())
    refused = town.do(account.access_token)
    town.do(account.refresh)
    town.clock.advance(30 * HOUR)

    assert town.accepts(town.do(account.access_token, refused=refused))


@pytest.mark.parametrize("hours", [3, 24, 30 * 24])
@pytest.mark.parametrize("tries", [1, 20])
def test_a_failure_while_the_clock_was_ahead_bars_nobody(
    town: Town, hours: int, tries: int
) -> None:
    """What was put off until then is asked for as soon as the clock is right again."""
    account = town.connect(town.vault())
    ahead = FakeClock()
    ahead.advance(hours * HOUR)
    town.sandbox.fault("drop_before", endpoint="refresh", count=1000)
    other = town.do(town.vault(town.client(clock=ahead)).account, account.open_id)
    for _ in range(tries):
        town.refused(other.refresh)
        ahead.advance(60)
    assert town.row(account).not_before > town.clock.now() + (hours - 1) * HOUR
    town.sandbox.clear_faults()

    town.do(account.refresh)

    assert town.row(account).ver == 2


def test_who_waits_for_a_refresher_is_not_barred_by_a_clock_that_was_ahead(town: Town) -> None:
    """It says what it wants, which the refresher hears."""
    worker = town.connect(town.vault())
    waits = town.vault(refreshed_by="refresher", store=town.heard_by(worker.access_token))
    ahead = FakeClock()
    ahead.advance(24 * HOUR)
    town.sandbox.fault("drop_before", endpoint="refresh", count=1000)
    town.refused(town.do(town.vault(town.client(clock=ahead)).account, worker.open_id).refresh)
    town.sandbox.clear_faults()
    town.clock.advance(3 * HOUR)

    assert town.accepts(town.do(town.do(waits.account, worker.open_id).access_token))
    assert town.wanted == [worker.open_id]


def test_a_day_that_tiktok_asks_for_is_waited(town: Town) -> None:
    """It is no clock's mistake, though it be the first failure."""
    account = town.connect(town.vault())
    town.sandbox.fault("rate_limited", endpoint="refresh", retry_after=24 * 3600)
    town.refused(account.refresh)
    town.clock.advance(23 * HOUR)

    assert town.refused(account.refresh).retry_after == pytest.approx(HOUR, abs=60)
    assert len(town.calls("refresh")) == 1


@pytest.mark.parametrize("hours", [24, 30 * 24])
def test_what_came_while_the_clock_was_ahead_is_not_handed_out_once_it_has_ended(
    town: Town, hours: int
) -> None:
    """Once the clock is right again it is refreshed: nobody knows when it ends."""
    account = town.connect(town.vault())
    ahead = FakeClock()
    ahead.advance(hours * HOUR)
    town.do(town.do(town.vault(town.client(clock=ahead)).account, account.open_id).refresh)
    town.clock.advance(2.5 * HOUR)

    assert town.accepts(town.do(account.access_token))
    assert town.refreshes == 2


def test_a_wrong_secret_bars_nobody_for_longer_than_eight_minutes(town: Town) -> None:
    """However long it was wrong: once it is right, everything goes on."""
    account = town.connect(town.vault())
    wrong = App(DEFAULT_APP.client_key, "another-client-secret", "The app")
    worker = town.do(town.vault(town.client(wrong)).account, account.open_id)
    for _ in range(120):
        assert isinstance(town.refused(worker.refresh), InvalidCredentialsError)
        town.clock.advance(480)

    town.do(account.refresh)

    assert town.row(account).ver == 2


def test_each_who_waits_for_a_refresh_has_an_error_of_its_own(town: Town) -> None:
    """Each writes on it which call it was, and a traceback is of one caller."""
    account = town.connect(town.vault())
    town.clock.advance(30 * HOUR)
    town.sandbox.fault("drop_before", endpoint="refresh")

    errors = town.world.together([account.access_token, account.access_token])

    assert all(isinstance(error, TikTokAPIError) for error in errors)
    assert errors[0] is not errors[1]


def _tracked() -> int:
    """How many tuples and objects of ours the garbage collector has to look through."""
    gc.collect()
    kinds = map(type, gc.get_objects())
    # Of a class that defines a property of that name, the module is no text.
    ours = (kind is tuple or str(kind.__module__).startswith("tiktok_oauth.") for kind in kinds)
    return sum(ours)
