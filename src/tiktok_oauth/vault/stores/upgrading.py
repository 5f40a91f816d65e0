"""Brings a database's schema up to date."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from tiktok_oauth.errors import store_error
from tiktok_oauth.vault.stores import sql
from tiktok_oauth.vault.tenancy import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.vault.stores.database import Transaction


def upgrade(transaction: Transaction) -> None:
    """Bring the vault's own tables up to date, and give a new database its name.

    Raises:
        StoreError: a newer release has made them.
    """
    transaction.run(sql.LOCK, {})
    transaction.run(sql.SETTINGS, {})
    apply_missing(transaction, sql.SCHEMA, "schema", "This database has schema")
    if not transaction.run(sql.SETTING, {"name": NAME}):
        transaction.run(sql.PUT_SETTING, {"name": NAME, "value": token_hex(8).encode()})


def apply_missing(
    transaction: Transaction, steps: Sequence[Sequence[str]], setting: str, whose: str
) -> None:
    """Apply the schema steps that are missing. Whoever comes second finds nothing to do.

    Args:
        transaction: one that keeps others out by ``sql.LOCK``.
        steps: one entry a version.
        setting: where the version is kept.
        whose: the first words of the error.

    Raises:
        StoreError: a newer release has made the schema.
    """
    rows = transaction.run(sql.SETTING, {"name": setting})
    version = int(bytes(rows[0][0])) if rows else 0  # type: ignore[arg-type]  # a blob column
    if version > len(steps):
        raise store_error(
            f"{whose} version {version}, made by a newer release than this one, "
            f"which knows {len(steps)}.",
            "Upgrade tiktok-oauth. Nothing was changed.",
        )
    for step in steps[version:]:
        for statement in step:
            transaction.run(statement, {})
    if version < len(steps):
        value = str(len(steps)).encode()
        transaction.run(sql.PUT_SETTING, {"name": setting, "value": value})
