"""``tiktok-oauth token``, ``refresh`` and ``revoke``: what one does with one account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tiktok_oauth.cli.options import (
    VaultCommand,
    app_option,
    confirm,
    database_option,
    keys_option,
    opened_vault,
    yes_option,
)

if TYPE_CHECKING:
    from pathlib import Path

_HOW_TO_PRINT = """\
\b
Many an open_id begins with a dash; two dashes before it keep it from being an option:
    tiktok-oauth token -- -000a1b2c3d4e

\b
Call an endpoint:
    curl -H "Authorization: Bearer $(tiktok-oauth token -- -000a1b2c3d4e)" \\
        "https://open.tiktokapis.com/v2/user/info/?fields=open_id"
"""
_HOW_TO_REFRESH = """\
\b
Bring an account up to date after an outage:
    tiktok-oauth refresh -- -000a1b2c3d4e
"""
_HOW_TO_REVOKE = """\
\b
End a connection, as its person has asked for:
    tiktok-oauth revoke -- -000a1b2c3d4e
"""
# Many an open_id begins with a dash.
_dashes = {"ignore_unknown_options": True}


@click.command(cls=VaultCommand, epilog=_HOW_TO_PRINT, context_settings=_dashes)
@click.argument("open_id")
@app_option
@database_option
@keys_option
def token(*, open_id: str, client_key: str | None, database: str | None, keys: Path | None) -> None:
    """Print an access token that is valid now, for scripts.

    It is refreshed when needed. Nothing else is on standard output.
    """
    with opened_vault(database, keys) as vault:
        account = vault.account(open_id, client_key=client_key)
        click.echo(account.access_token())
        ends = datetime.fromtimestamp(account.reload().access_expires_at, UTC)
        click.echo(f"It is valid until {ends:%Y-%m-%d %H:%M:%S} UTC.", err=True)


@click.command(cls=VaultCommand, epilog=_HOW_TO_REFRESH, context_settings=_dashes)
@click.argument("open_id")
@app_option
@database_option
@keys_option
def refresh(
    *, open_id: str, client_key: str | None, database: str | None, keys: Path | None
) -> None:
    """Refresh an account's tokens now, needed or not."""
    with opened_vault(database, keys) as vault:
        state = vault.account(open_id, client_key=client_key).refresh()
    ends = datetime.fromtimestamp(state.access_expires_at, UTC)
    click.echo(f"Refreshed. The access token is valid until {ends:%Y-%m-%d %H:%M:%S} UTC.")


@click.command(cls=VaultCommand, epilog=_HOW_TO_REVOKE, context_settings=_dashes)
@click.argument("open_id")
@app_option
@database_option
@keys_option
@yes_option
def revoke(
    *, open_id: str, client_key: str | None, database: str | None, keys: Path | None, yes: bool
) -> None:
    """End an account's connection at TikTok, and forget its tokens."""
    with opened_vault(database, keys) as vault:
        account = vault.account(open_id, client_key=client_key)
        confirm("Disconnect it? The person would have to log in again.", yes=yes)
        account.disconnect()
    click.echo("Disconnected.")
