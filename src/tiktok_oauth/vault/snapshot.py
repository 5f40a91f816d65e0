"""What is known of an account at a moment, without any secret."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tiktok_oauth.config import DEFAULT_SCOPES
from tiktok_oauth.errors import ScopeError, TikTokAPIError, TikTokErrorCode, VaultKeyError
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.protocol.endpoints import DEFAULT_FIELDS, ENDPOINT_SCOPES, FIELD_SCOPES
from tiktok_oauth.types import split_scopes
from tiktok_oauth.vault.refresh import ladder
from tiktok_oauth.vault.refresh.place import standing_token
from tiktok_oauth.vault.sealing.cipher import Binding
from tiktok_oauth.vault.stores.rows import Reason, RowStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.vault.sealing.cipher import Cipher
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.strongroom import Strongroom

AccountStatus = Literal["active", "refresh_due", "needs_login", "disconnected", "blocked"]


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account, as it stood when it was read.

    Attributes:
        status: ``active``; ``refresh_due`` when its access token has (almost) ended and it was
            not refreshed yet; ``needs_login`` when only its person can bring it back;
            ``disconnected``; ``blocked`` when it cannot be decrypted, or somebody has to look.
        reason: why it needs a login or is blocked.
        scopes: what the person granted.
        access_expires_at: when the access token ends, in Unix seconds.
        refresh_expires_at: when the person has to consent again, in Unix seconds.
        connected_at: when the person consented last.
        trouble: what went wrong last, if anything did since.
    """

    client_key: str
    open_id: str
    user_id: str | None
    status: AccountStatus
    reason: Reason | None
    scopes: frozenset[str]
    access_expires_at: float
    refresh_expires_at: float
    connected_at: float
    refreshed_at: float
    trouble: str | None


def state_of(room: Strongroom, grant: Grant) -> AccountState:
    """What may be told of a row."""
    return AccountState(
        grant.client_key,
        grant.open_id,
        grant.user_id,
        status_of(room, grant),
        grant.reason if grant.status != "active" else None,
        frozenset(split_scopes(grant.scope)),
        grant.access_expires_at,
        grant.refresh_expires_at,
        grant.granted_at,
        grant.issued_at,
        grant.trouble,
    )


def status_of(room: Strongroom, grant: Grant) -> AccountStatus:
    """What a row's account comes to, now and with the keys at hand."""
    if grant.status not in get_args(RowStatus):
        return "blocked"  # Somebody has altered it.
    if grant.status != "active":
        return grant.status
    if not opens(room.site.cipher, grant):
        return "blocked"
    time = room.times.get(grant.client_key)
    if time is None or refresh_decision(ladder.lifetimes(grant), time.now()) in {"fresh", "soon"}:
        return "active"
    return "refresh_due"


def opens(cipher: Cipher, grant: Grant) -> bool:
    """Whether a row's tokens open with the keys at hand: nobody has altered them, nor moved."""
    place = (*grant.ref, grant.gen, grant.ver)
    try:
        if grant.access is not None:
            cipher.open(grant.access, Binding("access", *place))
        if grant.refresh is not None and not cipher.ring.access_only:
            standing_token(cipher, grant)
    except VaultKeyError:
        return False
    return True


def fields_need(fields: Sequence[str] | str | None) -> frozenset[str]:
    """The scopes that some user-info fields need."""
    if fields is None:
        fields = DEFAULT_FIELDS
    if not isinstance(fields, Sequence | set | frozenset):
        return frozenset()  # The client refuses it.
    names = fields.split(",") if isinstance(fields, str) else fields
    known = [name.strip() for name in names if isinstance(name, str)]
    return frozenset(FIELD_SCOPES[name] for name in known if name in FIELD_SCOPES)


def endpoint_needs(path: object) -> frozenset[str]:
    """The scope that a data endpoint needs, where that is known."""
    return frozenset(ENDPOINT_SCOPES[known] for known in ENDPOINT_SCOPES if known == path)


def not_granted(state: AccountState, needed: frozenset[str]) -> frozenset[str]:
    """Which scopes the person did not grant. Where nobody has said, TikTok has to judge."""
    return needed - state.scopes if state.scopes else frozenset()


def refused(state: AccountState, needed: frozenset[str]) -> frozenset[str]:
    """Which scopes are missing, now that TikTok has refused a call that needs them.

    Where the person granted them all, none is: it may be a product that the app does not have.
    """
    if state.scopes:
        return needed - state.scopes
    return needed.difference(DEFAULT_SCOPES) or needed  # Every login grants that one.


def lacking(scopes: frozenset[str], begin: Callable[[], LoginStart]) -> ScopeError:
    """The error for a call whose scopes were not granted, with the way to ask for them."""
    error = ScopeError(
        TikTokErrorCode.INVALID_TOKEN,
        f"The person did not grant {', '.join(sorted(scopes))}.",
        "",
        retryable=False,
        tiktok_code="scope_not_authorized",
    )
    return with_login(error, scopes, begin)


def with_login(
    error: ScopeError, scopes: frozenset[str], begin: Callable[[], LoginStart]
) -> ScopeError:
    """The same error, with the scopes that are missing and a login that asks for them.

    Where none can be begun, in a program without a redirect URI, say, it goes without.
    """
    error.missing = scopes
    with contextlib.suppress(TikTokAPIError):
        error.login = begin()
        error.hint = f"Ask for it: {error.login.url}"
    return error
