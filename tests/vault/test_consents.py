"""Consents: the newest counts, for the person who gave it, in the app that asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import FakeClock
from tests.support.vault import HOUR, OTHER_APP, SCOPES, SharedStore
from tiktok_oauth import LoginResult, StoreError, ValidationError
from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.stores.rows import next_gen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.vault import Town
    from tiktok_oauth.vault.stores.rows import Consent


class AbsentStore(SharedStore):
    """A store that cannot take a consent for some tries."""

    tries = 0

    def consent(self, change: Consent) -> bool:
        """Be away, until it has been tried often enough."""
        self.tries -= 1
        if self.tries >= 0:
            raise store_error("The connection was lost.", retryable=True)
        return super().consent(change)


def absent(town: Town, tries: int) -> AbsentStore:
    """A town's store, as somebody sees it to whom it is away."""
    assert isinstance(town.store, SharedStore)
    store = AbsentStore(town.store.database)
    store.tries = tries
    return store


def test_a_consent_waits_for_a_store_that_is_away(town: Town) -> None:
    """TikTok takes no code twice: what is in hand is written as soon as that can be."""
    vault = town.vault(store=absent(town, 5))

    account = town.login(vault).account

    assert town.accepts(town.do(account.access_token))


class ForgetfulStore(SharedStore):
    """A store that takes a consent, and whose connection may be lost before it says so."""

    meanwhile: Callable[[], object] | None = None
    forgets = True

    def consent(self, change: Consent) -> bool:
        """Write, let something happen, and fail."""
        written = super().consent(change)
        happens, self.meanwhile = self.meanwhile, None
        if happens is None:
            return written
        happens()
        if self.forgets:
            raise store_error("The connection was lost.", retryable=True)
        return written


def test_a_consent_that_was_written_is_not_written_again(town: Town) -> None:
    """Though nobody heard of it: somebody may have refreshed its tokens since."""
    assert isinstance(town.store, SharedStore)
    store = ForgetfulStore(town.store.database)
    tokens = town.tokens()
    other = town.vault()

    def refresh() -> None:
        town.elsewhere(town.elsewhere(other.account, tokens.open_id).refresh)

    store.meanwhile = refresh
    account = town.do(town.vault(store=store).adopt, tokens)

    assert (town.row(account).ver, town.refreshes) == (2, 1)
    assert town.accepts(town.do(account.access_token))


@pytest.mark.parametrize("forgets", [False, True])
def test_a_consent_that_was_followed_by_another_does_not_come_back(
    town: Town, *, forgets: bool
) -> None:
    """Between its write and the next look somebody else's was written: that one is the later."""
    assert isinstance(town.store, SharedStore)
    store, other = ForgetfulStore(town.store.database), town.vault()
    store.forgets = forgets
    first, later = town.tokens(), town.tokens(scopes=["user.info.basic"])
    store.meanwhile = lambda: town.elsewhere(other.adopt, later)
    number = next_gen(0, town.clock.now())

    account = town.do(town.vault(store=store).adopt, first)

    assert town.row(account).gen == number + 1
    assert account.scopes == frozenset({"user.info.basic"})


def test_a_login_whose_store_stays_away_says_to_begin_again(town: Town) -> None:
    """After ten seconds; there is nothing to be had by another try, and the error says so."""
    vault = town.vault(store=absent(town, 1000))
    start, before = town.do(vault.begin_login, SCOPES), town.clock.monotonic()

    error = town.refused(vault.finish_login, town.callback(start.url), start.binding)

    assert isinstance(error, StoreError)
    assert (error.retryable, error.hint) == (False, "Begin the login again once the store works.")
    assert 10 <= town.clock.monotonic() - before < 11


