"""When an account is given up, and when it only looks lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import HOUR
from tiktok_oauth import InvalidTokenError, ServerError, TikTokAPIError, VaultEvent

if TYPE_CHECKING:
    from tests.support.vault import Town
    from tiktok_oauth.protocol.http import HttpRequest

DAY = 24 * HOUR


def test_a_revoked_account_is_known_at_once_while_its_token_should_live(town: Town) -> None:
    """TikTok refuses both tokens: one look at the profile decides."""
    vault = town.vault()
    heard: list[VaultEvent] = []
    account = town.connect(vault)
    vault.subscribe(heard.append)
    town.sandbox.disconnect("mina")

    error = town.refused(account.refresh)

    assert isinstance(error, InvalidTokenError)
    assert not error.retryable
    assert (town.refreshes, len(town.calls("user_info"))) == (1, 1)
    state = town.do(account.reload)
    assert (state.status, state.reason) == ("needs_login", "revoked")
    assert [event.kind for event in heard] == ["needs_login"]
    assert isinstance(town.refused(account.access_token), InvalidTokenError)


def test_why_an_account_was_given_up_is_told_long_after(town: Town) -> None:
    """Its tokens are dropped in the end, and the reason stays."""
    account = town.connect(town.vault())
    town.sandbox.disconnect("mina")
    first = town.refused(account.refresh)
    town.clock.advance(500 * DAY)
    town.store.prune(town.clock.now())
    assert town.row(account).refresh is None

    assert town.refused(account.access_token).message == first.message


def test_a_call_with_a_revoked_token_ends_in_needs_login(town: Town) -> None:
    """``access_token_invalid``, then ``invalid_grant``, then the witness: one typed error."""
    account = town.connect(town.vault())
    town.sandbox.disconnect("mina")

    error = town.refused(account.user_info)

    assert isinstance(error, InvalidTokenError)
    assert town.do(account.reload).reason == "revoked"


def test_a_refusal_is_evidence_and_no_verdict(town: Town) -> None:
    """With the access token gone, three refusals over an hour are needed; callers may wait."""
    account = town.connect(town.vault())
    town.clock.advance(3 * HOUR)
    town.sandbox.disconnect("mina")
    waits = []

    while not isinstance(error := town.refused(account.access_token), InvalidTokenError):
        assert isinstance(error, ServerError)
        assert error.retryable
        assert town.do(account.reload).status == "refresh_due"
        waits.append(round(error.retry_after or 0))
        town.clock.advance(error.retry_after or 0)

    assert waits == [60, 3600]
    assert town.refreshes == 3
    assert (account.status, account.reason) == ("refresh_due", None)
    assert town.do(account.reload).reason == "revoked"


def test_a_token_that_ends_while_it_is_asked_about_proves_nothing(town: Town) -> None:
    """Only an unexpired access token is a witness: this one expired on its way."""
    account = town.connect(town.vault())
    town.sandbox.disconnect("mina")

    def take_time(request: HttpRequest) -> None:
        if "user/info" in request.url:
            town.clock.advance(3 * HOUR)

    town.before = take_time

    error = town.refused(account.refresh)

    assert error.retryable
    assert town.row(account).status == "active"


def test_a_token_from_the_future_proves_nothing(town: Town) -> None:
    """It was issued by a clock that was ahead: nobody knows whether it should still live."""
    account = town.connect(town.vault())
    town.clock.advance(24 * HOUR)
    town.do(account.refresh)
    town.clock.advance(-23 * HOUR)
    town.sandbox.disconnect("mina")

    error = town.refused(account.refresh)

    assert error.retryable
    assert town.row(account).status == "active"


def test_a_clock_in_whole_seconds_is_not_one_that_was_ahead(town: Town) -> None:
    """A sandbox's time may seem to go back by a part of a second: who has left is known at once."""
    account = town.connect(town.vault())
    town.clock.advance(-0.7)
    town.sandbox.disconnect("mina")

    error = town.refused(account.refresh)

    assert not error.retryable
    assert town.row(account).reason == "revoked"


