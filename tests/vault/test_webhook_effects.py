"""What a verified webhook does to an account, and what it cannot do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.vault import OTHER_APP, REDIRECT_URI
from tiktok_oauth import InvalidTokenError, ValidationError, WebhookEvent
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.outbox import sign

if TYPE_CHECKING:
    from tests.support.vault import Town
    from tiktok_oauth.sandbox.catalog import App


def removed(
    open_id: str | None,
    at: float,
    *,
    event: str = "authorization.removed",
    client_key: str = DEFAULT_APP.client_key,
) -> WebhookEvent:
    """TikTok says that a person has removed the app."""
    return WebhookEvent(client_key, event, int(at), open_id, {"reason": 1}, int(at))


def test_a_removed_authorization_ends_the_account(town: Town) -> None:
    """From then on it needs a login; TikTok is not asked, and its tokens stay for an operator."""
    vault = town.vault()
    account = town.connect(vault)
    town.do(account.access_token)
    town.clock.advance(60)

    changed = town.do(vault.apply_webhook, removed(account.open_id, town.clock.now()))

    assert changed is True
    assert isinstance(town.refused(account.access_token), InvalidTokenError)
    assert (town.do(account.reload).status, account.reason) == ("needs_login", "revoked")
    assert town.row(account).refresh is not None
    assert town.refreshes == 0
    assert town.do(vault.timeline, account)[0].kind == "authorization_removed"


@pytest.mark.slow
def test_an_old_removal_cannot_end_a_newer_consent(town: Town) -> None:
    """TikTok repeats a webhook for three days: what it says of an earlier consent is history."""
    vault = town.vault()
    account = town.login(vault).account
    removal = removed(account.open_id, town.clock.now() + 10)
    town.clock.advance(20)
    town.do(vault.apply_webhook, removal)
    again = town.login(vault).account
    assert again.status == "active"

    for _ in range(1000):
        assert town.do(vault.apply_webhook, removal) is False

    assert town.do(account.reload).status == "active"
    assert town.accepts(town.do(account.access_token))


def test_a_refresh_under_way_does_not_undo_a_removal(town: Town) -> None:
    """What was asked for before the person took everything back brings dead tokens."""
    vault = town.vault()
    account = town.login(vault).account

    def leave(_: object) -> None:
        town.after = lambda _: None
        town.sandbox.disconnect("mina")
        town.elsewhere(vault.apply_webhook, removed(account.open_id, town.clock.now()))

    town.after = leave
    town.do(account.refresh)

    assert (town.do(account.reload).status, account.reason) == ("needs_login", "revoked")
    assert isinstance(town.refused(account.access_token), InvalidTokenError)
    again = town.login(vault).account
    assert town.accepts(town.do(again.access_token))


def test_a_removal_within_the_second_of_the_consent_counts(town: Town) -> None:
    """TikTok tells whole seconds: the event may seem to be a part of one older than the consent."""
    vault = town.vault()
    town.clock.advance(0.7)
    account = town.connect(vault)

    town.do(vault.apply_webhook, removed(account.open_id, int(town.clock.now())))

    assert town.do(account.reload).status == "needs_login"


def test_the_same_removal_again_changes_nothing(town: Town) -> None:
    """A duplicate leaves no second line in the timeline."""
    vault = town.vault()
    account = town.connect(vault)
    removal = removed(account.open_id, town.clock.now() + 1)

    changed = [town.do(vault.apply_webhook, removal) for _ in range(3)]

    assert changed == [True, False, False]
    kinds = [event.kind for event in town.do(vault.timeline, account)]
    assert kinds.count("authorization_removed") == 1


@pytest.mark.parametrize(
    ("open_id", "settings"),
    [
        ("nobody", {}),
        (None, {}),
        ("mina", {"event": "post.publish.complete"}),
        ("mina", {"client_key": OTHER_APP.client_key}),
    ],
)
def test_a_webhook_about_nobody_changes_nothing(
    town: Town, open_id: str | None, settings: dict[str, str]
) -> None:
    """Unknown people, other events and other apps are not ours to act on."""
    vault = town.vault()
    account = town.connect(vault)
    whose = account.open_id if open_id == "mina" else open_id
    before = town.row(account)

    changed = town.do(vault.apply_webhook, removed(whose, town.clock.now() + 9, **settings))

    assert changed is False
    assert town.row(account) == before


def test_a_disconnected_account_stays_disconnected(town: Town) -> None:
    """Our own revocation comes back as a webhook, too."""
    vault = town.vault()
    account = town.connect(vault)
    town.do(account.disconnect)

    changed = town.do(vault.apply_webhook, removed(account.open_id, town.clock.now() + 1))

    assert changed is False
    assert town.do(account.reload).status == "disconnected"


def test_a_webhook_that_was_verified_can_be_applied(town: Town) -> None:
    """From TikTok's signed bytes to the account's status."""
    client = town.client()
    vault = town.vault(client)
    account = town.connect(vault)
    town.clock.advance(5)
    now = int(town.clock.now())
    told = {
        "client_key": DEFAULT_APP.client_key,
        "event": "authorization.removed",
        "create_time": now,
        "user_openid": account.open_id,
        "content": '{"reason":1}',
    }
    body = json.dumps(told).encode()
    headers = {"TikTok-Signature": sign(DEFAULT_APP.client_secret, now, body)}
    event = town.do(client.verify_webhook, headers, body)

    changed = town.do(vault.apply_webhook, event)

    assert changed is True
    assert town.do(account.reload).status == "needs_login"


def signed_body(at: float, open_id: str, *, app: App = DEFAULT_APP) -> tuple[dict[str, str], bytes]:
    """A removal as TikTok posts it."""
    body = json.dumps(
        {
            "client_key": app.client_key,
            "event": "authorization.removed",
            "create_time": int(at),
            "user_openid": open_id,
            "content": json.dumps({"reason": 1}),
        }
    ).encode()
    return {"TikTok-Signature": sign(app.client_secret, int(at), body)}, body


def test_a_webhook_is_checked_and_acted_on_in_one_call(town: Town) -> None:
    """For whichever of the vault's apps it was signed; a forged one changes nothing."""
    vault = town.vault([town.client(OTHER_APP), town.client()])
    account = town.login(vault, client_key=DEFAULT_APP.client_key).account
    headers, body = signed_body(town.clock.now(), account.open_id)

    forged = town.refused(vault.receive_webhook, headers, body + b" ")
    before = town.do(account.reload).status
    event = town.do(vault.receive_webhook, headers, body)

    assert isinstance(forged, ValidationError)
    assert before == "active"
    assert (event.event, event.user_openid) == ("authorization.removed", account.open_id)
    assert town.do(account.reload).status == "needs_login"


def test_a_vault_tells_where_people_come_back_to(town: Town) -> None:
    """Of each of its apps."""
    vault = town.vault([town.client(OTHER_APP), town.client()])

    assert vault.redirect_uri(OTHER_APP.client_key) == REDIRECT_URI
    assert isinstance(town.refused(vault.redirect_uri), ValidationError)
