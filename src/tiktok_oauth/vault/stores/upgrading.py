"""Brings a database's schema up to date."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.stores import sql
from tiktok_oauth.vault.tenancy import NAME

if TYPE_CHECKING:
    from tiktok_oauth.vault.stores.database import Transaction


def upgrade(transaction: Transaction) -> None:
    """Apply the schema steps that are missing. Whoever comes second finds nothing to do.

    Raises:
        StoreError: a newer release has made the schema.
    """
    transaction.run(sql.LOCK, {})
    transaction.run(sql.SETTINGS, {})
    rows = transaction.run(sql.SETTING, {"name": "schema"})
    version = int(bytes(rows[0][0])) if rows else 0  # type: ignore[arg-type]  # a blob column
    if version > len(sql.SCHEMA):
        raise store_error(
            f"This database has schema version {version}, made by a newer release than this one, "
            f"which knows {len(sql.SCHEMA)}.",
            "Upgrade tiktok-oauth. Nothing was changed.",
        )
    for step in sql.SCHEMA[version:]:
        for statement in step:
            transaction.run(statement, {})
    if version < len(sql.SCHEMA):
        value = str(len(sql.SCHEMA)).encode()
        transaction.run(sql.PUT_SETTING, {"name": "schema", "value": value})
    if not transaction.run(sql.SETTING, {"name": NAME}):
        transaction.run(sql.PUT_SETTING, {"name": NAME, "value": token_hex(8).encode()})
