"""Accounts: found, listed, adopted, called with, disconnected and erased."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import HOUR, OTHER_APP, SCOPES
from tiktok_oauth import (
    InvalidTokenError,
    NetworkError,
    StoreError,
    ValidationError,
    VaultEvent,
    WebhookEvent,
)
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, Person

if TYPE_CHECKING:
    from tests.support.vault import Town


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "refresh_due"},
        {"status": "nonsense"},
        {"prefix": "\ud800"},
        {"user_id": "a\0"},
        {"client_key": 7},
    ],
    ids=ascii,
)
def test_a_filter_that_is_none_is_refused(town: Town, wrong: dict[str, object]) -> None:
    """It would find nobody, silently."""
    error = town.refused(town.vault().accounts, **wrong)

    assert isinstance(error, ValidationError)


def both_apps(town: Town) -> Any:  # noqa: ANN401 - a vault of either kind
    """A vault of two apps."""
    town.sandbox.add_app(OTHER_APP)
    return town.vault([town.client(), town.client(OTHER_APP)])


def test_an_account_is_found_by_its_open_id(town: Town) -> None:
    """What is known of it needs no further read, and is no secret."""
    vault = town.vault()
    adopted = town.connect(vault, user_id="u-1")

    account = town.do(vault.account, adopted.open_id)

    assert account.state == adopted.state
    assert (account.client_key, account.user_id) == (DEFAULT_APP.client_key, "u-1")
    assert (account.status, account.reason, account.scopes) == ("active", None, frozenset(SCOPES))
    assert account.state.access_expires_at == town.clock.now() + 7200
    assert repr(account).endswith(f"Account({account.open_id!r}, status='active')")


@pytest.mark.parametrize("open_id", ["nobody", "", None, 7])
def test_an_account_that_is_not_connected_is_refused(town: Town, open_id: object) -> None:
    """An unknown open_id, or none at all, is the caller's mistake."""
    error = town.refused(town.vault().account, open_id)

    assert isinstance(error, ValidationError)


def test_an_open_id_under_two_apps_needs_the_app(town: Town) -> None:
    """Both are found by name, and neither is guessed."""
    vault = both_apps(town)
    tokens = town.tokens()
    for app in (DEFAULT_APP, OTHER_APP):
        town.do(vault.adopt, tokens, client_key=app.client_key)

    error = town.refused(vault.account, tokens.open_id)

    assert isinstance(error, ValidationError)
    assert "client_key" in error.hint
    for app in (DEFAULT_APP, OTHER_APP):
        found = town.do(vault.account, tokens.open_id, client_key=app.client_key)
        assert found.client_key == app.client_key


def test_a_list_goes_on_behind_an_account(town: Town) -> None:
    """By client key and open_id, which need not be there any more; and by how names begin."""
    vault = town.vault()
    connected = [town.connect(vault, person) for person in ("mina", "jonas", "ha")]
    first, *rest = sorted(account.open_id for account in connected)

    behind = town.do(vault.accounts, after=(DEFAULT_APP.client_key, first))
    assert [account.open_id for account in behind] == rest
    found = town.do(vault.accounts, prefix=rest[0][:-1], after=("", ""))
    assert rest[0] in [account.open_id for account in found]
    assert list(town.do(vault.accounts, prefix="nobody")) == []


def test_a_token_is_told_with_its_end(town: Town) -> None:
    """In one step, by open_id alone; the token itself is not in the value's repr."""
    vault = town.vault()
    account = town.connect(vault)

    given = town.do(vault.access_token, account.open_id)

    assert given == town.do(vault.access_token, account.open_id, client_key=account.client_key)
    assert given.token == town.do(account.access_token)
    assert given.expires_at == account.state.access_expires_at
    assert (given.open_id, given.client_key) == (account.open_id, account.client_key)
    assert given.token not in repr(given)
    town.clock.advance(3 * HOUR)
    assert town.do(vault.access_token, account.open_id).expires_at > given.expires_at


