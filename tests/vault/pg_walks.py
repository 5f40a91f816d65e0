"""What processes of their own do to a store in PostgreSQL."""

from __future__ import annotations

import os

from tiktok_oauth.vault.stores.postgres import PostgresDatabase, postgres_store
from tiktok_oauth.vault.stores.rows import Boot, Consent, DueClaim, Event, Ref, Tokens

APP = "awapp"
PID = "SELECT pg_backend_pid()"


def consent(number: int, warm_at: float = 0.0) -> Consent:
    """A first consent of one of many people."""
    tokens = Tokens(
        access=b"sealed access",
        refresh=b"sealed refresh",
        fingerprint=b"fingerprint",
        key_id="k1",
        access_expires_at=7_200.0,
        refresh_expires_at=15_552_000.0,
        lifetime=7_200.0,
        scope="user.info.basic",
        issued_at=0.0,
        warm_at=warm_at,
        keep_at=warm_at,
    )
    ref = Ref(APP, f"-000{number:06d}")
    return Consent(ref, 1, None, 0.0, tokens, Event(0.0, "connected"))


def claim_all(url: str) -> list[str]:
    """Claim what is due, batch by batch, until nothing is left."""
    boot = f"boot-{os.getpid()}"
    store = postgres_store(url)
    store.begin_boot(Boot(boot, "host", "k1", 0.0, store.timeline()))
    claimed: list[str] = []
    while batch := store.claim_due(
        DueClaim(
            warm=True,
            client_keys=(APP,),
            limit=20,
            attempt=f"{boot}-{len(claimed)}",
            boot=boot,
            now=1.0,
            patience=900.0,
        )
    ):
        claimed += [grant.open_id for grant in batch]
    store.close()
    return claimed


def open_store(url: str) -> str:
    """Open a store, which brings the schema up to date."""
    store = postgres_store(url)
    store.close()
    return "opened"


def fork(url: str) -> tuple[int, bool]:
    """Use a connection, fork, and use the database in both processes.

    Returns:
        How the child ended, and whether the parent still had its connection.
    """
    database = PostgresDatabase(f"{url}?pool_max=1")
    [before] = database.read(PID, {})
    child = os.fork()
    if child == 0:
        [own] = database.read(PID, {})
        os._exit(0 if own != before else 1)
    _, status = os.waitpid(child, 0)
    [after] = database.read(PID, {})
    database.close()
    return os.waitstatus_to_exitcode(status), before == after
