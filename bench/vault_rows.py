"""A store with a million accounts, and what the vault's own statements do to it.

The tokens are random bytes of the length that sealed ones have: nothing here opens them.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from contextlib import closing
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from answer import SCOPE, open_id
from subjects import KEY
from tiktok_oauth.vault.opening import open_store
from tiktok_oauth.vault.stores import sql
from tiktok_oauth.vault.stores.rows import (
    AccountQuery,
    Boot,
    Consent,
    DueClaim,
    Event,
    Grant,
    Ref,
    Renewed,
    Tokens,
)
from tiktok_oauth.vault.stores.sqlite import SqliteDatabase
from tiktok_oauth.vault.stores.sqlitefile import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tiktok_oauth.vault.stores.database import Database, Transaction, Value
    from tiktok_oauth.vault.stores.store import Store

CLAIMED = 500
"""Accounts in one claim."""

_SEALED, _FINGERPRINT = 313, 24
_KEY_ID = "4e6cb1c5a8f0d2b7"
_BOOT = "0123456789abcdef" * 2
_WARM_UP = 5
_AT_ONCE = 5_000
"""A twentieth of the sample: after as many changes PostgreSQL clears the table up by itself."""
_DAY = 86400.0
_YEAR = 365 * _DAY
_LATER = 100 * _YEAR
"""Token time by which everything is due, and what was refreshed last comes last."""


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same rows in every run


def _event() -> Event:
    return Event(0.0, "refreshed", SCOPE, "tiktok-1793000000000-a1b2c3d4")


def _tokens(at: float, dice: random.Random) -> Tokens:
    return Tokens(
        os.urandom(_SEALED),
        os.urandom(_SEALED),
        os.urandom(_FINGERPRINT),
        _KEY_ID,
        at + _DAY,
        at + _YEAR,
        _DAY,
        SCOPE,
        at,
        at + _DAY * dice.random(),
        at + _YEAR * dice.random(),
    )


def _grants(count: int) -> Iterator[Grant]:
    """Accounts that came in no order, and become due in another one."""
    dice = _dice(count)
    for number in dice.sample(range(count), count):
        tokens = msgspec.structs.asdict(_tokens(0.0, dice))
        blank = dict.fromkeys(Grant.__struct_fields__)
        fixed = {"client_key": KEY, "open_id": open_id(number), "status": "active"}
        zeros = dict.fromkeys(("not_before", "granted_at", "probes", "refusals", "failures"), 0)
        yield Grant(**{**blank, **fixed, **zeros, "gen": 1, "ver": 1, **tokens})


def load(url: str, count: int) -> None:
    """Fill an empty store. For the time it takes, this alone is not the vault's own way."""
    store = open_store(url)
    store.begin_boot(Boot(_BOOT, "host", _KEY_ID, 0.0, ""))
    store.close()
    row = attrgetter(*sql.ACCOUNT.split(", "))
    rows = map(row, _grants(count))
    if url.startswith("sqlite:"):
        with closing(sqlite3.connect(path_of(url))) as connection, connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-500000")
            marks = ", ".join("?" * (1 + sql.ACCOUNT.count(",")))
            connection.executemany(f"INSERT INTO accounts ({sql.ACCOUNT}) VALUES ({marks})", rows)  # noqa: S608 - constants
        return
    import psycopg  # noqa: PLC0415 - not needed for SQLite

    with psycopg.connect(url, autocommit=True) as server:
        with server.cursor().copy(f"COPY accounts ({sql.ACCOUNT}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        server.execute("VACUUM ANALYZE accounts")
        server.execute("CHECKPOINT")
        # As in a server that has run for a while.
        server.execute("CREATE EXTENSION pg_prewarm")
        server.execute(
            "SELECT pg_prewarm(oid) FROM pg_class"
            " WHERE relname LIKE 'accounts%' AND relkind IN ('r', 'i')"
        )


def refresh_all(url: str) -> None:
    """Refresh every account once, without its line in a timeline."""
    database = _database(url)
    store, dice = open_store(url), _dice(1)
    after: Ref | None = None
    while page := store.page(AccountQuery(_AT_ONCE, after)):
        after = page[-1].ref
        size(url)
        values = [
            {
                **grant.ref._asdict(),
                **msgspec.structs.asdict(_tokens(_YEAR, dice)),
                "gen": grant.gen,
                "ver": grant.ver,
                "stood": grant.fingerprint,
                "next_ver": grant.ver + 1,
                "attempt": "",
                "sent": None,
            }
            for grant in page
        ]
        database.write(partial(_renew, values))
    store.close()
    database.close()


def _renew(values: Sequence[Mapping[str, Value]], transaction: Transaction) -> None:
    transaction.change(sql.RENEW, values)


def _database(url: str) -> Database:
    if url.startswith("sqlite:"):
        return SqliteDatabase(url)
    from tiktok_oauth.vault.stores.postgres import PostgresDatabase  # noqa: PLC0415 - not for SQLite

    return PostgresDatabase(url)


def size(url: str) -> int:
    """Bytes of the accounts and their indexes on disk; for SQLite of the whole file.

    PostgreSQL clears the table up first, as it does itself every now and then.
    """
    if url.startswith("sqlite:"):
        return path_of(url).stat().st_size
    import psycopg  # noqa: PLC0415 - not needed for SQLite

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM accounts")
        found = connection.execute("SELECT pg_total_relation_size('accounts')").fetchone()
    return int(found[0]) if found else 0


def time_claims(urls: Sequence[str], rounds: int) -> list[dict[str, list[float]]]:
    """Claim what is due in each store: milliseconds and milliseconds of our own CPU, by round."""
    timers = [_Claims(open_store(url)) for url in urls]
    for number in range(_WARM_UP + rounds):
        for timer in timers:
            timer.claim(number, timed=number >= _WARM_UP)
    return [timer.found for timer in timers]


class _Claims:
    """Times claims of what is due in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._dice = _dice(1)
        self.found: dict[str, list[float]] = {"wall": [], "cpu": []}

    def claim(self, number: int, *, timed: bool) -> None:
        """Claim, and refresh what was claimed, which is not timed."""
        due = DueClaim(
            warm=True,
            client_keys=(KEY,),
            limit=CLAIMED,
            attempt=f"{number:016x}",
            boot=_BOOT,
            now=_LATER,
            patience=900.0,
        )
        began, cpu = time.perf_counter(), time.process_time()
        claimed = self._store.claim_due(due)
        if timed:
            self.found["wall"].append(1e3 * (time.perf_counter() - began))
            self.found["cpu"].append(1e3 * (time.process_time() - cpu))
        if len(claimed) < CLAIMED:
            raise RuntimeError(f"{len(claimed)} claimed")
        now = _YEAR * (1 + number)
        self._store.renew([_renewed(grant, _tokens(now, self._dice)) for grant in claimed])


def _renewed(grant: Grant, tokens: Tokens) -> Renewed:
    stood = grant.fingerprint or b""
    return Renewed(
        grant.ref, grant.gen, grant.ver, stood, grant.ver + 1, grant.attempt or "", tokens, _event()
    )


def fill(store: Store, count: int) -> None:
    """Add accounts that nobody asks for."""
    dice = _dice(count)
    changes = [
        Consent(Ref("another app", open_id(number)), 1, None, 0.0, _tokens(0.0, dice), _event())
        for number in range(count)
    ]
    store.consent_all(changes)


class Put:
    """Writes new tokens of one account, again and again."""

    def __init__(self, store: Store, number: int) -> None:
        self._store = store
        self._tokens = _tokens(0.0, _dice(number))
        self._ref = Ref(KEY, open_id(number))
        store.consent(Consent(self._ref, 1, None, 0.0, self._tokens, _event()))
        grant = store.get(self._ref)
        self._ver, self._stood = (grant.ver, grant.fingerprint or b"") if grant else (0, b"")

    def __call__(self) -> None:
        """Write once; it is durable then."""
        change = Renewed(
            self._ref, 1, self._ver, self._stood, self._ver + 1, "", self._tokens, _event()
        )
        if self._store.renew([change]) != [True]:
            raise RuntimeError("not written")
        self._ver, self._stood = self._ver + 1, self._tokens.fingerprint
