"""Every statement and schema step, once, for SQLite and PostgreSQL.

Parameters are written ``:name``. The words in braces differ by dialect and are filled in by the
``Database``: ``{blob}``, ``{float}`` and ``{id}`` are types, ``{room}`` leaves room for changes in
a table, ``{row}`` is a row's place, ``{clock}`` is the store clock, ``{skip_locked}`` lets several
refreshers claim at once, ``{lock}`` keeps others from changing the schema until the transaction
ends.
"""

from __future__ import annotations

from functools import cache

from tiktok_oauth.vault.stores.rows import Boot, Grant, PendingLogin


def _names(*fields: str) -> str:
    return ", ".join(fields)


GRANT = _names(*Grant.__struct_fields__)
CANDIDATE = "client_key, open_id, gen, ver, fingerprint, sealed, source, created_at, tried"
LOGIN = _names(*PendingLogin.__struct_fields__)
BOOT = _names(*Boot.__struct_fields__)
EVENT = "at, kind, detail, correlation_id"

SETTINGS = "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value {blob} NOT NULL)"
LOCK = "{lock}"

SCHEMA: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE accounts (
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            user_id TEXT,
            gen INTEGER NOT NULL,
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
            attempt TEXT,
            boot TEXT,
            claimed_at {float},
            doubt_at {float},
            probes INTEGER NOT NULL,
            refusals INTEGER NOT NULL,
            refused_at {float},
            failures INTEGER NOT NULL,
            trouble TEXT,
            log_id TEXT,
            PRIMARY KEY (open_id, client_key)
        ) {room}
        """,
        # With key_id, it also answers which keys are in use, without a look at a million rows.
        """
        CREATE INDEX accounts_warm ON accounts (warm_at, status, key_id) WHERE status = 'active'
        """,
        "CREATE INDEX accounts_keep ON accounts (keep_at, status) WHERE status = 'active'",
        "CREATE INDEX accounts_resting ON accounts (status, key_id) WHERE status <> 'active'",
        "CREATE INDEX accounts_user_id ON accounts (user_id) WHERE user_id IS NOT NULL",
        """
        CREATE TABLE candidates (
            client_key TEXT NOT NULL,
            open_id TEXT NOT NULL,
            gen INTEGER NOT NULL,
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
        "CREATE INDEX events_at ON events (at)",
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

# A claim is open while its boot lives and its patience lasts. A boot that is not in the table is
# no proof of anything: PostgreSQL may judge a row of this moment by a table of the moment before.
NOBODYS = """
    boot IS NULL OR claimed_at <= {clock} - :patience
    OR EXISTS (
        SELECT 1 FROM boots
        WHERE boots.boot = accounts.boot AND boots.ended_at <= {clock} - :grace
    )
"""
_CLAIMABLE = """
    status = 'active' AND refresh IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM settings WHERE name = 'frozen')
"""
_CLAIMED = """
    doubt_at = CASE WHEN boot IS NULL THEN doubt_at ELSE COALESCE(doubt_at, :now) END,
    boot = :boot, claimed_at = {clock}
"""

_KEY = "client_key = :client_key AND open_id = :open_id"

GET = f"SELECT {GRANT} FROM accounts WHERE {_KEY}"


@cache
def page(conditions: tuple[str, ...]) -> str:
    """Accounts after one, that meet all conditions."""
    where = " AND ".join(("(open_id, client_key) > (:after_id, :after_key)", *conditions))
    return f"SELECT {GRANT} FROM accounts WHERE {where} ORDER BY open_id, client_key LIMIT :limit"


# A flight is alone in its process: an open claim of its own boot is one whose answer got lost.
CLAIM = f"""
    UPDATE accounts SET {_CLAIMED}, attempt = :attempt
    WHERE {_KEY} AND gen = :gen AND ver = :ver AND not_before <= :now
      AND (boot = :boot OR {NOBODYS}) AND {_CLAIMABLE}
    RETURNING {GRANT}
"""


@cache
def claim_due(column: str, apps: int) -> str:
    """Claim by ``warm_at`` or ``keep_at``, for so many apps (``:app0``, ``:app1``, ...)."""
    keys = ", ".join(f":app{number}" for number in range(apps))
    # The || keeps SQLite from looking through all accounts of an app by its primary key.
    # No indexed column changes, so PostgreSQL leaves the indexes alone. As a table of its own:
    # PostgreSQL may run a subquery that locks rows more than once, and then takes more than the
    # limit. By the rows' places, since a look for each by its key costs as much as the rest.
    return f"""
        WITH due AS (
            SELECT {{row}} AS place FROM accounts
            WHERE {column} <= :now AND not_before <= :now AND client_key || '' IN ({keys})
              AND ({NOBODYS}) AND {_CLAIMABLE}
            ORDER BY {column} LIMIT :limit {{skip_locked}}
        )
        UPDATE accounts SET {_CLAIMED}, attempt = :attempt
        WHERE {{row}} IN (SELECT place FROM due)
        RETURNING {GRANT}
    """


_RESTED = """
    not_before = 0, attempt = NULL, boot = NULL, claimed_at = NULL, doubt_at = NULL, probes = 0,
    refusals = 0, refused_at = NULL, failures = 0, trouble = NULL, log_id = NULL
"""
RENEW = f"""
    UPDATE accounts SET
        ver = ver + 1, status = 'active', reason = NULL, scope = :scope, issued_at = :issued_at,
        parent = CASE WHEN doubt_at IS NULL THEN NULL ELSE refresh END, access = :access,
        refresh = :refresh, fingerprint = :fingerprint, key_id = :key_id,
        access_expires_at = :access_expires_at, refresh_expires_at = :refresh_expires_at,
        lifetime = :lifetime, warm_at = :warm_at, keep_at = :keep_at, {_RESTED}
    WHERE {_KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood
      AND status <> 'disconnected'
    RETURNING ver
"""

SETTLE = f"""
    UPDATE accounts SET
        status = :status, reason = :reason, warm_at = :warm_at, keep_at = :keep_at,
        not_before = :not_before, doubt_at = :doubt_at, probes = :probes,
        refusals = :refusals, refused_at = :refused_at, failures = :failures,
        trouble = :trouble, log_id = :log_id, attempt = NULL, boot = NULL, claimed_at = NULL
    WHERE {_KEY} AND gen = :gen AND ver = :ver AND boot = :boot AND attempt = :attempt
    RETURNING ver
"""

CONSENT = f"""
    INSERT INTO accounts ({GRANT}) VALUES (
        :client_key, :open_id, :user_id, :gen, 1, 'active', NULL, :scope, :granted_at, :issued_at,
        :access, :refresh, NULL, :fingerprint, :key_id, :access_expires_at, :refresh_expires_at,
        :lifetime, :warm_at, :keep_at, 0, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL
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
    WHERE accounts.gen = excluded.gen - 1 AND accounts.granted_at <= excluded.granted_at
    RETURNING gen
"""

DISCONNECT = f"""
    UPDATE accounts SET
        status = 'disconnected', reason = :reason, access = NULL, refresh = NULL,
        parent = NULL, fingerprint = NULL, key_id = NULL, {_RESTED}
    WHERE {_KEY} AND gen = :gen
    RETURNING gen
"""

FORSAKE = f"""
    UPDATE accounts SET status = :status, reason = :reason
    WHERE {_KEY} AND gen = :gen AND status <> 'disconnected'
    RETURNING gen
"""

RESEAL = f"""
    UPDATE accounts SET
        access = :access, refresh = :refresh, parent = :parent, fingerprint = :fingerprint,
        key_id = :key_id
    WHERE {_KEY} AND gen = :gen AND ver = :ver AND fingerprint = :stood
      AND ({NOBODYS})
    RETURNING ver
"""

WANT = f"""
    UPDATE accounts SET warm_at = 0, keep_at = 0
    WHERE {_KEY} AND status = 'active' AND warm_at > 0 AND not_before <= :now
    RETURNING ver
"""

ERASE = tuple(
    f"DELETE FROM {table} WHERE {_KEY}" for table in ("candidates", "events", "logins", "accounts")
)

ADD_EVENT = f"""
    INSERT INTO events (client_key, open_id, {EVENT})
    VALUES (:client_key, :open_id, :at, :kind, :detail, :correlation_id)
    RETURNING id
"""
TRIM_EVENTS = f"""
    DELETE FROM events WHERE {_KEY} AND id <= (
        SELECT id FROM events WHERE {_KEY} ORDER BY id DESC LIMIT 1 OFFSET :kept
    )
"""
EVENTS = f"SELECT {EVENT} FROM events WHERE {_KEY} ORDER BY id DESC LIMIT :limit"

ADD_CANDIDATE = f"""
    INSERT INTO candidates ({CANDIDATE})
    VALUES (:client_key, :open_id, :gen, :ver, :fingerprint, :sealed, :source, :created_at, :tried)
    ON CONFLICT (client_key, open_id, fingerprint) DO NOTHING
"""
# With a child of the standing token somewhere, TikTok has handled a request for certain.
DOUBT = f"""
    UPDATE accounts SET doubt_at = COALESCE(doubt_at, :created_at)
    WHERE {_KEY} AND gen = :gen AND ver = :ver - 1
"""
CANDIDATES = f"SELECT {CANDIDATE} FROM candidates WHERE {_KEY} ORDER BY created_at DESC"
DROP_CANDIDATES = f"DELETE FROM candidates WHERE {_KEY} AND gen <= :gen"
MARK_TRIED = f"UPDATE candidates SET tried = 1 WHERE {_KEY} AND fingerprint = :fingerprint"

ADD_LOGIN = f"""
    INSERT INTO logins ({LOGIN}) VALUES (
        :state, :binding, :client_key, :redirect_uri, :scope, :user_id, :open_id, :next_url,
        :verifier, :created_at, :expires_at, :used_at
    )
"""
GET_LOGIN = f"SELECT {LOGIN} FROM logins WHERE state = :state"
USE_LOGIN = """
    UPDATE logins SET used_at = :now, verifier = NULL
    WHERE state = :state AND binding = :binding AND used_at IS NULL
    RETURNING state
"""

PUT_BOOT = f"""
    INSERT INTO boots ({BOOT}) VALUES (:boot, :host, :keys, {{clock}}, :timeline)
    ON CONFLICT (boot) DO UPDATE SET
        keys = excluded.keys, seen_at = excluded.seen_at, timeline = excluded.timeline
"""
END_BOOT = "UPDATE boots SET ended_at = {clock} WHERE boot = :boot AND ended_at IS NULL"
BOOTS = f"SELECT {BOOT} FROM boots WHERE ended_at IS NULL ORDER BY boot"
LAST_SIGN_OF_LIFE = """
    SELECT MAX(at) FROM (
        SELECT MAX(seen_at) AS at FROM boots
        UNION ALL SELECT MAX(claimed_at) FROM accounts WHERE boot IS NOT NULL
    ) AS signs
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

    Claims are of the most urgent, so they are looked for among the first ten thousand. Accounts
    that somebody waits for are due since 0, which is no time at all.
    """
    due = f"FROM accounts WHERE status = 'active' AND {column} <= :now"
    return f"""
        SELECT COUNT(*), MIN(NULLIF({column}, 0)), (
            SELECT COUNT(boot) FROM (SELECT boot {due} ORDER BY {column} LIMIT 10000) AS urgent
        ) {due}
    """


PRUNE_EVENTS = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE at < :oldest_event ORDER BY at LIMIT :limit
    )
    RETURNING id
"""
"""In steps, so that nobody waits long for the end of one."""
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
