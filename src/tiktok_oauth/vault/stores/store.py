"""``Store``: what the author of a backend implements.

Plain blocking methods, safe to share between threads; every write is durable when its method
returns.

Most backends are a ``Database`` under ``SqlStore``; the protocol is here for those that are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.vault.stores.rows import (
        AccountQuery,
        Boot,
        Candidate,
        Claim,
        Consent,
        DueClaim,
        Event,
        Grant,
        NewsItem,
        PendingLogin,
        Reason,
        Ref,
        Renewed,
        Resealed,
        RowStatus,
        Settled,
        Standing,
    )


class Store(Protocol):
    """Where accounts, pending logins and timelines are kept.

    Every method raises ``StoreError`` when the store cannot be read or written. After one from a
    write, the write may or may not have happened: all of them can be repeated.
    """

    def describe(self) -> str:
        """What this is and how durable, in one line for the log at start."""
        ...

    @property
    def may_forget(self) -> bool:
        """Whether a failover can lose what was written: then journals are kept for an hour."""
        ...

    def timeline(self) -> str:
        """The database's history so far: another word than before means it lost writes."""
        ...

    def close(self) -> None:
        """Let go of connections. A store is not used afterwards."""
        ...

    # Accounts

    def get(self, ref: Ref) -> Grant | None:
        """One account as it stands now."""
        ...

    def get_all(self, refs: Sequence[Ref]) -> list[Grant | None]:
        """At least one account, read together: as ``get`` for each."""
        ...

    def page(self, query: AccountQuery) -> list[Grant]:
        """Some accounts, in the order of open_id and client key."""
        ...

    def consent(self, change: Consent) -> bool:
        """Write a new consent's tokens.

        False when the row has a newer one, or another consent than the change was made after.
        """
        ...

    def consent_all(self, changes: Sequence[Consent]) -> list[bool]:
        """As ``consent`` for each, in one transaction."""
        ...

    def disconnect(self, ref: Ref, gen: int, event: Event, *, erased: bool = False) -> bool:
        """Take all tokens from a consent and keep the row as a tombstone.

        False when there is a newer consent.
        """
        ...

    def erase(self, ref: Ref) -> None:
        """Delete everything that is known of an account: row, candidates, timeline, logins."""
        ...

    def standing(self, now: float, *, warm: bool) -> Standing:
        """Figures over all accounts."""
        ...

    # Refreshing

    def claim(self, claims: Sequence[Claim]) -> list[Grant | None]:
        """Grant claims; None for one that was refused. The row comes back as it then stands.

        Where the claim before was never settled, ``doubt_at`` is set.
        """
        ...

    def claim_due(self, claim: DueClaim) -> list[Grant]:
        """Claim what is due, the most urgent first.

        Where nothing is, what a clock that was ahead has put off: when it ends is not known.
        """
        ...

    def renew(self, changes: Sequence[Renewed]) -> list[bool]:
        """Write new tokens where the parent still stands.

        The old refresh token becomes ``parent`` where there was doubt; evidence and claim
        are cleared, warm_at and keep_at set anew.
        """
        ...

    def forsake(self, ref: Ref, gen: int, status: RowStatus, reason: Reason, event: Event) -> bool:
        """Say what a consent has come to, by what somebody else told us (a webhook, an operator).

        Its tokens stay. False when there is a newer consent.
        """
        ...

    def settle(self, changes: Sequence[Settled]) -> list[bool]:
        """Write how claims ended that brought no tokens; False where the claim is gone."""
        ...

    def want(self, ref: Ref, now: float) -> None:
        """Say that a caller is waiting for this account: a refresher takes it first."""
        ...

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a refresh token that could not become the current one. Repeating is harmless.

        A child of the token that stands in the row (``ver`` one higher) leaves it in doubt.
        """
        ...

    def candidates(self, ref: Ref) -> list[Candidate]:
        """The candidates of an account, newest first."""
        ...

    def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """Remember that a candidate was sent to TikTok."""
        ...

    # Timelines

    def add_events(self, ref: Ref, events: Sequence[Event]) -> None:
        """Append to an account's timeline."""
        ...

    def events(self, ref: Ref, limit: int = 200) -> list[Event]:
        """An account's timeline, newest first."""
        ...

    def events_after(self, event_id: int, limit: int) -> list[NewsItem]:
        """Lines of all timelines after one, in the order of their ids.

        One with a smaller id may still appear for as long as a transaction takes.
        """
        ...

    def last_event(self) -> int:
        """The id of the newest line of all timelines; 0 while there is none."""
        ...

    def prune(self, now: float) -> None:
        """Drop what has had its time.

        Events older than 90 days or beyond 200 an account, logins a day after they ended, tokens
        thirty days after they died.
        """
        ...

    # Logins

    def add_login(self, login: PendingLogin) -> None:
        """Keep a login that was begun."""
        ...

    def take_login(self, state: bytes, binding: bytes, now: float) -> PendingLogin | None:
        """Mark a login as used and return it as it stood before, in one step.

        It is only marked when the binding is right: a stranger cannot use up a login. Returns
        None when no login has this state.
        """
        ...

    # Vaults and their journals

    def begin_boot(self, boot: Boot) -> None:
        """Make a new boot known, before it makes its first claim."""
        ...

    def touch_boot(self, boot: Boot) -> None:
        """Say that a boot lives, which keys it has, and how far it has caught up."""
        ...

    def end_boot(self, boot: str, timeline: str) -> None:
        """Say that a boot is over and its journal replayed: its open claims are nobody's.

        Args:
            boot: which.
            timeline: as it was before the journal was replayed; a failover since then may have
                taken back some of that, and not the end.
        """
        ...

    def has_ended(self, boot: str, timeline: str) -> bool:
        """Whether a boot is known to be over, and what its journal held written in a timeline."""
        ...

    def boots(self) -> list[Boot]:
        """The boots that have not ended."""
        ...

    # Settings kept beside the accounts

    def setting(self, name: str) -> bytes | None:
        """A setting, or None."""
        ...

    def put_setting(self, name: str, value: bytes | None) -> None:
        """Write a setting; None deletes it. While ``frozen`` is set, no claim is granted."""
        ...

    def raise_setting(self, name: str, value: bytes) -> None:
        """Write a setting, unless what stands there is as great, compared byte by byte.

        Whoever comes late does not turn it back.
        """
        ...

    # Which key sealed what

    def key_ids(self) -> list[str]:
        """The ids of all keys that an account is sealed with."""
        ...

    def sealed_with(self) -> dict[str, int]:
        """How many values each key has sealed, by its id.

        Those of accounts (the token before counts for itself), candidates and pending logins.
        """
        ...

    def reseal(self, changes: Sequence[Resealed]) -> list[bool]:
        """Replace sealed columns by the same tokens under another key.

        False where the account has changed, or is being refreshed.
        """
        ...

    def stale_candidates(self, key_id: str, limit: int) -> list[Candidate]:
        """Some candidates that are sealed with another key than this."""
        ...

    def reseal_candidate(self, ref: Ref, stood: bytes, fingerprint: bytes, sealed: bytes) -> bool:
        """Replace the candidate with fingerprint ``stood`` by the same token under another key.

        False where it is gone, or its account is being refreshed.
        """
        ...

    def stale_logins(self, key_id: str, limit: int) -> list[PendingLogin]:
        """Some logins whose verifier is sealed with another key than this."""
        ...

    def reseal_login(self, state: bytes, stood: bytes, verifier: bytes) -> bool:
        """Replace a login's verifier by the same one under another key; False where it is gone."""
        ...
