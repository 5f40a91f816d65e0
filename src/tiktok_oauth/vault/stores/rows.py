"""What a store holds, and the changes made to it: frozen values, no secret in the clear.

Times named ``*_at`` are Unix seconds of TikTok's clock (the sandbox's, when it stands in for
TikTok), unless their line says *store clock*: the clock by which leases are timed, which no
change of the wall clock moves on SQLite and which is the database's own on PostgreSQL.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import msgspec

RowStatus = Literal["active", "needs_login", "disconnected", "blocked"]
Reason = Literal[
    "revoked", "expired", "lost_in_flight", "rotated_elsewhere", "other_account", "erased"
]


class Ref(NamedTuple):
    """Which account: an ``open_id`` means a person for one app only."""

    client_key: str
    open_id: str


class Tokens(msgspec.Struct, frozen=True, gc=False):
    """One answer's tokens, sealed, with what may be known of them.

    Attributes:
        access: the sealed access token.
        refresh: the sealed refresh token.
        fingerprint: tells whether a refresh token is this one, without opening it.
        key_id: the key both are sealed with.
        access_expires_at: when the access token ends.
        refresh_expires_at: when the refresh token ends.
        lifetime: seconds the access token was good for when it was issued.
        scope: the granted scopes as TikTok's comma list.
        issued_at: when the answer came.
        warm_at: when to refresh so that the access token never ends.
        keep_at: when to refresh so that the refresh token does not age out unused.
    """

    access: bytes
    refresh: bytes
    fingerprint: bytes
    key_id: str
    access_expires_at: float
    refresh_expires_at: float
    lifetime: float
    scope: str
    issued_at: float
    warm_at: float
    keep_at: float


class Grant(msgspec.Struct, frozen=True, gc=False):
    """One account as it stands. The order of the fields is the order of the columns.

    Attributes:
        user_id: the caller's own name for the person.
        gen: which consent this is: its number, as ``next_gen`` gives it. An older consent never
            replaces a newer one.
        ver: how many times its tokens were replaced; sealed tokens are bound to it.
        status: what can be done with it.
        reason: why it cannot be used.
        granted_at: when the consent's code was sent to TikTok, or the tokens adopted.
        access: sealed; None once the account is disconnected. So are the other two.
        refresh: the refresh token to use.
        parent: the one it was bought with, where a request had gone unanswered before: perhaps
            another answer to it is the one that counts. Kept until ``refresh`` was used.
        fingerprint: of ``refresh``.
        warm_at: when a refresher should refresh it so that the access token never ends.
        keep_at: when it should so that the refresh token does not age out unused. A caller
            who waits moves both to now, a failure moves both ahead.
        not_before: no request for it earlier than this, after a failure.
        attempt: the claim under way, or whose outcome was never written.
        boot: the vault that made the claim.
        claimed_at: when (store clock).
        doubt_at: since when a request may have been handled whose answer nobody has.
        probes: requests made since then.
        refusals: answers ``invalid_grant`` in a row.
        refused_at: the first of them.
        failures: attempts in a row that brought nothing.
        trouble: what went wrong last, in one sentence.
        log_id: TikTok's log ID of it.
    """

    client_key: str
    open_id: str
    user_id: str | None
    gen: int
    ver: int
    status: RowStatus
    reason: Reason | None
    scope: str
    granted_at: float
    issued_at: float
    access: bytes | None
    refresh: bytes | None
    parent: bytes | None
    fingerprint: bytes | None
    key_id: str | None
    access_expires_at: float
    refresh_expires_at: float
    lifetime: float
    warm_at: float
    keep_at: float
    not_before: float
    attempt: str | None
    boot: str | None
    claimed_at: float | None
    doubt_at: float | None
    probes: int
    refusals: int
    refused_at: float | None
    failures: int
    trouble: str | None
    log_id: str | None

    @property
    def ref(self) -> Ref:
        """Which account this is."""
        return Ref(self.client_key, self.open_id)


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Ask for the right to refresh an account, as it was read.

    Granted only if the row still has this ``gen`` and ``ver``, no request is barred by
    ``not_before``, and no other claim is open. A claim is open until its outcome is written, its
    boot has ended, or ``patience`` seconds (store clock) have passed since it was made.

    Args:
        grace: seconds (store clock) after the end of a boot during which its last request may
            still be on its way, and would come second to ours.
    """

    ref: Ref
    gen: int
    ver: int
    attempt: str
    boot: str
    now: float
    patience: float
    grace: float = 5.0


class DueClaim(msgspec.Struct, frozen=True, gc=False):
    """Ask for the right to refresh up to ``limit`` accounts that are due, most urgent first.

    Args:
        warm: by ``warm_at``; else by ``keep_at``.
        client_keys: the apps that can be refreshed here.
        attempt: the name of the batch, never used twice: with the account it names each claim.
        now: token time.
        patience: as in ``Claim``.
        grace: as in ``Claim``.
        retries: how many of them may be accounts that have failed since they were refreshed.
    """

    warm: bool
    client_keys: tuple[str, ...]
    limit: int
    attempt: str
    boot: str
    now: float
    patience: float
    grace: float = 5.0
    retries: int = 1_000_000


