"""``SqlStore``: the whole of ``Store`` over a ``Database``, which knows one SQL database."""

from __future__ import annotations

from itertools import chain, compress
from operator import attrgetter, not_
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tiktok_oauth.vault.stores import sql, sqlboots, sqlclaims
from tiktok_oauth.vault.stores.rows import (
    Boot,
    Candidate,
    Event,
    Grant,
    NewsItem,
    PendingLogin,
    Ref,
    Standing,
)
from tiktok_oauth.vault.stores.soundness import grant_of
from tiktok_oauth.vault.stores.sqlkeys import NOT_SEALED_WITH, SqlKeys
from tiktok_oauth.vault.stores.timelines import KEPT, tell
from tiktok_oauth.vault.stores.upgrading import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tiktok_oauth.vault.stores.database import Database, Row, Transaction, Value
    from tiktok_oauth.vault.stores.rows import (
        AccountQuery,
        Claim,
        Consent,
        DueClaim,
        Grant,
        Reason,
        Renewed,
        RowStatus,
        Settled,
    )

T = TypeVar("T")

_BY_WARM = {True: "warm_at", False: "keep_at"}
_DAY = 86400.0
_PRUNED_AT_ONCE = 1000
_LONGEST_REFRESH_TOKEN = 365 * _DAY