def test_scopes_that_were_not_granted_are_reported(town: Town) -> None:
    """A person may untick boxes: the result says which."""
    vault = town.vault()
    start = town.do(vault.begin_login, SCOPES)
    query = town.callback(start.url, scopes=("user.info.basic",))

    result = town.do(vault.finish_login, query, start.binding)

    assert result.granted == frozenset({"user.info.basic"})
    assert result.missing == frozenset({"user.info.profile", "video.list"})


def test_asking_again_for_an_account_takes_no_other(town: Town) -> None:
    """Somebody else who comes back is refused: no account is made, the one asked for stays."""
    vault = town.vault()
    account = town.login(vault, "mina", user_id="u-1").account
    before = town.row(account)

    start = town.do(vault.begin_login, open_id=account.open_id, user_id="u-1")
    error = town.refused(vault.finish_login, town.callback(start.url, "jonas"), start.binding)

    assert isinstance(error, ValidationError)
    assert town.row(account) == before
    assert [one.open_id for one in town.do(vault.accounts)] == [account.open_id]


def test_what_another_person_granted_by_mistake_is_given_back(town: Town) -> None:
    """Nobody keeps those tokens, so they do not go on living at TikTok."""
    vault = town.vault()
    account = town.login(vault, "mina", user_id="u-1").account

    start = town.do(vault.begin_login, open_id=account.open_id, user_id="u-1")
    town.refused(vault.finish_login, town.callback(start.url, "jonas"), start.binding)

    assert [call.outcome for call in town.calls("revoke")] == ["ok"]
    assert town.accepts(town.do(account.access_token))


def test_asking_again_takes_no_other_even_if_it_is_known(town: Town) -> None:
    """The one who came instead keeps their own name, and works with the new consent's tokens."""
    vault = town.vault()
    mina = town.login(vault, "mina", user_id="u-1").account
    jonas = town.login(vault, "jonas", user_id="u-2").account
    before, old = town.row(mina), town.row(jonas)

    start = town.do(vault.begin_login, open_id=mina.open_id, user_id="u-1")
    error = town.refused(vault.finish_login, town.callback(start.url, "jonas"), start.binding)

    assert isinstance(error, ValidationError)
    assert town.row(mina) == before
    assert town.row(jonas).user_id == "u-2"
    assert town.row(jonas).gen > old.gen


def test_asking_again_brings_back_no_other_that_was_disconnected(town: Town) -> None:
    """What the one who came instead granted by mistake is given back, and the row is as it was."""
    vault = town.vault()
    mina = town.login(vault, "mina", user_id="u-1").account
    jonas = town.login(vault, "jonas", user_id="u-2").account
    town.do(jonas.disconnect)
    before = town.row(jonas)

    start = town.do(vault.begin_login, open_id=mina.open_id, user_id="u-1")
    error = town.refused(vault.finish_login, town.callback(start.url, "jonas"), start.binding)

    assert isinstance(error, ValidationError)
    assert town.row(jonas) == before
    assert [call.outcome for call in town.calls("revoke")] == ["ok", "ok"]


def test_the_same_person_again_updates_the_account(town: Town) -> None:
    """One account, with the new consent's tokens and scopes; its user's name stays."""
    vault = town.vault()
    first = town.login(vault, scopes=["user.info.basic"], user_id="u-1")
    before = town.row(first.account)
    town.clock.advance(60)

    second = town.login(vault, open_id=first.account.open_id)

    [account] = town.do(vault.accounts)
    assert (account.user_id, account.scopes) == ("u-1", frozenset(SCOPES))
    assert town.row(account).gen > before.gen
    assert town.do(second.account.access_token) == town.do(first.account.access_token)


def test_an_older_consent_never_replaces_a_newer_one(town: Town) -> None:
    """Of two exchanges under way the one that was sent later wins, whoever answers first."""
    vault = town.vault()
    old, new = (town.do(vault.begin_login, SCOPES) for _ in range(2))
    queries = town.callback(old.url, scopes=("user.info.basic",)), town.callback(new.url)
    overtaken: list[str] = []

    def overtake(_: object) -> None:
        if not overtaken:
            overtaken.append("now")
            town.clock.advance(5)
            other = town.vault()
            finish = partial(other.finish_login, queries[1], new.binding)
            town.elsewhere(finish)

    town.after = overtake
    result = town.do(vault.finish_login, queries[0], old.binding)

    assert town.row(result.account).granted_at == town.clock.now()
    assert town.row(result.account).scope == ",".join(SCOPES)
    assert result.account.scopes == frozenset(SCOPES)