def test_a_token_of_nobody_is_refused(town: Town) -> None:
    """Or under two apps, where none was named."""
    vault = both_apps(town)
    tokens = town.tokens()
    for app in (DEFAULT_APP, OTHER_APP):
        town.do(vault.adopt, tokens, client_key=app.client_key)

    named = town.do(vault.access_token, tokens.open_id, client_key=OTHER_APP.client_key)
    assert named.client_key == OTHER_APP.client_key
    assert "client_key" in town.refused(vault.access_token, tokens.open_id).hint
    assert isinstance(town.refused(vault.access_token, "nobody"), ValidationError)
    assert isinstance(
        town.refused(vault.access_token, "nobody", client_key="awunknown"), ValidationError
    )


def test_an_app_of_nobodys_is_refused(town: Town) -> None:
    """A client_key that the vault has no client for is the caller's mistake."""
    vault = town.vault()
    account = town.connect(vault)

    error = town.refused(vault.account, account.open_id, client_key="awunknown")

    assert isinstance(error, ValidationError)


@pytest.mark.slow
def test_accounts_come_page_by_page(town: Town) -> None:
    """Each account comes once, in order, whatever the page size; deleting on the way is fine."""
    vault = town.vault()
    people = [f"person-{number:03}" for number in range(201)]
    for person in people:
        town.sandbox.add_person(Person(person, person, person))
        town.connect(vault, person)

    found = [account.open_id for account in town.do(vault.accounts)]

    assert len(found) == 201
    assert found == sorted(set(found))


def test_accounts_are_listed_by_what_is_asked_for(town: Town) -> None:
    """By status, by the caller's own user, by app, and by all of them at once."""
    vault = both_apps(town)
    mina = town.connect(vault, "mina", user_id="u-1", client_key=DEFAULT_APP.client_key)
    jonas = town.connect(vault, "jonas", user_id="u-2", client_key=DEFAULT_APP.client_key)
    other = town.do(
        vault.adopt,
        town.tokens("ayse", app=OTHER_APP),
        client_key=OTHER_APP.client_key,
        user_id="u-1",
    )
    town.do(jonas.disconnect)

    def listed(**query: str) -> set[str]:
        return {account.open_id for account in town.do(vault.accounts, **query)}

    assert listed() == {mina.open_id, jonas.open_id, other.open_id}
    assert listed(status="disconnected") == {jonas.open_id}
    assert listed(status="active") == {mina.open_id, other.open_id}
    assert listed(user_id="u-1") == {mina.open_id, other.open_id}
    assert listed(user_id="u-1", client_key=OTHER_APP.client_key) == {other.open_id}
    assert listed(status="needs_login") == set()


def test_adopted_tokens_work_and_are_renewed(town: Town) -> None:
    """Tokens from elsewhere are the vault's from then on."""
    vault = town.vault()
    tokens = town.tokens()

    account = town.do(vault.adopt, tokens, user_id="u-1")

    assert town.do(account.access_token) == tokens.access_token
    town.clock.advance(3 * HOUR)
    assert town.accepts(town.do(account.access_token))
    assert town.refreshes == 1


def test_adopting_again_is_a_newer_consent(town: Town) -> None:
    """The later tokens stand."""
    vault = town.vault()
    before = town.row(town.connect(vault, user_id="u-1"))
    later = town.tokens()

    account = town.do(vault.adopt, later)

    assert town.do(account.access_token) == later.access_token
    assert town.row(account).gen > before.gen
    assert account.user_id == "u-1"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        "tokens",
        {"open_id": ""},
        {"open_id": 7},
        {"open_id": "\ud800"},
        {"open_id": "a\0"},
        {"refresh_token": ""},
        {"refresh_token": "rft.1\n"},
        {"refresh_token": None},
        {"access_token": ""},
        {"expires_in": math.nan},
        {"expires_in": "3600"},
        {"expires_in": 10**400},
        {"expires_in": 1_790_172_800_000},
        {"refresh_expires_in": -1},
        {"scope": None},
        {"scope": ("a", "b")},
    ],
    ids=ascii,
)
def test_what_is_no_tokens_is_not_adopted(town: Town, broken: object) -> None:
    """What TikTok cannot have given is told now, and not when it is needed."""
    tokens = replace(town.tokens(), **broken) if isinstance(broken, dict) and broken else broken

    error = town.refused(town.vault().adopt, tokens)

    assert isinstance(error, ValidationError)