class SqlStore(SqlKeys):
    """Every method of ``Store``, over a database whose schema it brings up to date.

    Raises:
        StoreError: as every method, when the database cannot be read or written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.write(upgrade)

    @property
    def database(self) -> Database:
        """The database under it, where a service may keep tables of its own."""
        return self._database

    def describe(self) -> str:
        """What this is and how durable, in one line."""
        return self._database.describe()

    @property
    def may_forget(self) -> bool:
        """Whether a failover can lose what was written."""
        return self._database.may_forget

    def timeline(self) -> str:
        """The database's history so far."""
        return self._database.timeline()

    def close(self) -> None:
        """Let go of connections."""
        self._database.close()

    def get(self, ref: Ref) -> Grant | None:
        """One account as it stands now."""
        return _one(grant_of, self._database.read(sql.GET, ref._asdict()))

    def get_all(self, refs: Sequence[Ref]) -> list[Grant | None]:
        """Some accounts as they stand now, read together; None for one that is not known."""
        names = ((f"key{number}", f"id{number}") for number in range(len(refs)))
        values = dict(zip(chain.from_iterable(names), chain.from_iterable(refs), strict=True))
        rows = self._database.read(sql.get_all(len(refs)), values)
        found = {grant.ref: grant for grant in _all(grant_of, rows)}
        return [found.get(ref) for ref in refs]

    def page(self, query: AccountQuery) -> list[Grant]:
        """Some accounts, in the order of open_id and client key."""
        after = query.after or Ref("", "")
        wanted: dict[str, Value] = {
            name: value
            for name in ("client_key", "status", "user_id", "open_id")
            if (value := getattr(query, name)) is not None
        }
        conditions = [f"accounts.{name} = :{name}" for name in wanted]
        if query.key_id_not is not None:
            conditions.append(NOT_SEALED_WITH)
        if query.prefix is not None:
            conditions.append(sql.BEGINS)
        rows = self._database.read(
            sql.page(tuple(conditions)),
            {
                **wanted,
                "prefix": query.prefix,
                "prefix_end": f"{query.prefix}\U0010ffff",
                "key_id_not": query.key_id_not,
                "key_not": bytes.fromhex(query.key_id_not or ""),
                "after_key": after.client_key,
                "after_id": after.open_id,
                "limit": query.limit,
            },
        )
        return _all(grant_of, rows)

    def consent(self, change: Consent) -> bool:
        """Write a new consent's tokens, unless the row has a newer one."""
        return self.consent_all([change])[0]

    def consent_all(self, changes: Sequence[Consent]) -> list[bool]:
        """Write the tokens of some consents, each unless its row has a newer one."""
        values = [{**_flat(change), **msgspec.structs.asdict(change.tokens)} for change in changes]
        return self._write_all(sql.CONSENT, changes, values)

    def _write_all(
        self,
        statement: str,
        changes: Sequence[Consent | Renewed | Settled],
        values: Sequence[Mapping[str, Value]],
        otherwise: str | None = None,
        *,
        releases: bool = False,
    ) -> list[bool]:
        """Run a statement for each change; those that found their row are told of.

        Where it releases, the claims on those end, too. For the others another may be run.
        """

        def work(transaction: Transaction) -> list[bool]:
            written = list(map(bool, transaction.change(statement, values)))
            done = list(compress(changes, written))
            if releases:
                transaction.change(sqlclaims.RELEASE, [change.ref._asdict() for change in done])
            if otherwise:
                transaction.change(otherwise, list(compress(values, map(not_, written))))
            tell(transaction, [(change.ref, change.event) for change in done])
            return written

        return self._database.write(work)

    def disconnect(self, ref: Ref, gen: int, event: Event, *, erased: bool = False) -> bool:
        """Take all tokens from a consent and keep the row as a tombstone."""
        values: dict[str, Value] = {"gen": gen, "reason": "erased" if erased else None}
        statements = (sql.DISCONNECT, sql.DROP_CANDIDATES, sqlclaims.RELEASE)
        return self._end(statements, ref, event, values)

    def forsake(self, ref: Ref, gen: int, status: RowStatus, reason: Reason, event: Event) -> bool:
        """Say what a consent has come to, and leave its tokens."""
        values: dict[str, Value] = {"gen": gen, "status": status, "reason": reason}
        return self._end((sql.FORSAKE,), ref, event, values)

    def _end(
        self, statements: Sequence[str], ref: Ref, event: Event, values: Mapping[str, Value]
    ) -> bool:
        """Run statements, the further ones only if the first found its row."""
        parameters = {**ref._asdict(), **values}

        def work(transaction: Transaction) -> bool:
            if transaction.change(statements[0], [parameters]) == [0]:
                return False
            for statement in statements[1:]:
                transaction.change(statement, [parameters])
            tell(transaction, [(ref, event)])
            return True

        return self._database.write(work)

    def erase(self, ref: Ref) -> None:
        """Delete everything that is known of an account."""

        def work(transaction: Transaction) -> None:
            for statement in sql.ERASE:
                transaction.change(statement, [ref._asdict()])

        self._database.write(work)

    def standing(self, now: float, *, warm: bool) -> Standing:
        """Figures over all accounts."""
        read = self._database.read
        [(count, first, claimed)] = read(sql.due(_BY_WARM[warm]), {"now": now})
        return msgspec.convert(
            {
                "accounts": dict(read(sql.BY_STATUS, {})),  # type: ignore[arg-type]  # rows of two
                "due": count,
                "lag": 0.0 if first is None else max(0.0, now - float(first)),
                "open_claims": claimed,
            },
            Standing,
        )

    def claim(self, claims: Sequence[Claim]) -> list[Grant | None]:
        """Grant claims; None for one that was refused."""
        values = [_flat(claim) for claim in claims]

        def work(transaction: Transaction) -> list[Grant | None]:
            granted = transaction.change(sqlclaims.CLAIM, values)
            # As they stand now that nobody else can claim them.
            return [
                _one(grant_of, transaction.run(sqlclaims.CLAIMED, value)) if is_granted else None
                for value, is_granted in zip(values, granted, strict=True)
            ]

        return self._database.write(work)

    def claim_due(self, claim: DueClaim) -> list[Grant]:
        """Claim what is due, the most urgent first."""
        apps = {f"app{number}": key for number, key in enumerate(claim.client_keys)}
        values = {**apps, **msgspec.structs.asdict(claim)}
        again, due, ahead = sqlclaims.claim_due(len(apps), warm=claim.warm)

        def work(transaction: Transaction) -> list[Row]:
            transaction.run(sqlclaims.TAKE_TURNS, {})
            count = 0
            for take, most in ((again, claim.retries), *((one, claim.limit) for one in due)):
                left = {"limit": min(most, claim.limit - count)}
                count += transaction.change(take, [values | left])[0]
            if not (count := count or transaction.change(ahead, [values])[0]):
                return []
            rows = transaction.run(sqlclaims.CLAIMED_DUE, values)
            # Fewer, when somebody has moved a row between the two statements.
            return rows if len(rows) == count else transaction.run(sqlclaims.CLAIMED_MOVED, values)

        return sorted(
            _all(grant_of, self._database.write(work)), key=attrgetter(_BY_WARM[claim.warm])
        )

    def renew(self, changes: Sequence[Renewed]) -> list[bool]:
        """Write new tokens where the parent still stands."""
        values = [{**_flat(change), **msgspec.structs.asdict(change.tokens)} for change in changes]
        return self._write_all(sql.RENEW, changes, values, releases=True)

    def settle(self, changes: Sequence[Settled]) -> list[bool]:
        """Write how claims ended that brought no tokens."""
        values = list(map(_flat, changes))
        return self._write_all(sql.SETTLE, changes, values, sql.TELL_DOUBT, releases=True)

    def want(self, ref: Ref, now: float) -> None:
        """Say that a caller is waiting for this account."""
        self._change(sql.WANT, {**ref._asdict(), "now": now})

    def keep_candidate(self, candidate: Candidate) -> None:
        """Keep a refresh token that could not become the current one."""
        values = {**_flat(candidate), "tried": int(candidate.tried)}

        def work(transaction: Transaction) -> None:
            transaction.change(sql.ADD_CANDIDATE, [values])
            transaction.change(sql.DOUBT, [values])

        self._database.write(work)

    def candidates(self, ref: Ref) -> list[Candidate]:
        """The candidates of an account, newest first."""
        rows = self._database.read(sql.CANDIDATES, ref._asdict())
        return [
            Candidate(ref, *row[2:-1], bool(row[-1]))  # type: ignore[arg-type,call-arg]  # as CANDIDATE
            for row in rows
        ]

    def mark_tried(self, ref: Ref, fingerprint: bytes) -> None:
        """Remember that a candidate was sent to TikTok."""
        self._change(sql.MARK_TRIED, {**ref._asdict(), "fingerprint": fingerprint})

    def add_events(self, ref: Ref, events: Sequence[Event]) -> None:
        """Append to an account's timeline."""
        self._database.write(lambda transaction: tell(transaction, [(ref, one) for one in events]))

    def events(self, ref: Ref, limit: int = KEPT) -> list[Event]:
        """An account's timeline, newest first."""
        return _all(Event, self._database.read(sql.EVENTS, {**ref._asdict(), "limit": limit}))

    def events_after(self, event_id: int, limit: int) -> list[NewsItem]:
        """Lines of all timelines after one, in the order of their ids."""
        values = {"event_id": event_id, "limit": limit}
        return _all(NewsItem, self._database.read(sql.EVENTS_AFTER, values))

    def last_event(self) -> int:
        """The id of the newest line of all timelines; 0 while there is none."""
        return int(self._database.read(sql.LAST_EVENT, {})[0][0] or 0)

    def prune(self, now: float) -> None:
        """Drop what has had its time."""
        values = {
            "oldest_login": now - _DAY,
            "oldest_refresh": now - 30 * _DAY,
            "oldest_candidate": now - _LONGEST_REFRESH_TOKEN - 30 * _DAY,
            "oldest_event": now - 90 * _DAY,
            "limit": _PRUNED_AT_ONCE,
        }
        for statement in sql.PRUNE:
            self._change(statement, values)
        while self._change(sql.PRUNE_EVENTS, values):
            pass

    def add_login(self, login: PendingLogin) -> None:
        """Keep a login that was begun."""
        self._change(sql.ADD_LOGIN, msgspec.structs.asdict(login))

    def take_login(self, state: bytes, binding: bytes, now: float) -> PendingLogin | None:
        """Mark a login as used and return it as it stood before, in one step."""
        values: dict[str, Value] = {"state": state, "binding": binding, "now": now}

        def work(transaction: Transaction) -> PendingLogin | None:
            found = _one(PendingLogin, transaction.run(sql.GET_LOGIN, values))
            [is_ours] = transaction.change(sql.USE_LOGIN, [values])
            if found is None or is_ours or found.used_at is not None:
                return found
            # Somebody else used it between the two statements, or the binding is another one.
            return _one(PendingLogin, transaction.run(sql.GET_LOGIN, values))

        return self._database.write(work)

    def begin_boot(self, boot: Boot) -> None:
        """Make a new boot known."""
        self._change(sqlboots.PUT_BOOT, msgspec.structs.asdict(boot))

    def touch_boot(self, boot: Boot) -> None:
        """Say that a boot lives, which keys it has, and how far it has caught up."""
        self._change(sqlboots.PUT_BOOT, msgspec.structs.asdict(boot))

    def end_boot(self, boot: str, timeline: str) -> None:
        """Say that a boot is over and its journal replayed."""
        self._change(sqlboots.END_BOOT, {"boot": boot, "timeline": timeline})

    def has_ended(self, boot: str, timeline: str) -> bool:
        """Whether a boot is known to be over, and its journal replayed in a timeline."""
        return bool(self._database.read(sqlboots.HAS_ENDED, {"boot": boot, "timeline": timeline}))

    def boots(self) -> list[Boot]:
        """The boots that have not ended."""
        return _all(Boot, self._database.read(sqlboots.BOOTS, {}))

    def setting(self, name: str) -> bytes | None:
        """A setting, or None."""
        [(value,)] = self._database.read(sql.SETTING, {"name": name}) or [(None,)]
        return value.encode() if isinstance(value, str) else value and bytes(value)  # type: ignore[arg-type, return-value]  # one made by hand is text

    def put_setting(self, name: str, value: bytes | None) -> None:
        """Write a setting; None deletes it."""
        if value is None:
            self._change(sql.DROP_SETTING, {"name": name})
        else:
            self._change(sql.PUT_SETTING, {"name": name, "value": value})

    def raise_setting(self, name: str, value: bytes) -> None:
        """Write a setting, unless what stands there is as great."""
        self._change(sql.RAISE_SETTING, {"name": name, "value": value})

    def _change(self, statement: str, values: Mapping[str, Value]) -> int:
        return self._database.write(lambda transaction: transaction.change(statement, [values]))[0]


def _flat(change: msgspec.Struct) -> dict[str, Value]:
    """A change's fields as parameters, with those of its account."""
    values = msgspec.structs.asdict(change)
    values["client_key"], values["open_id"] = values.pop("ref")
    return values


def _one(kind: Callable[..., T], rows: Sequence[Row]) -> T | None:
    return kind(*rows[0]) if rows else None


def _all(kind: Callable[..., T], rows: Sequence[Row]) -> list[T]:
    return [kind(*row) for row in rows]
