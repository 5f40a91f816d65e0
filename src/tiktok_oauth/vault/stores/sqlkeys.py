"""The part of ``SqlStore`` that tells which key sealed what, and replaces what an old one sealed.

A sealed value names its key in its bytes 6 to 13, so that it can be found without opening it.
"""
# ruff: noqa: S608 - statements are put together from constants; values are always parameters

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.vault.stores import sql, sqlclaims
from tiktok_oauth.vault.stores.rows import Candidate, PendingLogin, Ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.vault.stores.database import Database, Transaction, Value
    from tiktok_oauth.vault.stores.rows import Resealed

_KEY = sql.KEY
_AT_REST = f"NOT EXISTS (SELECT 1 FROM accounts WHERE {_KEY} AND NOT ({sqlclaims.NOBODYS}))"
# Far beyond any claim's patience, so that a forgotten one does not keep an old key alive.
_IDLE = {"patience": 3600.0, "grace": 0.0}

# The token before is sealed with the key of its own time.
NOT_SEALED_WITH = "(key_id <> :key_id_not OR substr(parent, 6, 8) <> :key_not)"

_COUNT_ACCOUNTS = """
    SELECT key_id, COUNT(*) FROM accounts WHERE key_id IS NOT NULL GROUP BY key_id
"""
_COUNT_VALUES = """
    SELECT key, COUNT(*) FROM (
        SELECT substr(parent, 6, 8) AS key FROM accounts WHERE parent IS NOT NULL
        UNION ALL SELECT substr(sealed, 6, 8) FROM candidates
        UNION ALL SELECT substr(verifier, 6, 8) FROM logins WHERE verifier IS NOT NULL
    ) AS sealed GROUP BY key
"""
_STALE_CANDIDATES = f"""
    SELECT {sql.CANDIDATE} FROM candidates WHERE substr(sealed, 6, 8) <> :key LIMIT :limit
"""
_COPY_CANDIDATE = f"""
    INSERT INTO candidates ({sql.CANDIDATE})
    SELECT client_key, open_id, gen, ver, :fingerprint, :sealed, source, created_at, tried
    FROM candidates WHERE {_KEY} AND fingerprint = :stood AND {_AT_REST}
    ON CONFLICT (client_key, open_id, fingerprint) DO NOTHING
"""
_DROP_CANDIDATE = f"""
    DELETE FROM candidates WHERE {_KEY} AND fingerprint = :stood AND {_AT_REST}
"""
_STALE_LOGINS = f"""
    SELECT {sql.LOGIN} FROM logins WHERE substr(verifier, 6, 8) <> :key LIMIT :limit
"""
_RESEAL_LOGIN = """
    UPDATE logins SET verifier = :verifier WHERE state = :state AND verifier = :stood
"""


class SqlKeys:
    """Methods of ``SqlStore``."""

    _database: Database

    def key_ids(self) -> list[str]:
        """The ids of all keys that an account is sealed with."""
        return [str(row[0]) for row in self._database.read(sql.KEY_IDS, {})]

    def sealed_with(self) -> dict[str, int]:
        """How many values each key has sealed, by its id."""
        found: Counter[str] = Counter()
        for key_id, count in self._database.read(_COUNT_ACCOUNTS, {}):
            found[str(key_id)] += int(count or 0)
        for key, count in self._database.read(_COUNT_VALUES, {}):
            found[bytes(key).hex()] += int(count or 0)  # type: ignore[arg-type]  # of a blob
        return dict(found)

    def reseal(self, changes: Sequence[Resealed]) -> list[bool]:
        """Replace sealed columns by the same tokens under another key."""
        values: list[dict[str, Value]] = [
            {**msgspec.structs.asdict(change), **change.ref._asdict(), **_IDLE}
            for change in changes
        ]
        for value in values:
            del value["ref"]

        def work(transaction: Transaction) -> list[bool]:
            held = transaction.change(sqlclaims.HOLD, values)
            mine = list(compress(values, held))
            resealed = iter(transaction.change(sql.RESEAL, mine))
            done = [bool(is_held and next(resealed)) for is_held in held]
            transaction.change(sqlclaims.LET_GO, mine)
            return done

        return self._database.write(work)

    def stale_candidates(self, key_id: str, limit: int) -> list[Candidate]:
        """Some candidates that are sealed with another key."""
        values: dict[str, Value] = {"key": bytes.fromhex(key_id), "limit": limit}
        return [
            Candidate(Ref(str(row[0]), str(row[1])), *row[2:-1], bool(row[-1]))  # type: ignore[arg-type,call-arg]  # as CANDIDATE
            for row in self._database.read(_STALE_CANDIDATES, values)
        ]

    def reseal_candidate(self, ref: Ref, stood: bytes, fingerprint: bytes, sealed: bytes) -> bool:
        """Replace a candidate by the same token under another key."""
        values: dict[str, Value] = {
            **ref._asdict(),
            **_IDLE,
            "stood": stood,
            "fingerprint": fingerprint,
            "sealed": sealed,
        }

        def work(transaction: Transaction) -> bool:
            transaction.change(_COPY_CANDIDATE, [values])
            return bool(transaction.change(_DROP_CANDIDATE, [values])[0])

        return self._database.write(work)

    def stale_logins(self, key_id: str, limit: int) -> list[PendingLogin]:
        """Some logins whose verifier is sealed with another key."""
        values: dict[str, Value] = {"key": bytes.fromhex(key_id), "limit": limit}
        rows = self._database.read(_STALE_LOGINS, values)
        return [PendingLogin(*row) for row in rows]  # type: ignore[arg-type]  # as LOGIN

    def reseal_login(self, state: bytes, stood: bytes, verifier: bytes) -> bool:
        """Replace a login's verifier by the same one under another key."""
        values: dict[str, Value] = {"state": state, "stood": stood, "verifier": verifier}
        return bool(self._database.write(lambda one: one.change(_RESEAL_LOGIN, [values]))[0])