def test_a_login_counts_after_one_by_a_clock_that_was_ahead(town: Town) -> None:
    """Of a consent of a time to come nobody can say that it is newer: the one at hand stands."""
    ahead = FakeClock()
    ahead.advance(20 * HOUR)
    town.login(town.vault(town.client(clock=ahead)), scopes=["user.info.basic"])

    account = town.login(town.vault()).account

    assert town.row(account).granted_at == town.clock.now()
    assert account.scopes == frozenset(SCOPES)


def test_two_consents_at_once_both_count(town: Town) -> None:
    """Two people's tabs, one account: the later consent stands, and it works."""
    vault = town.vault()
    starts = [town.do(vault.begin_login, SCOPES) for _ in range(4)]
    first = next_gen(0, town.clock.now())
    calls = [
        partial(vault.finish_login, town.callback(start.url), start.binding) for start in starts
    ]

    outcomes = town.world.together(calls)

    assert all(isinstance(outcome, LoginResult) for outcome in outcomes)
    [account] = town.do(vault.accounts)
    assert town.row(account).gen == first + 3
    assert town.accepts(town.do(account.access_token))


def test_no_consent_takes_the_place_of_one_that_is_forgotten(town: Town) -> None:
    """What is left of an erased account, in a journal, is not taken for the next consent's."""
    vault = town.vault()
    erased = town.login(vault).account
    before = town.row(erased)
    town.do(vault.erase, erased)
    town.clock.advance(0.01)

    again = town.login(vault).account

    assert town.row(again).gen > before.gen


def test_consents_of_one_moment_are_told_apart() -> None:
    """A consent's number is its time, and greater than that of any before it."""
    assert next_gen(0, 1_790_000_000.5) == 1_790_000_000_500
    assert next_gen(1_790_000_000_500, 1_790_000_000.5) == 1_790_000_000_501
    assert next_gen(1_790_000_009_000, 1_790_000_000.5) == 1_790_000_009_001


def test_a_login_is_finished_by_its_own_app(town: Town) -> None:
    """The app that began a login exchanges its code, and none but it."""
    town.sandbox.add_app(OTHER_APP)
    vault = town.vault([town.client(), town.client(OTHER_APP)])
    start = town.do(vault.begin_login, client_key=OTHER_APP.client_key)

    result = town.do(vault.finish_login, town.callback(start.url), start.binding)

    assert result.account.client_key == OTHER_APP.client_key
    assert [call.client_key for call in town.calls("exchange")] == [OTHER_APP.client_key]


def test_an_app_whose_client_is_gone_finishes_no_login(town: Town) -> None:
    """A vault that was restarted without an app does not exchange with another one's secret."""
    town.sandbox.add_app(OTHER_APP)
    both = town.vault([town.client(), town.client(OTHER_APP)])
    start = town.do(both.begin_login, client_key=OTHER_APP.client_key)
    query = town.callback(start.url)

    error = town.refused(town.vault().finish_login, query, start.binding)

    assert isinstance(error, ValidationError)
    assert not town.calls("exchange")


def test_with_several_apps_a_login_says_which(town: Town) -> None:
    """A vault of two apps does not guess."""
    town.sandbox.add_app(OTHER_APP)
    vault = town.vault([town.client(), town.client(OTHER_APP)])

    for client_key in (None, "awunknown"):
        error = town.refused(vault.begin_login, client_key=client_key)
        assert isinstance(error, ValidationError)
        assert "client_key" in error.message
