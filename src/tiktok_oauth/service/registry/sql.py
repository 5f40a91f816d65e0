"""Every statement and schema step of the registry, in the words of ``vault.stores.sql``."""
# ruff: noqa: S608 - statements are put together from constants; values are always parameters

from __future__ import annotations

from tiktok_oauth.service.registry.rows import ApiKey, Delivery

VERSION_SETTING = "service_schema"

KEY = ", ".join(ApiKey.__struct_fields__)
DELIVERY = ", ".join(Delivery.__struct_fields__)

SCHEMA: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE api_keys (
            key_id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            scope TEXT NOT NULL,
            digest {blob} NOT NULL,
            created_at {float} NOT NULL,
            last_used_at {float},
            revoked_at {float}
        )
        """,
        """
        CREATE TABLE webhooks (
            number {id},
            digest {blob} NOT NULL UNIQUE,
            client_key TEXT NOT NULL,
            event TEXT NOT NULL,
            open_id TEXT NOT NULL,
            sent_at {float} NOT NULL,
            received_at {float} NOT NULL,
            signature TEXT NOT NULL,
            is_late INTEGER NOT NULL,
            content TEXT NOT NULL,
            correlation_id TEXT NOT NULL,
            received INTEGER NOT NULL,
            effect TEXT
        )
        """,
        "CREATE INDEX webhooks_received ON webhooks (received_at)",
        """
        CREATE TABLE relays (
            digest {blob} PRIMARY KEY,
            relay_id TEXT NOT NULL UNIQUE,
            body {blob},
            status TEXT NOT NULL,
            due_at {float} NOT NULL,
            attempts INTEGER NOT NULL,
            trouble TEXT
        )
        """,
        "CREATE INDEX relays_due ON relays (due_at) WHERE status = 'waiting'",
        "CREATE TABLE spent (name TEXT PRIMARY KEY, spent_at {float} NOT NULL)",
    ),
    ("CREATE TABLE signin_attempts (address TEXT NOT NULL, made_at {float} NOT NULL)",),
)
"""One entry a version. A released step is never changed; new ones add."""

ADD_KEY = f"""
    INSERT INTO api_keys ({KEY})
    VALUES (:key_id, :name, :scope, :digest, :created_at, :last_used_at, :revoked_at)
"""
GET_KEY = f"SELECT {KEY} FROM api_keys WHERE key_id = :key_id"
LIST_KEYS = f"SELECT {KEY} FROM api_keys ORDER BY revoked_at IS NOT NULL, created_at, key_id"
REVOKE_KEY = """
    UPDATE api_keys SET revoked_at = :now WHERE key_id = :key_id AND revoked_at IS NULL
    RETURNING key_id
"""
TOUCH_KEY = """
    UPDATE api_keys SET last_used_at = :now
    WHERE key_id = :key_id AND (last_used_at IS NULL OR last_used_at < :before)
"""

RECORD = f"""
    INSERT INTO webhooks ({DELIVERY}, received, effect)
    VALUES (
        :digest, :client_key, :event, :open_id, :sent_at, :received_at, :signature, :is_late,
        :content, :correlation_id, 1, :effect
    )
    ON CONFLICT (digest) DO UPDATE SET received = webhooks.received + 1
    RETURNING received, effect
"""
ACTED = "UPDATE webhooks SET effect = :effect WHERE digest = :digest AND effect IS NULL"
LEDGER = f"""
    SELECT number, {", ".join(f"webhooks.{name}" for name in Delivery.__struct_fields__)},
        received, effect, relays.status, COALESCE(attempts, 0), trouble
    FROM webhooks LEFT JOIN relays ON relays.digest = webhooks.digest
    WHERE number < :before ORDER BY number DESC LIMIT :limit
"""

ADD_RELAY = """
    INSERT INTO relays (digest, relay_id, body, status, due_at, attempts, trouble)
    VALUES (:digest, :relay_id, :body, 'waiting', :now, 0, NULL)
    ON CONFLICT (digest) DO NOTHING
"""
# Who takes one has it until `again_at`; if it is never heard of again, somebody else takes it.
TAKE_RELAYS = """
    UPDATE relays SET due_at = :again_at, attempts = attempts + 1
    WHERE digest IN (
        SELECT digest FROM relays WHERE status = 'waiting' AND due_at <= :now
        ORDER BY due_at LIMIT :limit
    )
    RETURNING digest, relay_id, body, attempts
"""
RELAYED_DELIVERY = """
    SELECT client_key, event, received_at FROM webhooks WHERE digest = :digest
"""
SETTLE_RELAY = """
    UPDATE relays SET status = :status, due_at = :due_at, trouble = :trouble,
        body = CASE WHEN :keeps_body = 1 THEN body ELSE NULL END
    WHERE relay_id = :relay_id AND status = 'waiting' AND attempts = :attempts
    RETURNING relay_id
"""
RELAY_AGAIN = """
    UPDATE relays SET due_at = :now
    WHERE status = 'waiting' AND digest = (SELECT digest FROM webhooks WHERE number = :number)
    RETURNING relay_id
"""
RELAYS_BY_STATUS = "SELECT status, COUNT(*) FROM relays GROUP BY status"

SPEND = """
    INSERT INTO spent (name, spent_at) VALUES (:name, :now)
    ON CONFLICT (name) DO NOTHING RETURNING name
"""

# A clock that was set back must lock nobody out: what is of the future counts for nothing.
ATTEMPTS = """
    SELECT address, made_at FROM signin_attempts WHERE made_at > :oldest AND made_at < :newest
    ORDER BY made_at
"""
TRY = "INSERT INTO signin_attempts (address, made_at) VALUES (:address, :now)"
DROP_ATTEMPTS = "DELETE FROM signin_attempts WHERE made_at <= :oldest"
FORGIVE = "DELETE FROM signin_attempts WHERE address = :address"

SPENT = "SELECT 1 FROM spent WHERE name = :name"

PRUNE = (
    """
    DELETE FROM relays WHERE digest IN (SELECT digest FROM webhooks WHERE received_at < :oldest)
    """,
    "DELETE FROM webhooks WHERE received_at < :oldest",
    "DELETE FROM spent WHERE spent_at < :oldest",
    "DELETE FROM signin_attempts WHERE made_at < :oldest",
    "DELETE FROM api_keys WHERE revoked_at < :oldest",
)