def test_disconnecting_revokes_and_forgets(town: Town) -> None:
    """TikTok ends the grant; the row stays as a tombstone without tokens."""
    vault = town.vault()
    account = town.connect(vault)
    token = town.do(account.access_token)

    town.do(account.disconnect)

    assert account.status == "disconnected"
    assert not town.accepts(token)
    row = town.row(account)
    assert (row.access, row.refresh, row.parent, row.fingerprint, row.key_id) == (None,) * 5
    assert isinstance(town.refused(account.access_token), InvalidTokenError)
    assert town.do(vault.account, account.open_id).status == "disconnected"


def test_a_dead_token_is_refreshed_before_it_is_revoked(town: Town) -> None:
    """TikTok revokes by access token: an expired one would leave the app connected."""
    account = town.connect(town.vault())
    town.clock.advance(3 * HOUR)

    town.do(account.disconnect)

    assert town.refreshes == 1
    assert [call.outcome for call in town.calls("revoke")] == ["ok"]
    assert list(town.sandbox.world.grants) == []


def test_disconnecting_refreshes_nothing_beside_itself(town: Town) -> None:
    """In the last quarter of a token's life, too: a newer one would stay alive at TikTok."""
    account = town.connect(town.vault())
    town.clock.advance(town.row(account).lifetime - 600)

    town.do(account.disconnect)

    assert town.refreshes == 0
    assert list(town.sandbox.world.grants) == []


def test_what_was_refreshed_meanwhile_is_revoked_as_well(town: Town) -> None:
    """Where that ended the token at hand, TikTok does not know what is to be revoked."""
    town.sandbox.turn(old_access_dies=True)
    account = town.connect(town.vault())
    other = town.do(town.vault().account, account.open_id)

    def refresh(_: object) -> None:
        town.before = lambda _: None
        town.elsewhere(other.refresh)

    town.before = refresh
    town.do(account.disconnect)

    assert [call.outcome for call in town.calls("revoke")] == ["invalid_grant", "ok"]
    assert list(town.sandbox.world.grants) == []


def test_disconnecting_twice_is_harmless(town: Town) -> None:
    """The second time nothing is sent, and nothing is told."""
    vault = town.vault()
    account = town.connect(vault)
    town.do(account.disconnect)
    told = len(town.do(vault.timeline, account))

    town.do(account.disconnect)

    assert len(town.calls("revoke")) == 1
    assert len(town.do(vault.timeline, account)) == told


def test_an_account_that_cannot_be_revoked_stays(town: Town) -> None:
    """While TikTok cannot be reached, nothing is forgotten."""
    account = town.connect(town.vault())
    town.sandbox.fault("drop_before", endpoint="revoke")

    error = town.refused(account.disconnect)

    assert isinstance(error, NetworkError)
    assert town.row(account).status == "active"
    town.sandbox.clear_faults()
    town.do(account.disconnect)
    assert account.status == "disconnected"


def test_an_account_that_needs_a_login_can_be_disconnected(town: Town) -> None:
    """There is nothing left to revoke with, and nothing to keep it for."""
    account = town.connect(town.vault())
    town.sandbox.disconnect("mina")
    town.refused(account.refresh)
    assert town.do(account.reload).status == "needs_login"

    town.do(account.disconnect)

    assert account.status == "disconnected"


def test_a_disconnected_account_can_be_connected_again(town: Town) -> None:
    """A new consent brings it back, with its user's name."""
    vault = town.vault()
    account = town.connect(vault, user_id="u-1")
    town.do(account.disconnect)
    town.clock.advance(1)

    again = town.login(vault).account

    assert (again.status, again.user_id, again.open_id) == ("active", "u-1", account.open_id)
    assert town.accepts(town.do(account.access_token))


