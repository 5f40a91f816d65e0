"""What both vaults do besides logins and tokens: find accounts, erase them, hear of webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

import msgspec

from tiktok_oauth.engine import calls
from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import ValidationError, invalid_argument
from tiktok_oauth.types import WebhookEvent
from tiktok_oauth.vault.checks import check_name, check_open_id
from tiktok_oauth.vault.logins import LoginRequest
from tiktok_oauth.vault.snapshot import AccountState, status_of
from tiktok_oauth.vault.stores.rows import AccountQuery, Event, Ref, RowStatus

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.strongroom import Strongroom
    from tiktok_oauth.vault.teller import Teller

C = TypeVar("C")

RefreshedBy = Literal["vault", "refresher"]
PAGE = 200
"""Rows that are read at a time."""
_REMOVED = "authorization.removed"
_STATUSES: tuple[str, ...] = get_args(RowStatus)


def as_list(client: C | Sequence[C]) -> list[C]:
    """One client or several, as several."""
    return list(client) if isinstance(client, Sequence) else [client]


def is_elsewhere(refreshed_by: object) -> bool:
    """Whether only a refresher may ask TikTok.

    Raises:
        ValidationError: it is another word.
    """
    if refreshed_by not in ("vault", "refresher"):
        raise invalid_argument("refreshed_by must be 'vault' or 'refresher'.")
    return refreshed_by == "refresher"


def find(room: Strongroom, open_id: str, client_key: str | None) -> Grant:
    """One account's row.

    Raises:
        ValidationError: it is not known, or known under two apps and no app was named.
    """
    check_open_id(open_id)
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


def which(room: Strongroom, open_id: str, client_key: str | None) -> Ref:
    """Which account is meant; where only one app is at hand, without a look.

    Raises:
        ValidationError: it is known under two apps, or not known, and no app was named.
    """
    check_open_id(open_id)
    if client_key is None and len(room.cores) > 1:
        return find(room, open_id, None).ref
    return Ref(room.core(client_key).app.client_key, open_id)


def pages(room: Strongroom, query: AccountQuery) -> Iterator[list[Grant]]:
    """All matching rows, a page at a time.

    Raises:
        ValidationError: there is no such status, or a name is none.
    """
    if query.status is not None and query.status not in _STATUSES:
        raise invalid_argument(f"status must be one of {', '.join(_STATUSES)}.")
    for name in ("user_id", "client_key", "prefix"):
        check_name(name, getattr(query, name) or None)
    if query.status not in {"active", "blocked"}:
        return _pages(room, query)
    # Which tokens do not open is in no column.
    every = query if query.status == "active" else msgspec.structs.replace(query, status=None)
    wants_blocked = query.status == "blocked"
    return (
        [row for row in page if (status_of(room, row) == "blocked") == wants_blocked]
        for page in _pages(room, every)
    )


def _pages(room: Strongroom, query: AccountQuery) -> Iterator[list[Grant]]:
    while True:
        page = room.site.store.page(query)
        if page:
            yield page
        if len(page) < query.limit:
            return
        query = msgspec.structs.replace(query, after=page[-1].ref)


def behind(after: object) -> Ref | None:
    """The account that a reader has come to.

    Raises:
        ValidationError: it is no pair of names.
    """
    if after is None:
        return None
    match after:
        case (str(client_key), str(open_id)):
            return Ref(client_key, open_id)
        case _:
            raise invalid_argument("after must be the client key and the open_id of an account.")


def ref_of(account: object) -> Ref:
    """Which account this is.

    Raises:
        ValidationError: it is none.
    """
    state = getattr(account, "state", None)
    if not isinstance(state, AccountState):
        raise invalid_argument("account must be an account of the vault.", "Get one by account().")
    return Ref(state.client_key, state.open_id)


def login_for(room: Strongroom, state: AccountState, scopes: frozenset[str]) -> LoginRequest:
    """A login that asks an account's person for more."""
    # Where nobody has said what was granted, the client's own scopes must not be lost.
    had = state.scopes or frozenset(room.core(state.client_key).config.scopes)
    wanted = sorted(had | scopes)
    return LoginRequest(wanted, state.user_id, None, state.client_key, state.open_id, None)


def erase(room: Strongroom, teller: Teller, ref: Ref) -> None:
    """Delete everything that is known of an account."""
    teller.forget(ref)
    room.site.store.erase(ref)


def redirect_uri(room: Strongroom, client_key: str | None) -> str:
    """Where TikTok sends people back to."""
    return room.core(client_key).credentials.check_redirect()


def read_webhook(
    room: Strongroom, headers: Mapping[str, str], body: bytes, max_age: float | None
) -> WebhookEvent:
    """Check a webhook by the secret of each app: which one it is for is not believed before.

    Raises:
        ValidationError: it is not from TikTok, too old, or no event.
    """
    *others, last = room.cores.values()
    for core in others:
        try:
            return run(calls.verify_webhook(core, headers, body, max_age=max_age))
        except ValidationError:
            continue
    return run(calls.verify_webhook(last, headers, body, max_age=max_age))


def may_change(event: WebhookEvent) -> bool:
    """Whether a webhook can change an account; whatever else TikTok tells is for others to hear."""
    return event.event == _REMOVED and event.user_openid is not None


def apply_webhook(room: Strongroom, teller: Teller, event: WebhookEvent) -> bool:
    """Act on a webhook that was verified; whether it changed an account.

    Raises:
        ValidationError: it is no event.
    """
    if not isinstance(event, WebhookEvent):
        raise invalid_argument("event must be what verify_webhook() returned.")
    if event.user_openid is None or not may_change(event):
        return False
    ref = Ref(event.client_key, event.user_openid)
    store = room.site.store
    grant = store.get(ref)
    # TikTok repeats itself for three days: what it says of an earlier consent is history. It tells
    # whole seconds, so what is of the same second counts as later.
    if grant is None or _is_over(grant) or event.create_time < int(grant.granted_at):
        return False
    teller.forget(ref)
    told = Event(event.create_time, "authorization_removed", str(event.content.get("reason", "")))
    changed = store.forsake(ref, grant.gen, "needs_login", "revoked", told)
    if changed:
        room.listeners.tell(ref, told)
    return changed


def _is_over(grant: Grant) -> bool:
    """Whether it is known already that the person has gone."""
    return grant.status == "disconnected" or (
        grant.status == "needs_login" and grant.reason == "revoked"
    )
