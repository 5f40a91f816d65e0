"""``tiktok-oauth api-keys``: who may call the service's API."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.options import (
    VaultGroup,
    database_option,
    json_option,
    tell,
    url_of,
    yes_option,
)
from tiktok_oauth.vault.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.service.registry.registry import Registry
    from tiktok_oauth.service.registry.rows import ApiKey, Scope

_EXAMPLES = """\
\b
A key for a program that needs fresh tokens:
    tiktok-oauth api-keys new "the shop" --scope token

\b
Which keys are there, and when were they used?
    tiktok-oauth api-keys list

\b
Make one useless:
    tiktok-oauth api-keys revoke 3f2a9c01b7de
"""


@click.group("api-keys", cls=VaultGroup, epilog=_EXAMPLES)
def api_keys() -> None:
    """Make, list and revoke the keys of the service's API."""


@api_keys.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(("read", "token", "admin")),
    default="token",
    show_default=True,
    help="Read what is known; get tokens, too; disconnect accounts, too.",
)
@database_option
@json_option
def new(*, name: str, scope: Scope, database: str | None, as_json: bool) -> None:
    """Make a key, and print it: that is the only time it can be read.

    NAME tells you later what it is for. Nothing else is on standard output.
    """
    with _registry(database, make=True) as registry:
        made = registry.create_key(name, scope)
        if as_json:
            tell("", {**_known(made.key), "key": made.secret.reveal()}, as_json=True)
            return
        click.echo(made.secret.reveal())
    click.echo(f"Keep it in a safe place: it is not shown again. It may {_MAY[scope]}.", err=True)


_MAY = {
    "read": "read what is known of accounts",
    "token": "read, get tokens and invite people",
    "admin": "do everything, also disconnect accounts",
}


@api_keys.command("list")
@database_option
@json_option
def list_(*, database: str | None, as_json: bool) -> None:
    """List the keys, one a line. Revoked ones are shown for thirty days."""
    with _registry(database) as registry:
        keys = registry.list_keys()
    if as_json:
        click.echo(msgspec.json.encode([_known(key) for key in keys]))
        return
    for key in keys:
        used = "never used" if key.last_used_at is None else f"used {_date(key.last_used_at)}"
        state = used if key.revoked_at is None else f"revoked {_date(key.revoked_at)}"
        click.echo(f"{key.key_id}  {key.scope:<5}  {state:<24}  {key.name}")


@api_keys.command()
@click.argument("key_id")
@database_option
@yes_option
@json_option
def revoke(*, key_id: str, database: str | None, yes: bool, as_json: bool) -> None:
    """Make a key useless, within five seconds in every process. KEY_ID is as `list` shows it."""
    with _registry(database) as registry:
        key = registry.find_key(key_id)
        if key is None or key.revoked_at is not None:
            raise click.ClickException("No such key is in use. See: tiktok-oauth api-keys list")
        if not yes:
            click.confirm(f"Revoke {key.name!r}?", abort=True, err=True)
        registry.revoke_key(key_id)
    tell("Revoked.", {"key_id": key_id, "revoked": True}, as_json=as_json)


@contextmanager
def _registry(database: str | None, *, make: bool = False) -> Iterator[Registry]:
    with needs("service"):
        from tiktok_oauth.service.registry.registry import Registry  # noqa: PLC0415 - comes with an extra
    with closing(open_store(url_of(database, make=make))) as store:
        yield Registry(store.database)


def _known(key: ApiKey) -> dict[str, str | float | None]:
    """What may be told of a key."""
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scope": key.scope,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
