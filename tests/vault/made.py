"""Rows and changes as tests need them: what is not the point of a test has a value here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.vault.stores.rows import (
    Boot,
    Candidate,
    Claim,
    Consent,
    DueClaim,
    Event,
    PendingLogin,
    Ref,
    Renewed,
    Resealed,
    Settled,
    Tokens,
)

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.rows import Grant
    from tiktok_oauth.vault.stores.sqlstore import SqlStore

NOW = 1_800_000_000.0
"""Token time in tests."""
APP = "awapp"
ANNA = Ref(APP, "anna")
BEN = Ref(APP, "ben")
K0, K1, K2 = "00" * 8, "11" * 8, "22" * 8
"""Ids of keys."""
MINE, OTHER = "boot-mine", "boot-other"


def tokens(name: str, **changes: object) -> Tokens:
    """Sealed tokens that can be told from others by a name."""
    made = Tokens(
        access=f"access {name}".encode(),
        refresh=f"refresh {name}".encode(),
        fingerprint=f"fingerprint {name}".encode(),
        key_id=K1,
        access_expires_at=NOW + 7200,
        refresh_expires_at=NOW + 86_400 * 180,
        lifetime=7200.0,
        scope="user.info.basic",
        issued_at=NOW,
        warm_at=NOW + 5400,
        keep_at=NOW + 86_400 * 60,
    )
    return msgspec.structs.replace(made, **changes)


def event(kind: str = "test", at: float = NOW) -> Event:
    """One line of a timeline."""
    return Event(at, kind, "detail", "tiktok-1-00000000")


def consent(ref: Ref = ANNA, gen: int = 1, at: float = NOW, **changes: object) -> Consent:
    """A consent whose tokens are named after its number; ``changes`` are to its tokens."""
    made = tokens(f"{ref.open_id} {gen}", **changes)
    return Consent(ref, gen, None, at, made, event("connected"), gen - 1)


def boot(name: str, host: str = "host") -> Boot:
    """One start of a vault."""
    return Boot(name, host, K1, 0.0, "line")


def claim(grant: Grant, attempt: str = "a1", boot: str = MINE, **changes: object) -> Claim:
    """Ask for an account as it was read."""
    made = Claim(grant.ref, grant.gen, grant.ver, attempt, boot, NOW, 900.0, grace=0.0)
    return msgspec.structs.replace(made, **changes)


def due_claim(limit: int = 10, **changes: object) -> DueClaim:
    """Ask for what is due by ``warm_at``."""
    made = DueClaim(
        warm=True,
        client_keys=(APP,),
        limit=limit,
        attempt="batch",
        boot=MINE,
        now=NOW,
        patience=900.0,
        grace=0.0,
    )
    return msgspec.structs.replace(made, **changes)


def renewed(grant: Grant, name: str, **changes: object) -> Renewed:
    """New tokens in place of those that stand."""
    stood = grant.fingerprint or b""
    next_ver = grant.ver + 1
    attempt = grant.attempt or "a1"
    made = Renewed(
        grant.ref, grant.gen, grant.ver, stood, next_ver, attempt, tokens(name), event("renewed")
    )
    return msgspec.structs.replace(made, **changes)


def settled(grant: Grant, **changes: object) -> Settled:
    """The end of the claim a grant carries, for trying again a minute later."""
    made = Settled(
        ref=grant.ref,
        gen=grant.gen,
        ver=grant.ver,
        attempt=grant.attempt or "",
        boot=grant.boot or "",
        status="active",
        reason=None,
        warm_at=NOW + 60,
        keep_at=NOW + 60,
        not_before=NOW + 60,
        doubt_at=NOW,
        probes=1,
        refusals=2,
        refused_at=NOW,
        failures=3,
        trouble="no answer",
        log_id="log",
        event=event("failed"),
    )
    return msgspec.structs.replace(made, **changes)


def candidate(name: str, ref: Ref = ANNA, at: float = NOW) -> Candidate:
    """A refresh token that could not become current."""
    return Candidate(ref, 1, 1, f"print {name}".encode(), f"sealed {name}".encode(), "test", at)


def resealed(grant: Grant, key_id: str) -> Resealed:
    """The same tokens under another key."""
    return Resealed(
        grant.ref,
        grant.gen,
        grant.ver,
        grant.fingerprint or b"",
        key_id,
        b"new access",
        b"new refresh",
        grant.parent,
        b"new fingerprint",
    )


def pending(state: str = "state", **changes: object) -> PendingLogin:
    """A login that was begun."""
    made = PendingLogin(
        state=state.encode(),
        binding=b"binding",
        client_key=APP,
        redirect_uri="https://app.example/callback",
        scope="user.info.basic",
        user_id="user-7",
        open_id=None,
        next_url="/home",
        verifier=b"sealed verifier",
        created_at=NOW,
        expires_at=NOW + 600,
    )
    return msgspec.structs.replace(made, **changes)


def connected(store: SqlStore, ref: Ref = ANNA, **changes: object) -> Grant:
    """An account that was just connected, in a store where both boots live."""
    store.begin_boot(boot(MINE))
    store.begin_boot(boot(OTHER))
    change = consent(ref)
    sealed = msgspec.structs.replace(change.tokens, **changes)
    assert store.consent(msgspec.structs.replace(change, tokens=sealed))
    return read(store, ref)


def read(store: SqlStore, ref: Ref = ANNA) -> Grant:
    """An account that must be there."""
    grant = store.get(ref)
    assert grant is not None
    return grant


def claimed(store: SqlStore, grant: Grant, attempt: str = "a1", boot: str = MINE) -> Grant:
    """An account whose claim was granted."""
    [granted] = store.claim([claim(grant, attempt, boot)])
    assert granted is not None
    return granted
