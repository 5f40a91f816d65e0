"""What both vaults do besides logins and tokens: find accounts, erase them, hear of webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.vault.logins import LoginRequest
from tiktok_oauth.vault.stores.rows import AccountQuery, Event, Ref

if TYPE_CHECKING:
    from tiktok_oauth.types import WebhookEvent
    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.rows import Grant, RowStatus
    from tiktok_oauth.vault.strongroom import Strongroom
    from tiktok_oauth.vault.teller import Teller

C = TypeVar("C")

RefreshedBy = Literal["vault", "refresher"]
_PAGE = 200
_REMOVED = "authorization.removed"


def as_list(client: C | Sequence[C]) -> list[C]:
    """One client or several, as several."""
    return list(client) if isinstance(client, Sequence) else [client]


def is_elsewhere(refreshed_by: object) -> bool:
    """Whether only a refresher may ask TikTok.

    Raises:
        ValidationError: it is another word.
    """
    if refreshed_by not in {"vault", "refresher"}:
        raise invalid_argument("refreshed_by must be 'vault' or 'refresher'.")
    return refreshed_by == "refresher"


def find(room: Strongroom, open_id: object, client_key: str | None) -> Grant:
    """One account's row.

    Raises:
        ValidationError: it is not known, or known under two apps and no app was named.
    """
    if not isinstance(open_id, str) or not open_id:
        raise invalid_argument("open_id must be a string: the one TikTok gave with the tokens.")
    if client_key is not None:
        room.core(client_key)
    store = room.site.store
    found = store.page(AccountQuery(limit=2, open_id=open_id, client_key=client_key))
    if not found:
        raise invalid_argument(
            "No such account is connected.", "Send the person through begin_login()."
        )
    if len(found) > 1:
        raise invalid_argument(
            "This open_id is connected under two apps.", "Say which by client_key."
        )
    return found[0]


def pages(
    room: Strongroom,
    *,
    status: RowStatus | None,
    user_id: str | None,
    client_key: str | None,
) -> Iterator[list[Grant]]:
    """All matching rows, a page at a time."""
    after: Ref | None = None
    while True:
        page = room.site.store.page(AccountQuery(_PAGE, after, client_key, status, user_id))
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1].ref


def ref_of(state: AccountState) -> Ref:
    """Which account this is."""
    return Ref(state.client_key, state.open_id)


def login_for(state: AccountState, scopes: frozenset[str]) -> LoginRequest:
    """A login that asks an account's person for more."""
    wanted = sorted(state.scopes | scopes)
    return LoginRequest(wanted, state.user_id, None, state.client_key, state.open_id, None)


def erase(room: Strongroom, teller: Teller, ref: Ref) -> None:
    """Delete everything that is known of an account."""
    teller.forget(ref)
    room.site.store.erase(ref)


def apply_webhook(room: Strongroom, teller: Teller, event: WebhookEvent) -> bool:
    """Act on a webhook that was verified; whether it changed an account."""
    if event.event != _REMOVED or event.user_openid is None:
        return False
    ref = Ref(event.client_key, event.user_openid)
    store = room.site.store
    grant = store.get(ref)
    # TikTok repeats itself for three days: what it says of an earlier consent is history.
    if grant is None or _is_over(grant) or event.create_time < grant.granted_at:
        return False
    teller.forget(ref)
    told = Event(event.create_time, "authorization_removed", str(event.content.get("reason", "")))
    return store.forsake(ref, grant.gen, "needs_login", "revoked", told)


def _is_over(grant: Grant) -> bool:
    """Whether it is known already that the person has gone."""
    return grant.status == "disconnected" or (
        grant.status == "needs_login" and grant.reason == "revoked"
    )
