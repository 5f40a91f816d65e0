"""Every statement and schema step, once, for SQLite and PostgreSQL.

Parameters are written ``:name``. The words in braces differ by dialect and are filled in by the
``Database``: ``{blob}``, ``{float}`` and ``{id}`` are types, ``{by_key}`` keeps a table in the
order of its key, ``{cleared_often}`` keeps one small that changes much, ``{place}`` is where a row
lies at the moment and ``{place_type}`` its type, ``{plain}`` keeps the index on a column out of
the plan, ``{clock}`` is the store clock, ``{lock}`` keeps others from changing the schema until
the transaction ends, and ``{take_turns}`` other refreshers from claiming.
"""

from __future__ import annotations

from functools import cache

from tiktok_oauth.vault.stores.bars import UNBARRED
from tiktok_oauth.vault.stores.rows import Grant, NewsItem, PendingLogin


def _names(*fields: str) -> str:
    return ", ".join(fields)


_OF_CLAIM = ("attempt", "boot", "claimed_at")
_OF_ACCOUNT = tuple(name for name in Grant.__struct_fields__ if name not in _OF_CLAIM)
ACCOUNT = _names(*_OF_ACCOUNT)
CANDIDATE = "client_key, open_id, gen, ver, fingerprint, sealed, source, created_at, tried"
LOGIN = _names(*PendingLogin.__struct_fields__)
EVENT = "at, kind, detail, correlation_id"
NEWS = _names(*NewsItem.__struct_fields__)

SETTINGS = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value {blob} NOT NULL)"
LOCK = "{lock}"

SCHEMA: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE accounts (
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            user_id TEXT,
            gen BIGINT NOT NULL,
            ver INTEGER NOT NULL,
            status TEXT NOT NULL,
            reason TEXT,
            scope TEXT NOT NULL,
            granted_at {float} NOT NULL,
            issued_at {float} NOT NULL,
            access {blob},
            refresh {blob},
            parent {blob},
            fingerprint {blob},
            key_id TEXT,
            access_expires_at {float} NOT NULL,
            refresh_expires_at {float} NOT NULL,
            lifetime {float} NOT NULL,
            warm_at {float} NOT NULL,
            keep_at {float} NOT NULL,
            not_before {float} NOT NULL,
            doubt_at {float},
            probes INTEGER NOT NULL,
            refusals INTEGER NOT NULL,
            refused_at {float},
            failures INTEGER NOT NULL,
            trouble TEXT,
            log_id TEXT,
            PRIMARY KEY (open_id, client_key)
        ) {cleared_often}
        """,
        # With key_id, it also answers which keys are in use, without a look at a million rows.
        """
        CREATE INDEX accounts_warm ON accounts (warm_at, status, key_id) WHERE status = 'active'
        """,
        "CREATE INDEX accounts_keep ON accounts (keep_at, status) WHERE status = 'active'",
        # Of those that failed, whose number is small.
        """
        CREATE INDEX accounts_again ON accounts (not_before)
        WHERE status = 'active' AND not_before > 0
        """,
        "CREATE INDEX accounts_resting ON accounts (status, key_id) WHERE status <> 'active'",
        "CREATE INDEX accounts_user_id ON accounts (user_id) WHERE user_id IS NOT NULL",
        # Apart from the accounts: a claim of many writes a few pages, and not as many as it takes.
        """
        CREATE TABLE claims (
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            gen BIGINT NOT NULL,
            ver INTEGER NOT NULL,
            attempt TEXT NOT NULL,
            boot TEXT NOT NULL,
            claimed_at {float} NOT NULL,
            doubt_at {float},
            place {place_type} NOT NULL,
            PRIMARY KEY (open_id, client_key)
        ) {by_key}
        """,
        """
        CREATE TABLE candidates (
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            gen BIGINT NOT NULL,
            ver INTEGER NOT NULL,
            fingerprint {blob} NOT NULL,
            sealed {blob} NOT NULL,
            source TEXT NOT NULL,
            created_at {float} NOT NULL,
            tried INTEGER NOT NULL,
            PRIMARY KEY (client_key, open_id, fingerprint)
        )
        """,
        """
        CREATE TABLE events (
            id {id},
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            at {float} NOT NULL,
            kind TEXT NOT NULL,
            detail TEXT NOT NULL,
            correlation_id TEXT NOT NULL
        )
        """,
        "CREATE INDEX events_account ON events (client_key, open_id, id)",
        """
        CREATE TABLE logins (
            state {blob} PRIMARY KEY,
            binding {blob} NOT NULL,
            client_key TEXT NOT NULL,
            redirect_uri TEXT NOT NULL,
            scope TEXT NOT NULL,
            user_id TEXT,
            open_id TEXT,
            next_url TEXT,
            verifier {blob},
            created_at {float} NOT NULL,
            expires_at {float} NOT NULL,
            used_at {float}
        )
        """,
        "CREATE INDEX logins_expires ON logins (expires_at)",
        """
        CREATE TABLE boots (
            boot TEXT PRIMARY KEY,
            host TEXT NOT NULL,
            keys TEXT NOT NULL,
            seen_at {float} NOT NULL,
            timeline TEXT NOT NULL,
            ended_at {float}
        )
        """,
    ),
)
"""One entry a version, on top of ``SETTINGS``. A released step is never changed; new ones add."""

KEY = "client_key = :client_key AND open_id = :open_id"
# An account's claim is one for the tokens that it has: with others it means nothing any more.
CLAIM_OF = """
    claims.open_id = accounts.open_id AND claims.client_key = accounts.client_key
    AND claims.gen = accounts.gen AND claims.ver = accounts.ver