@pytest.mark.slow
def test_while_the_ladder_runs_nobody_asks_tiktok(town: Town) -> None:
    """A hundred callers between two tries get the same answer for nothing."""
    account = town.connect(town.vault())
    town.clock.advance(3 * HOUR)
    town.sandbox.disconnect("mina")
    town.refused(account.access_token)

    errors = [town.refused(account.access_token) for _ in range(100)]

    assert all(error.retryable and error.retry_after == 60 for error in errors)
    assert town.refreshes == 1


def test_a_grant_that_comes_back_is_as_if_nothing_had_been(town: Town) -> None:
    """TikTok refused by mistake: the same token works later, and the evidence is dropped."""
    account = town.connect(town.vault())
    town.clock.advance(3 * HOUR)
    world = town.sandbox.export_state()
    town.sandbox.disconnect("mina")
    town.refused(account.access_token)
    town.sandbox.import_state(world)
    town.clock.advance(61)

    assert town.accepts(town.do(account.access_token))
    assert (town.row(account).refusals, town.row(account).refused_at) == (0, None)


def test_a_grant_whose_time_is_up_has_expired(town: Town) -> None:
    """After the refresh token's own end one refusal is enough."""
    account = town.connect(town.vault())
    town.clock.advance(181 * DAY)

    error = town.refused(account.access_token)

    assert isinstance(error, InvalidTokenError)
    assert town.refreshes == 1
    state = town.do(account.reload)
    assert (state.status, state.reason) == ("needs_login", "expired")


def test_an_answer_that_was_lost_is_called_so(town: Town) -> None:
    """TikTok rotated and nobody got the answer: probed, climbed, and said honestly."""
    account = town.connect(town.vault())
    town.sandbox.fault("drop_after", endpoint="refresh", count=1)
    town.clock.advance(3 * HOUR)

    while not isinstance(error := town.refused(account.access_token), InvalidTokenError):
        assert error.retryable
        town.clock.advance(error.retry_after or 1)

    assert error.lost_in_flight
    state = town.do(account.reload)
    assert (state.status, state.reason) == ("needs_login", "lost_in_flight")
    assert town.calls("refresh")[0].fault == "drop_after"


@pytest.mark.parametrize("mode", ["grace", "leeway"])
def test_a_lost_answer_is_recovered_where_tiktok_forgives(town: Town, mode: str) -> None:
    """The same token is sent again soon, and buys the lost one."""
    town.sandbox.turn(rotation=mode)
    account = town.connect(town.vault())
    town.sandbox.fault("drop_after", endpoint="refresh", count=1)
    town.clock.advance(3 * HOUR)

    assert town.accepts(town.do(account.access_token))
    assert town.refreshes == 2
    assert town.row(account).doubt_at is None


@pytest.mark.parametrize("fault", ["drop_before", "reset_before"])
def test_a_request_tiktok_never_handled_is_made_again(town: Town, fault: str) -> None:
    """Nobody knows whether it was handled: the probe finds out that it was not."""
    account = town.connect(town.vault())
    town.sandbox.fault(fault, endpoint="refresh", count=1)
    town.clock.advance(3 * HOUR)

    assert town.accepts(town.do(account.access_token))


@pytest.mark.parametrize("fault", ["wrong_types", "garbage", "half_body", "missing_field"])
def test_an_answer_nobody_can_read_is_not_parsed_away(town: Town, fault: str) -> None:
    """What can be salvaged from it is used; what cannot is called lost, never a crash."""
    account = town.connect(town.vault())
    town.sandbox.fault(fault, endpoint="refresh", count=1)
    town.clock.advance(3 * HOUR)

    outcome = _outcome(town, account)

    if fault == "missing_field":
        assert town.accepts(str(outcome))
    else:
        assert isinstance(outcome, TikTokAPIError)
        assert outcome.retryable
        assert town.row(account).doubt_at is not None