def test_erasing_leaves_nothing(town: Town) -> None:
    """Row, timeline and pending logins of a person are gone; others stay."""
    vault = town.vault()
    mina, jonas = town.connect(vault, "mina"), town.connect(vault, "jonas")
    start = town.do(vault.begin_login, open_id=mina.open_id)

    town.do(vault.erase, mina)

    assert [one.open_id for one in town.do(vault.accounts)] == [jonas.open_id]
    assert town.do(vault.timeline, mina) == []
    assert isinstance(town.refused(mina.access_token), ValidationError)
    assert isinstance(town.refused(mina.reload), ValidationError)
    assert isinstance(town.refused(mina.refresh), ValidationError)
    query = town.callback(start.url)
    assert town.refused(vault.finish_login, query, start.binding).message.startswith("This")


@pytest.mark.slow
def test_the_timeline_tells_what_happened(town: Town) -> None:
    """Newest first, with the correlation ID of the call, and no secret."""
    vault = town.vault()
    account = town.connect(vault)
    town.do(account.refresh)
    town.do(account.disconnect)

    timeline = town.do(vault.timeline, account)

    assert [event.kind for event in timeline] == ["disconnected", "refreshed", "connected"]
    assert timeline[1].correlation_id.startswith("tiktok-")
    assert town.do(vault.timeline, account, 1) == timeline[:1]
    assert not any(token in repr(timeline) for token in town.issued)


def test_subscribers_hear_of_what_happens(town: Town) -> None:
    """Each hears of everything until it stops; one that fails does not disturb the others."""
    vault = town.vault()
    account = town.connect(vault)
    heard: list[VaultEvent] = []

    def fails(_: VaultEvent) -> None:
        raise LookupError

    vault.subscribe(fails)
    stop = vault.subscribe(heard.append)
    town.do(account.refresh)
    stop()
    stop()
    town.do(account.refresh)

    [event] = heard
    assert (event.kind, event.open_id) == ("refreshed", account.open_id)
    assert (event.client_key, event.at) == (account.client_key, town.clock.now())


def test_subscribers_hear_what_the_timeline_tells(town: Town) -> None:
    """From the consent to the end, whether the vault, a person or TikTok brought it about."""
    vault = town.vault()
    heard: list[VaultEvent] = []
    vault.subscribe(heard.append)
    account = town.connect(vault)
    town.do(account.refresh)
    at = int(town.clock.now()) + 1
    removed = WebhookEvent(
        account.client_key, "authorization.removed", at, account.open_id, {"reason": 1}, at
    )
    assert town.do(vault.apply_webhook, removed)
    town.do(account.disconnect)

    timeline = town.do(vault.timeline, account)
    assert [event.kind for event in heard] == [event.kind for event in reversed(timeline)]
    assert [event.kind for event in heard] == [
        "connected",
        "refreshed",
        "authorization_removed",
        "disconnected",
    ]


@pytest.mark.parametrize("client", [None, "client", [], [None]], ids=repr)
def test_a_vault_needs_a_client(town: Town, client: object) -> None:
    """What is no client is refused when the vault is made."""
    kind = type(town.vault())

    with pytest.raises(ValidationError):
        kind(client, store=town.store)


def test_a_vault_needs_different_apps(town: Town) -> None:
    """Two clients of one app would be one too many."""
    with pytest.raises(ValidationError):
        town.vault([town.client(), town.client()])


def test_a_closed_vault_refuses(town: Town) -> None:
    """Closing twice is fine; using it afterwards is a typed error."""
    vault = town.vault()
    account = town.connect(vault)
    town.shut(vault)
    town.shut(vault)

    errors = [town.refused(method) for method in (account.refresh, vault.begin_login)]

    assert all(isinstance(error, ValidationError | StoreError) for error in errors)
    assert repr(vault).endswith(f"TokenVault({DEFAULT_APP.client_key})")


def test_a_vault_is_a_context_manager(town: Town) -> None:
    """It is closed at the end of its block."""
    vault = town.vault()

    async def use() -> None:
        async with vault as same:
            assert same is vault

    if town.world.awaiting:
        town.do(use)
    else:
        with vault as same:
            assert same is vault
    assert isinstance(town.refused(vault.begin_login), ValidationError)
