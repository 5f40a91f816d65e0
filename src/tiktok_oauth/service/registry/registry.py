"""``Registry``: the service's own tables. Plain blocking methods, safe to share between threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.service.registry import sql
from tiktok_oauth.service.registry.attempts import WINDOW, seconds_to_wait
from tiktok_oauth.service.registry.keys import make_key_id, make_secret, read_key
from tiktok_oauth.service.registry.rows import SCOPES, ApiKey, Delivery, LedgerLine, NewKey, Relay
from tiktok_oauth.vault.stores import sql as vault_sql
from tiktok_oauth.vault.stores.upgrading import apply_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.service.registry.rows import RelayStatus, Scope
    from tiktok_oauth.vault.stores.database import Database, Row, Transaction, Value

_DAY = 86_400.0
_KEPT = 30 * _DAY
"""How long a webhook is known: TikTok repeats one for three days."""
_MINUTE = 60.0
_LONGEST_NAME = 100
_NEWEST = (1 << 63) - 1


class Registry:
    """API keys, webhooks received, relays due, what may be used once, and attempts to sign in.

    Args:
        database: the vault's; its tables here are brought up to date.
        clock: Unix seconds.

    Raises:
        StoreError: as every method, when the database cannot be read or written.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        database.write(_upgrade)

    # API keys

    def create_key(self, name: str, scope: Scope) -> NewKey:
        """Make a key. Its secret is told here, and never again.

        Raises:
            ValidationError: the name or the scope cannot be used.
        """
        name = name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise invalid_argument("A key needs a name of 1 to 100 printable characters.")
        if scope not in SCOPES:
            raise invalid_argument(f"The scope of a key is one of {', '.join(SCOPES)}.")
        key_id = make_key_id()
        secret = make_secret(key_id)
        sent = read_key(secret.reveal())
        digest = b"" if sent is None else sent.digest
        key = ApiKey(key_id, name, scope, digest, self._clock(), None, None)
        self._change(sql.ADD_KEY, msgspec.structs.asdict(key))
        return NewKey(key, secret)

    def list_keys(self) -> list[ApiKey]:
        """All keys, the oldest first; those that were revoked lately come last."""
        return [ApiKey(*row) for row in self._database.read(sql.LIST_KEYS, {})]  # type: ignore[arg-type]  # as KEY

    def find_key(self, key_id: str) -> ApiKey | None:
        """One key, revoked or not."""
        rows = self._database.read(sql.GET_KEY, {"key_id": key_id})
        return ApiKey(*rows[0]) if rows else None  # type: ignore[arg-type]  # as KEY

    def revoke_key(self, key_id: str) -> bool:
        """Let a key be good for nothing; False when it is not known, or was revoked before.

        Processes that have seen it lately go on taking it for a few seconds.
        """
        return bool(self._change(sql.REVOKE_KEY, {"key_id": key_id, "now": self._clock()}))

    def touch_key(self, key_id: str) -> None:
        """Remember that a key was used. It is written at most once a minute."""
        now = self._clock()
        self._change(sql.TOUCH_KEY, {"key_id": key_id, "now": now, "before": now - _MINUTE})

    # Webhooks

    def record(
        self, delivery: Delivery, relay_body: bytes | None = None, effect: str | None = None
    ) -> bool:
        """Write a webhook into the ledger; whether it is new, or has still to be acted upon.

        Without an effect it has until ``acted`` was called, so that none is lost with a process
        that dies between the two; acting twice must be harmless. A repetition is counted.

        Args:
            delivery: the webhook.
            relay_body: its raw body, when it is to be handed on; that is done once.
            effect: what it changes, where that is known already.
        """
        values: dict[str, Value] = {
            **msgspec.structs.asdict(delivery),
            "is_late": int(delivery.is_late),
            "effect": effect,
        }
        relay: dict[str, Value] = {
            "digest": delivery.digest,
            "relay_id": make_key_id() + make_key_id(),
            "body": relay_body,
            "now": self._clock(),
        }

        def work(transaction: Transaction) -> bool:
            [[received, effect]] = transaction.run(sql.RECORD, values)
            if relay_body is not None:
                transaction.run(sql.ADD_RELAY, relay)
            return received == 1 or effect is None

        return self._database.write(work)

    def acted(self, digest: bytes, effect: str = "") -> None:
        """Say that a webhook was acted upon, and what it changed."""
        self._change(sql.ACTED, {"digest": digest, "effect": effect})

    def ledger(self, limit: int = 100, before: int | None = None) -> list[LedgerLine]:
        """Webhooks received, newest first; the page after the one that ended with ``before``."""
        values = {"limit": limit, "before": _NEWEST if before is None else before}
        return [_line(row) for row in self._database.read(sql.LEDGER, values)]

    # Relays

    def take_relays(self, limit: int, hold: float = 60.0) -> list[Relay]:
        """Take some that are due, for so many seconds; then they are due again."""
        now = self._clock()
        values = {"now": now, "again_at": now + hold, "limit": limit}

        def work(transaction: Transaction) -> list[Relay]:
            transaction.run(vault_sql.LOCK, {})
            taken = transaction.run(sql.TAKE_RELAYS, values)
            origins = [transaction.run(sql.RELAYED_DELIVERY, {"digest": row[0]}) for row in taken]
            return [_relay(row, origin[0]) for row, origin in zip(taken, origins, strict=True)]

        return self._database.write(work)

    def settle_relay(
        self, relay: Relay, status: RelayStatus, trouble: str | None = None, wait: float = 0.0
    ) -> bool:
        """Say how it went; False when somebody else has taken it since.

        Args:
            relay: as it was taken.
            status: ``waiting`` to be tried again.
            trouble: what went wrong.
            wait: seconds until then.
        """
        values: dict[str, Value] = {
            "relay_id": relay.relay_id,
            "attempts": relay.attempts,
            "status": status,
            "trouble": trouble,
            "due_at": self._clock() + wait,
            "keeps_body": int(status == "waiting"),
        }
        return bool(self._change(sql.SETTLE_RELAY, values))

    def relay_now(self, number: int) -> bool:
        """Let a waiting one of the ledger be due now."""
        return bool(self._change(sql.RELAY_AGAIN, {"number": number, "now": self._clock()}))

    def relays(self) -> dict[RelayStatus, int]:
        """How many there are by status."""
        rows = self._database.read(sql.RELAYS_BY_STATUS, {})
        return dict(rows)  # type: ignore[arg-type]  # rows of two

    # What may be used once

    def use_once(self, name: str) -> bool:
        """Use up a name, for thirty days; False when it was used up before, by whomever."""
        return bool(self._change(sql.SPEND, {"name": name, "now": self._clock()}))

    def is_used(self, name: str) -> bool:
        """Whether a name was used up."""
        return bool(self._database.read(sql.SPENT, {"name": name}))

    # Attempts to sign in

    def take_attempt(self, address: str) -> int:
        """Take note of an attempt before it is judged, so that attempts made at once count, too.

        Returns:
            The seconds to wait when there were too many, in whichever process; 0 otherwise.
        """
        now = self._clock()
        values: dict[str, Value] = {"oldest": now - WINDOW, "newest": now + WINDOW}
        wait = seconds_to_wait(_attempts(self._database.read(sql.ATTEMPTS, values)), address, now)
        if wait:
            return wait  # Whoever goes on guessing does not make us write.

        def work(transaction: Transaction) -> int:
            transaction.run(vault_sql.LOCK, {})
            made = _attempts(transaction.run(sql.ATTEMPTS, values))
            wait = seconds_to_wait(made, address, now)
            if not wait:
                transaction.run(sql.DROP_ATTEMPTS, {"oldest": now - WINDOW})
                transaction.run(sql.TRY, {"address": address, "now": now})
            return wait

        return self._database.write(work)

    def forgive_attempts(self, address: str) -> None:
        """Forget an address's attempts: its owner was right in the end."""
        self._change(sql.FORGIVE, {"address": address})

    def prune(self) -> None:
        """Drop what has had its time: webhooks and revoked keys after thirty days."""
        values = {"oldest": self._clock() - _KEPT}
        for statement in sql.PRUNE:
            self._change(statement, values)

    def _change(self, statement: str, values: Mapping[str, Value]) -> list[Row]:
        return self._database.write(lambda transaction: transaction.run(statement, values))


def _upgrade(transaction: Transaction) -> None:
    transaction.run(vault_sql.LOCK, {})
    apply_missing(transaction, sql.SCHEMA, sql.VERSION_SETTING, "The service's tables have")


def _attempts(rows: list[Row]) -> list[tuple[str, float]]:
    return [(address, at) for address, at in rows]  # type: ignore[misc]  # as ATTEMPTS


def _line(row: Row) -> LedgerLine:
    """A row of ``sql.LEDGER``."""
    number, *rest = row
    width = len(Delivery.__struct_fields__)
    values = dict(zip(Delivery.__struct_fields__, rest[:width], strict=True))
    values["is_late"] = values["is_late"] == 1
    return LedgerLine(number, Delivery(**values), *rest[width:])  # type: ignore[arg-type]  # as LEDGER


def _relay(row: Row, origin: Row) -> Relay:
    _, relay_id, body, attempts = row
    client_key, event, received_at = origin
    return Relay(relay_id, client_key, event, body or b"", received_at, attempts)  # type: ignore[arg-type]  # as TAKE_RELAYS