@pytest.mark.slow
def test_a_token_used_by_somebody_else_is_told_apart(town: Town) -> None:
    """The access token still works, so nobody has revoked: it was rotated elsewhere."""
    vault = town.vault()
    tokens = town.tokens()
    account = town.do(vault.adopt, tokens)
    client = town.client()
    town.do(client.refresh_access_token, tokens.refresh_token)

    first = town.refused(account.refresh)
    served = town.do(account.access_token)
    while not isinstance(error := town.refused(account.refresh), InvalidTokenError):
        town.clock.advance(300)

    assert first.retryable
    assert served == tokens.access_token
    assert not error.lost_in_flight
    assert town.do(account.reload).reason == "rotated_elsewhere"


def _outcome(town: Town, account: Any) -> object:  # noqa: ANN401 - of either kind
    try:
        return town.do(account.access_token)
    except TikTokAPIError as error:
        return error


def _overtake(town: Town, *steps: Any) -> list[Any]:  # noqa: ANN401 - calls of either kind
    """Before the next request, let somebody else do these things; what came of them, in the end."""
    done: list[Any] = []

    def before(_: object) -> None:
        town.before = lambda _: None
        # As if the claim had been taken over while this process slept.
        town.clock.advance(1000)
        done.extend(town.elsewhere(step) for step in steps)

    town.before = before
    return done


def test_a_token_replaced_while_it_was_refused_is_no_refusal(town: Town) -> None:
    """The loser of a race reads again before it believes ``invalid_grant``."""
    account = town.connect(town.vault())
    other = town.do(town.vault().account, account.open_id)
    town.clock.advance(3 * HOUR)
    done = _overtake(town, other.access_token)

    token = town.do(account.access_token)

    assert [token] == done
    assert [call.outcome for call in town.calls("refresh")] == ["ok", "invalid_grant"]
    assert (town.row(account).status, town.row(account).refusals) == ("active", 0)


def test_an_account_that_left_while_it_was_refused_is_gone(town: Town) -> None:
    """The loser of a race finds a newer row without tokens: an error, and no token of nobody."""
    account = town.connect(town.vault())
    other = town.do(town.vault().account, account.open_id)
    town.clock.advance(3 * HOUR)
    _overtake(town, other.access_token, other.disconnect)

    error = town.refused(account.access_token)

    assert isinstance(error, InvalidTokenError)
    assert town.row(account).status == "disconnected"


def test_an_account_that_needs_a_login_is_asked_for_no_more(town: Town) -> None:
    """TikTok hears nothing of it until its person is back."""
    vault = town.vault()
    account = town.connect(vault)
    town.sandbox.disconnect("mina")
    town.refused(account.refresh)
    asked = town.refreshes

    for _ in range(3):
        town.clock.advance(30 * DAY)
        assert isinstance(town.refused(account.access_token), InvalidTokenError)
        assert isinstance(town.refused(account.refresh), InvalidTokenError)

    assert town.refreshes == asked
    again = town.login(vault).account
    assert again.open_id == account.open_id
    assert town.accepts(town.do(account.access_token))


def test_tokens_of_another_person_are_not_used(town: Town) -> None:
    """An answer for somebody else blocks the account, and is kept aside."""
    vault = town.vault()
    account = town.do(vault.adopt, town.tokens("jonas"))
    mixed = town.tokens("mina")
    town.do(vault.adopt, mixed)
    wrong = town.do(vault.adopt, replace(mixed, open_id="-000somebody-else"))

    error = town.refused(wrong.refresh)

    assert isinstance(error, ServerError)
    assert not error.retryable
    state = town.do(wrong.reload)
    assert (state.status, state.reason) == ("blocked", "other_account")
    assert town.row(account).status == "active"
    [candidate] = town.store.candidates(town.row(wrong).ref)
    assert candidate.source == "other_account"
