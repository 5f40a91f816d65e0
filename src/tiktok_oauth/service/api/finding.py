"""Which account a request is about, and what is told of it."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.api.values import Account

if TYPE_CHECKING:
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.vault.account import AsyncAccount

_Cursor = tuple[str, str]


async def find(office: Office, open_id: str, client_key: str | None) -> AsyncAccount:
    """The account with an open_id, which one app at most has to have when none is named.

    Raises:
        RefusalError: there is none, or it is connected under two apps.
        StoreError: the store cannot be read.
    """
    check_app(office, client_key)
    keys = tuple(office.clients) if client_key is None else (client_key,)
    found = [account for key in keys if (account := await _under(office, open_id, key))]
    if not found:
        raise unknown()
    if len(found) > 1:
        apps = " or ".join(account.client_key for account in found)
        raise RefusalError(
            problems.TWO_APPS, "It is known under two apps.", f"Add ?client_key= with {apps}."
        )
    return found[0]


def unknown() -> RefusalError:
    """The refusal of an account that is not there."""
    return RefusalError(
        problems.UNKNOWN_ACCOUNT,
        "No account with this open_id is connected.",
        "Its owner connects it by the url that POST /api/v1/logins gives.",
    )


def check_app(office: Office, client_key: str | None) -> None:
    """Judge an app that was named.

    Raises:
        RefusalError: it is none of ours.
    """
    if client_key is not None and client_key not in office.clients:
        raise RefusalError(problems.BAD_REQUEST, "No app of this service has this client_key.")


async def _under(office: Office, open_id: str, client_key: str) -> AsyncAccount | None:
    try:
        return await office.vault.account(open_id, client_key=client_key)
    except ValidationError:
        return None


def told(account: AsyncAccount) -> Account:
    """What the API says of an account."""
    state = account.state
    return Account(
        open_id=state.open_id,
        client_key=state.client_key,
        user_id=state.user_id,
        status=state.status,
        reason=state.reason,
        scopes=sorted(state.scopes),
        connected_at=int(state.connected_at),
        refreshed_at=int(state.refreshed_at),
        expires_at=int(state.access_expires_at),
        refresh_expires_at=int(state.refresh_expires_at),
        trouble=state.trouble,
    )


def cursor_of(account: AsyncAccount) -> str:
    """The cursor of the page behind an account."""
    place = msgspec.json.encode((account.client_key, account.open_id))
    return base64.urlsafe_b64encode(place).decode()


def read_cursor(cursor: str | None) -> _Cursor | None:
    """The account that a cursor stands behind.

    Raises:
        RefusalError: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        place: _Cursor = msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=_Cursor)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise RefusalError(
            problems.BAD_REQUEST, "cursor is none that this service gave.", "Leave it out to begin."
        ) from None
    return place