class Renewed(msgspec.Struct, frozen=True, gc=False):
    """New tokens for an account, bought with the refresh token that stood at ``ver``.

    Written only if that token still stands (same ``gen``, ``ver`` and fingerprint), whoever
    holds a claim by now: the fence is parentage, never a lease.

    Args:
        next_ver: the version of the new tokens: the one after that of the token they were bought
            with, also where the row has fallen further behind in a failover. Tokens keep their
            version however often they are written.
        attempt: the claim they were asked for with.
        sent: the refresh token they were bought with, where it is another one, sealed as what
            stands in the version before theirs.
    """

    ref: Ref
    gen: int
    ver: int
    stood: bytes
    next_ver: int
    attempt: str
    tokens: Tokens
    event: Event
    sent: bytes | None = None


class Settled(msgspec.Struct, frozen=True, gc=False):
    """How a claim ended without new tokens: what the row says from now on."""

    ref: Ref
    gen: int
    ver: int
    attempt: str
    boot: str
    status: RowStatus
    reason: Reason | None
    warm_at: float
    keep_at: float
    not_before: float
    doubt_at: float | None
    probes: int
    refusals: int
    refused_at: float | None
    failures: int
    trouble: str | None
    log_id: str | None
    event: Event | None


class Consent(msgspec.Struct, frozen=True, gc=False):
    """Tokens of a new consent (or from elsewhere), and the account they are for.

    Written unless the row's own consent is newer, or another consent was written since the row
    was read; ask again then. The tokens are sealed for ``gen`` (see ``next_gen``) and ``ver`` 1.

    Args:
        user_id: None keeps the one that is there.
        after: the row's ``gen`` when it was read; 0 when there was none.
        now: when this is written: a row's consent of a later time is of a clock that was ahead.
    """

    ref: Ref
    gen: int
    user_id: str | None
    granted_at: float
    tokens: Tokens
    event: Event
    after: int = 0
    now: float = math.inf


def has_newer(row: Grant, granted_at: float, now: float) -> bool:
    """Whether a row's consent is newer than one of that time, as the store sees it."""
    return granted_at < row.granted_at <= now


def next_gen(after: int, granted_at: float) -> int:
    """The number of a new consent: when it was given, in milliseconds.

    It is no count, which would come to the same number again after a failover or an erasure that
    forgot a consent: what was left of that one would pass for the new one's.

    Args:
        after: the number of the consent before; 0 when there was none.
        granted_at: when this one was given.
    """
    return max(after + 1, int(granted_at * 1000))


class Resealed(msgspec.Struct, frozen=True, gc=False):
    """An account's tokens sealed under another key.

    Written only while they are still the ones that were read, and no claim is open.
    """

    ref: Ref
    gen: int
    ver: int
    stood: bytes
    key_id: str
    access: bytes | None
    refresh: bytes | None
    parent: bytes | None
    fingerprint: bytes


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A refresh token that could not become the current one: it is never dropped.

    Attributes:
        fingerprint: each token is kept once.
        sealed: the token, bound to the account, ``gen`` and ``ver``.
        source: how it came here, in one word.
        tried: whether it was sent to TikTok since.
    """

    ref: Ref
    gen: int
    ver: int
    fingerprint: bytes
    sealed: bytes
    source: str
    created_at: float
    tried: bool = False


class PendingLogin(msgspec.Struct, frozen=True, gc=False):
    """A login that was begun and not finished.

    Attributes:
        state: SHA-256 of the state; the state itself is nowhere.
        binding: SHA-256 of what ties it to the browser.
        verifier: the sealed code verifier, when there is one.
        used_at: when its callback came.
    """

    state: bytes
    binding: bytes
    client_key: str
    redirect_uri: str
    scope: str
    user_id: str | None
    open_id: str | None
    next_url: str | None
    verifier: bytes | None
    created_at: float
    expires_at: float
    used_at: float | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of an account's timeline; it holds no secret."""

    at: float
    kind: str
    detail: str = ""
    correlation_id: str = ""


class NewsItem(msgspec.Struct, frozen=True, gc=False):
    """One line of all accounts' timelines, told together.

    Attributes:
        id: its place among them: a later line has a greater one.
    """

    id: int
    client_key: str
    open_id: str
    at: float
    kind: str
    detail: str
    correlation_id: str


class Boot(msgspec.Struct, frozen=True, gc=False):
    """One start of one vault.

    Attributes:
        boot: random, never used twice.
        host: which journal directory it writes to; only vaults there can tell it died.
        keys: the ids of the keys it can open, comma-separated.
        seen_at: its last sign of life (store clock).
        timeline: the state of the database's history it has caught up with.
    """

    boot: str
    host: str
    keys: str
    seen_at: float
    timeline: str


class AccountQuery(msgspec.Struct, frozen=True, gc=False):
    """Which accounts to list, in the order of (open_id, client_key).

    Args:
        after: the last account of the page before.
        prefix: how open_id or user_id begins.
    """

    limit: int = 100
    after: Ref | None = None
    client_key: str | None = None
    status: RowStatus | None = None
    user_id: str | None = None
    open_id: str | None = None
    key_id_not: str | None = None
    prefix: str | None = None


class Standing(msgspec.Struct, frozen=True, gc=False):
    """Figures over all accounts, for operators and metrics.

    Attributes:
        accounts: how many there are by status.
        due: how many are due now.
        lag: seconds the most urgent of them has been due.
        open_claims: how many of the due ones somebody is refreshing.
    """

    accounts: dict[str, int]
    due: int
    lag: float
    open_claims: int
