"""What the registry holds: frozen values, no secret in the clear but a new key's, once.

Times named ``*_at`` are Unix seconds of this host's clock, unless their line says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from tiktok_oauth.types import Secret

Scope = Literal["read", "token", "admin"]
"""What a key may do; each of them may do what the one before may."""
SCOPES: tuple[Scope, ...] = ("read", "token", "admin")

Signature = Literal["current", "previous"]
RelayStatus = Literal["waiting", "delivered", "given_up"]


class ApiKey(msgspec.Struct, frozen=True, gc=False):
    """A key as it is kept. The order of the fields is the order of the columns.

    Attributes:
        key_id: names the key, also in logs; it is no secret.
        name: what its owner calls it.
        digest: SHA-256 of the secret.
        last_used_at: to the minute.
    """

    key_id: str
    name: str
    scope: Scope
    digest: bytes
    created_at: float
    last_used_at: float | None
    revoked_at: float | None

    def may(self, scope: Scope) -> bool:
        """Whether it is good for what needs a scope."""
        return self.revoked_at is None and SCOPES.index(self.scope) >= SCOPES.index(scope)


class NewKey(msgspec.Struct, frozen=True):
    """A key that was just made, the one time that it can be read.

    Attributes:
        secret: the whole key, as callers send it.
    """

    key: ApiKey
    secret: Secret


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One webhook whose signature was good, as it was received.

    Attributes:
        digest: SHA-256 of what was signed: the same event comes with the same one.
        client_key: the app whose secret it was signed with.
        event: TikTok's name for what happened.
        open_id: whom it is about; empty when nobody is named.
        sent_at: what TikTok says of when it happened.
        signature: signed with the app's secret, or with the one before.
        is_late: it came later than a first attempt can.
        content: TikTok's own text about it.
    """

    digest: bytes
    client_key: str
    event: str
    open_id: str
    sent_at: float
    received_at: float
    signature: Signature
    is_late: bool
    content: str
    correlation_id: str


class LedgerLine(msgspec.Struct, frozen=True, gc=False):
    """A webhook with what has become of it.

    Attributes:
        number: its place in the ledger; a later one is greater.
        received: how often it came.
        effect: what it changed, in one word; empty for nothing, None while it was not acted upon.
        relay: how handing it on goes; None when it is not handed on.
        attempts: how often handing it on was tried.
        trouble: what went wrong last with handing it on.
    """

    number: int
    delivery: Delivery
    received: int
    effect: str | None
    relay: RelayStatus | None
    attempts: int
    trouble: str | None


class Relay(msgspec.Struct, frozen=True, gc=False):
    """A webhook that is to be handed on. The order of the fields is the order of the columns.

    Attributes:
        relay_id: random; the receiver can tell a repetition by it.
        body: the raw body as TikTok sent it.
        attempts: how often it was tried, this time included.
    """

    relay_id: str
    client_key: str
    event: str
    body: bytes
    received_at: float
    attempts: int