"""
_PLACES = {name: f"claims.{name}" for name in _OF_CLAIM} | {
    "doubt_at": "COALESCE(accounts.doubt_at, claims.doubt_at)"
}
GRANT = _names(*(_PLACES.get(name, f"accounts.{name}") for name in Grant.__struct_fields__))
_GRANTS = f"SELECT {GRANT} FROM accounts LEFT JOIN claims ON {CLAIM_OF}"

GET = f"{_GRANTS} WHERE accounts.client_key = :client_key AND accounts.open_id = :open_id"


@cache
def get_all(count: int) -> str:
    """So many accounts, in no order; the parameters are ``key0``, ``id0`` and so on."""
    wanted = ", ".join(f"(:key{number}, :id{number})" for number in range(count))
    # SQLite does a cross join in the order that it is written in.
    return f"""
        WITH wanted (client_key, open_id) AS (VALUES {wanted})
        SELECT {GRANT} FROM wanted CROSS JOIN accounts LEFT JOIN claims ON {CLAIM_OF}
        WHERE accounts.client_key = wanted.client_key AND accounts.open_id = wanted.open_id
    """


BEGINS = """
    (
        accounts.open_id >= :prefix AND accounts.open_id < :prefix_end
        OR accounts.user_id >= :prefix AND accounts.user_id < :prefix_end
    )
"""


@cache
def page(conditions: tuple[str, ...]) -> str:
    """Accounts after one, that meet all conditions."""
    after = "(accounts.open_id, accounts.client_key) > (:after_id, :after_key)"
    where = " AND ".join((after, *conditions))
    order = "accounts.open_id, accounts.client_key"
    return f"{_GRANTS} WHERE {where} ORDER BY {order} LIMIT :limit"


_FREE = """
    not_before = 0, probes = 0, refusals = 0, refused_at = NULL, failures = 0, trouble = NULL,
    log_id = NULL
"""
_RESTED = f"doubt_at = NULL, {_FREE}"
_TAKEN_OVER = f"""
    EXISTS (
        SELECT 1 FROM claims
        WHERE {CLAIM_OF} AND (claims.doubt_at IS NOT NULL OR claims.attempt <> :attempt)
    )
"""
# The token that was sent is kept where it may have been sent twice, and so have two children. Where
# versions are skipped that is a candidate, and the doubt is another token's. A descendant of the
# new tokens may be known already, from another journal.
#
# A person may have taken everything back while TikTok answered; it tells whole seconds.
_TAKEN_BACK = f"""
    status = 'needs_login' AND reason = 'revoked' AND EXISTS (
        SELECT 1 FROM events
        WHERE {KEY} AND kind = 'authorization_removed' AND at > :issued_at - 1
    )
