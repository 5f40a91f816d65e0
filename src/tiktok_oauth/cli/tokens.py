"""``tiktok-oauth token``, ``refresh`` and ``revoke``: what one does with one account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tiktok_oauth.cli.options import (
    AccountCommand,
    app_option,
    confirm,
    database_option,
    json_option,
    keys_option,
    opened_vault,
    tell,
    yes_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.types import AccessToken
    from tiktok_oauth.vault.snapshot import AccountState

_HOW_TO_PRINT = """\
\b
Many an open_id begins with a dash. It is no option, with or without two dashes before it:
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


@click.command(cls=AccountCommand, epilog=_HOW_TO_PRINT)
@click.argument("open_id")
@app_option
@database_option
@keys_option
@json_option
def token(
    *,
    open_id: str,
    client_key: str | None,
    database: str | None,
    keys: Path | None,
    as_json: bool,
) -> None:
    """Print an access token that is valid now, for scripts.

    It is refreshed when needed. Nothing else is on standard output.
    """
    with opened_vault(database, keys) as vault:
        given = vault.access_token(open_id, client_key=client_key)
    tell(given.token, _facts(given), as_json=as_json)
    click.echo(f"It is valid until {_date(given.expires_at)}.", err=True)


@click.command(cls=AccountCommand, epilog=_HOW_TO_REFRESH)
@click.argument("open_id")
@app_option
@database_option
@keys_option
@json_option
def refresh(
    *,
    open_id: str,
    client_key: str | None,
    database: str | None,
    keys: Path | None,
    as_json: bool,
) -> None:
    """Refresh an account's tokens now, needed or not."""
    with opened_vault(database, keys) as vault:
        state = vault.account(open_id, client_key=client_key).refresh()
    tell(
        f"Refreshed. The access token is valid until {_date(state.access_expires_at)}.",
        {**_account(state), "expires_at": state.access_expires_at, "status": state.status},
        as_json=as_json,
    )


@click.command(cls=AccountCommand, epilog=_HOW_TO_REVOKE)
@click.argument("open_id")
@app_option
@database_option
@keys_option
@yes_option
@json_option
def revoke(
    *,
    open_id: str,
    client_key: str | None,
    database: str | None,
    keys: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """End an account's connection at TikTok, and forget its tokens."""
    with opened_vault(database, keys) as vault:
        account = vault.account(open_id, client_key=client_key)
        confirm("Disconnect it? The person would have to log in again.", yes=yes)
        account.disconnect()
        state = account.state
    tell("Disconnected.", {**_account(state), "status": state.status}, as_json=as_json)


def _account(known: AccountState | AccessToken) -> dict[str, object]:
    return {"open_id": known.open_id, "client_key": known.client_key}


def _facts(given: AccessToken) -> dict[str, object]:
    return {
        **_account(given),
        "access_token": given.token,
        "expires_at": given.expires_at,
        "scope": given.scope,
    }


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