"""
RENEW = f"""
    UPDATE accounts SET
        ver = :next_ver, scope = :scope,
        status = CASE WHEN {_TAKEN_BACK} THEN status ELSE 'active' END,
        reason = CASE WHEN {_TAKEN_BACK} THEN reason END,
        issued_at = :issued_at, access = :access,
        parent = CASE
            WHEN :next_ver = ver + 1 AND (doubt_at IS NOT NULL OR {_TAKEN_OVER}) THEN refresh
            WHEN :next_ver > ver + 1 AND {_TAKEN_OVER} THEN :sent
        END,
        refresh = :refresh, fingerprint = :fingerprint, key_id = :key_id,
        access_expires_at = :access_expires_at, refresh_expires_at = :refresh_expires_at,
        lifetime = :lifetime, warm_at = :warm_at, keep_at = :keep_at, {_FREE}, doubt_at = (
            SELECT MIN(created_at) FROM candidates AS child
            WHERE child.client_key = :client_key AND child.open_id = :open_id
              AND child.gen = :gen AND child.ver > :next_ver
        )
    WHERE {KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood
      AND status <> 'disconnected'
"""
SETTLE = f"""
    UPDATE accounts SET
        status = :status, reason = :reason, warm_at = :warm_at, keep_at = :keep_at,
        not_before = :not_before, doubt_at = :doubt_at, probes = :probes,
        refusals = :refusals, refused_at = :refused_at, failures = :failures,
        trouble = :trouble, log_id = :log_id
    WHERE {KEY} AND gen = :gen AND ver = :ver AND EXISTS (
        SELECT 1 FROM claims WHERE {CLAIM_OF} AND claims.boot = :boot AND claims.attempt = :attempt
    )
"""

CONSENT = f"""
    INSERT INTO accounts ({ACCOUNT}) VALUES (
        :client_key, :open_id, :user_id, :gen, 1, 'active', NULL, :scope, :granted_at, :issued_at,
        :access, :refresh, NULL, :fingerprint, :key_id, :access_expires_at, :refresh_expires_at,
        :lifetime, :warm_at, :keep_at, 0, NULL, 0, 0, NULL, 0, NULL, NULL
    )
    ON CONFLICT (open_id, client_key) DO UPDATE SET
        user_id = COALESCE(excluded.user_id, accounts.user_id), gen = excluded.gen, ver = 1,
        status = 'active', reason = NULL, scope = excluded.scope,
        granted_at = excluded.granted_at, issued_at = excluded.issued_at,
        access = excluded.access, refresh = excluded.refresh, parent = NULL,
        fingerprint = excluded.fingerprint, key_id = excluded.key_id,
        access_expires_at = excluded.access_expires_at,
        refresh_expires_at = excluded.refresh_expires_at, lifetime = excluded.lifetime,
        warm_at = excluded.warm_at, keep_at = excluded.keep_at, {_RESTED}
    WHERE accounts.gen = :after
      AND (accounts.granted_at <= excluded.granted_at OR accounts.granted_at > :now)
"""

DISCONNECT = f"""
    UPDATE accounts SET
        status = 'disconnected', reason = :reason, access = NULL, refresh = NULL,
        parent = NULL, fingerprint = NULL, key_id = NULL, {_RESTED}
    WHERE {KEY} AND gen = :gen
"""

FORSAKE = f"""
    UPDATE accounts SET status = :status, reason = :reason
    WHERE {KEY} AND gen = :gen AND status <> 'disconnected'
"""

RESEAL = f"""
    UPDATE accounts SET
        access = :access, refresh = :refresh, parent = :parent, fingerprint = :fingerprint,
        key_id = :key_id
    WHERE {KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood
"""

# Whose claim a failover has forgotten still knows that it has asked.
TELL_DOUBT = f"""
    UPDATE accounts SET doubt_at = :doubt_at
    WHERE {KEY} AND gen = :gen AND ver = :ver AND status = 'active' AND doubt_at IS NULL
"""
# Among those that failed, too, whom somebody waits for is the first.
WANT = f"""
    UPDATE accounts SET
        warm_at = 0, keep_at = 0, not_before = CASE WHEN not_before > 0 THEN 1 ELSE 0 END
    WHERE {KEY} AND status = 'active' AND warm_at > 0 AND {UNBARRED}
"""

ERASE = tuple(
    f"DELETE FROM {table} WHERE {KEY}"
    for table in ("candidates", "events", "logins", "claims", "accounts")
)

ADD_EVENT = f"""
    INSERT INTO events (client_key, open_id, {EVENT})
    VALUES (:client_key, :open_id, :at, :kind, :detail, :correlation_id)
"""
TRIM_EVENTS = f"""
    DELETE FROM events WHERE {KEY} AND id <= (
        SELECT id FROM events WHERE {KEY} ORDER BY id DESC LIMIT 1 OFFSET :kept
    )
"""
EVENTS = f"SELECT {EVENT} FROM events WHERE {KEY} ORDER BY id DESC LIMIT :limit"
EVENTS_AFTER = f"SELECT {NEWS} FROM events WHERE id > :event_id ORDER BY id LIMIT :limit"
LAST_EVENT = "SELECT MAX(id) FROM events"

# Of whom everything was erased, nothing is kept any more.
ADD_CANDIDATE = f"""
    INSERT INTO candidates ({CANDIDATE})
    SELECT :client_key, :open_id, :gen, :ver, :fingerprint, :sealed, :source, :created_at, :tried
    WHERE EXISTS (SELECT 1 FROM accounts WHERE {KEY})
    ON CONFLICT (client_key, open_id, fingerprint) DO NOTHING
"""
# With a descendant of the standing token somewhere, TikTok has handled a request for certain.
DOUBT = f"""
    UPDATE accounts SET doubt_at = COALESCE(doubt_at, :created_at)
    WHERE {KEY} AND gen = :gen AND ver < :ver
"""
CANDIDATES = f"SELECT {CANDIDATE} FROM candidates WHERE {KEY} ORDER BY created_at DESC"
DROP_CANDIDATES = f"DELETE FROM candidates WHERE {KEY} AND gen <= :gen"
MARK_TRIED = f"UPDATE candidates SET tried = 1 WHERE {KEY} AND fingerprint = :fingerprint"

ADD_LOGIN = f"""
    INSERT INTO logins ({LOGIN}) VALUES (
        :state, :binding, :client_key, :redirect_uri, :scope, :user_id, :open_id, :next_url,
        :verifier, :created_at, :expires_at, :used_at
    )
"""
GET_LOGIN = f"SELECT {LOGIN} FROM logins WHERE state = :state"
USE_LOGIN = """
    UPDATE logins SET
        used_at = :now, verifier = NULL, user_id = NULL, open_id = NULL, next_url = NULL
    WHERE state = :state AND binding = :binding AND used_at IS NULL
"""

SETTING = "SELECT value FROM settings WHERE name = :name"
PUT_SETTING = """
    INSERT INTO settings (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
RAISE_SETTING = f"{PUT_SETTING} WHERE excluded.value > settings.value"
DROP_SETTING = "DELETE FROM settings WHERE name = :name"

# In halves, so that each is answered from an index of its own.
KEY_IDS = """
    SELECT key_id FROM accounts WHERE status = 'active' AND key_id IS NOT NULL
    UNION SELECT key_id FROM accounts WHERE status <> 'active' AND key_id IS NOT NULL
"""
BY_STATUS = """
    SELECT 'active', COUNT(*) FROM accounts WHERE status = 'active' HAVING COUNT(*) > 0
    UNION ALL SELECT status, COUNT(*) FROM accounts WHERE status <> 'active' GROUP BY status
"""


@cache
def due(column: str) -> str:
    """How many accounts are due, since when the first of them is, and how many are claimed.

    Accounts that somebody waits for are due since 0, which is no time at all.
    """
    return f"""
        SELECT COUNT(*), MIN(NULLIF({column}, 0)), (SELECT COUNT(*) FROM claims)
        FROM accounts WHERE status = 'active' AND {column} <= :now
    """


PRUNE_EVENTS = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM (SELECT id, at FROM events ORDER BY id LIMIT :limit) AS first
        WHERE at < :oldest_event
    )
"""
"""In steps, so that nobody waits long for the end of one; and in the order of writing, which is
nearly that of time: an index on the time itself would be one more to write with every line."""
# The last names the condition of the index that it shall use.
PRUNE = (
    "DELETE FROM logins WHERE expires_at < :oldest_login",
    "DELETE FROM candidates WHERE created_at < :oldest_candidate",
    """
    UPDATE accounts SET refresh = NULL, access = NULL, parent = NULL, fingerprint = NULL,
        key_id = NULL
    WHERE status <> 'active' AND status = 'needs_login' AND refresh_expires_at < :oldest_refresh
      AND refresh IS NOT NULL
    """,
)
