"""``tiktok-oauth accounts``: who is connected, and what is known of them."""

from __future__ import annotations

import contextlib
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click
import msgspec

from tiktok_oauth.cli.options import (
    FAILED,
    AccountCommand,
    VaultGroup,
    app_option,
    confirm,
    database_option,
    json_option,
    keys_option,
    opened_store,
    read_ring,
    tell,
    upkeep,
    yes_option,
)
from tiktok_oauth.cli.progress import Bar
from tiktok_oauth.errors import TikTokAPIError, VaultKeyError, invalid_argument
from tiktok_oauth.policy import refresh_decision
from tiktok_oauth.vault.refresh import ladder
from tiktok_oauth.vault.sealing.cipher import Binding, Cipher
from tiktok_oauth.vault.snapshot import opens
from tiktok_oauth.vault.stores.rows import AccountQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.vault.stores.rows import Grant, RowStatus
    from tiktok_oauth.vault.stores.store import Store

_PAGE = 500
_EXAMPLES = """\
\b
Who has to log in again?
    tiktok-oauth accounts list --status needs_login

\b
What happened to one of them?
    tiktok-oauth accounts show -- -000a1b2c3d4e

\b
Delete all that is known of a person:
    tiktok-oauth revoke -- -000a1b2c3d4e
    tiktok-oauth accounts erase -- -000a1b2c3d4e
"""
_DUE = "refresh_due"
_STATUSES = ("active", _DUE, "needs_login", "disconnected", "blocked")

_status_option = click.option(
    "--status",
    type=click.Choice(_STATUSES),
    help=f"Only these. {_DUE} are the active ones whose access token has ended. With the key ring"
    " at hand, those that were altered count as blocked.",
)


@click.group(cls=VaultGroup, epilog=_EXAMPLES)
def accounts() -> None:
    """List, show, export and erase connected accounts."""


@accounts.command("list")
@_status_option
@click.option("--user-id", help="Only those of one person of yours.")
@app_option
@database_option
@json_option
def list_(
    *,
    status: str | None,
    user_id: str | None,
    client_key: str | None,
    database: str | None,
    as_json: bool,
) -> None:
    """List the accounts, one a line."""
    query = AccountQuery(_PAGE, None, client_key, _stored(status), user_id)
    eyes = _Eyes()
    with opened_store(database) as store:
        for row in _walk(store, query, status, eyes):
            known = _known(row, eyes)
            if as_json:
                click.echo(msgspec.json.encode(known))
            else:
                click.echo(
                    f"{known['status']:<12} {row.open_id}  {row.user_id or '-'}  {row.scope}"
                )


@accounts.command(cls=AccountCommand)
@click.argument("open_id")
@click.option("--events", default=10, show_default=True, help="How much of its timeline.")
@app_option
@database_option
@json_option
def show(
    *, open_id: str, events: int, client_key: str | None, database: str | None, as_json: bool
) -> None:
    """Show one account, and what happened to it lately."""
    with opened_store(database) as store:
        row = find_row(store, open_id, client_key)
        timeline = store.events(row.ref, events)
    known = _known(row, _Eyes())
    if as_json:
        click.echo(msgspec.json.encode({**known, "events": timeline}))
        return
    for name, value in known.items():
        told = _date(value) if isinstance(value, float) else "-" if value is None else value
        click.echo(f"{name:<20} {told}")
    for event in timeline:
        click.echo(f"{_date(event.at)}  {event.kind}  {event.detail}")


@accounts.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A new file, which only you can read; standard output by default.",
)
@click.option("--with-tokens", is_flag=True, help="With the tokens, in the clear. Needs --output.")
@_status_option
@app_option
@database_option
@keys_option
def export(
    *,
    output: Path | None,
    with_tokens: bool,
    status: str | None,
    client_key: str | None,
    database: str | None,
    keys: Path | None,
) -> None:
    """Write all accounts as JSON lines.

    `tiktok-oauth import` reads those that are written with --with-tokens.
    """
    query, eyes = AccountQuery(_PAGE, None, client_key, _stored(status)), _Eyes(keys)
    if not with_tokens:
        with opened_store(database) as store, _target(output) as stream:
            for row in _watched(store, query, status, eyes):
                stream.write(msgspec.json.encode(_known(row, eyes)) + b"\n")
        return
    if output is None:
        raise click.UsageError("Tokens are not written to a screen: name a file by --output.")
    closed = 0
    with upkeep(database, keys) as room, _target(output) as stream:
        site = room.site
        for row in _watched(site.store, query, status, eyes):
            try:
                tokens = _tokens(site.cipher, row)
            except VaultKeyError:
                tokens, closed = {}, closed + 1
            stream.write(msgspec.json.encode({**_known(row, eyes), **tokens}) + b"\n")
    click.echo(
        f"{output} holds tokens in the clear: delete it soon. Only one program may refresh them"
        " from here on: each refresh ends the token before.",
        err=True,
    )
    if closed:
        click.echo(f"{closed} accounts do not open: they are in it without tokens.", err=True)
        raise SystemExit(FAILED)


@accounts.command(cls=AccountCommand)
@click.argument("open_id")
@app_option
@database_option
@yes_option
@json_option
def erase(
    *, open_id: str, client_key: str | None, database: str | None, yes: bool, as_json: bool
) -> None:
    """Delete all that is known of a person, as they may ask of you.

    Revoke first: what is erased can no longer be revoked. Backups from before still hold it.
    """
    with opened_store(database) as store:
        row = find_row(store, open_id, client_key)
        if row.status == "active":
            click.echo(
                "It is still connected at TikTok. To end that: tiktok-oauth revoke", err=True
            )
        confirm("Delete all that is known of it?", yes=yes)
        store.erase(row.ref)
    known = {"open_id": row.open_id, "client_key": row.client_key, "erased": True}
    tell("Deleted.", known, as_json=as_json)


def find_row(store: Store, open_id: str, client_key: str | None) -> Grant:
    """One account's row.

    Raises:
        ValidationError: it is not known, or known under two apps and no app was named.
    """
    found = store.page(AccountQuery(limit=2, open_id=open_id, client_key=client_key))
    if not found:
        raise invalid_argument("No such account is connected.", "See: tiktok-oauth accounts list")
    if len(found) > 1:
        raise invalid_argument("It is connected under two apps.", "Say which by --client-key.")
    return found[0]


def _stored(status: str | None) -> RowStatus | None:
    """A status as the store has it: what is due, or does not open, is in no column."""
    kept = {_DUE: "active", "blocked": None}
    return cast("RowStatus | None", kept.get(status, status) if status else None)


class _Eyes:
    """What sees an account's status: the clock and, if there are any, the keys."""

    def __init__(self, keys: Path | None = None) -> None:
        self._cipher: Cipher | None = None
        with contextlib.suppress(TikTokAPIError):
            self._cipher = Cipher(read_ring(keys))

    def status(self, row: Grant) -> str:
        """An account's status. What is sealed with a key that is not here is not judged."""
        if row.status != "active":
            return row.status
        cipher = self._cipher
        if cipher is not None and row.key_id in cipher.ring.key_ids and not opens(cipher, row):
            return "blocked"
        fresh = refresh_decision(ladder.lifetimes(row), time.time()) in {"fresh", "soon"}
        return "active" if fresh else _DUE


def _walk(store: Store, query: AccountQuery, status: str | None, eyes: _Eyes) -> Iterator[Grant]:
    wanted = {status, _DUE} if status == "active" else {status}
    page = store.page(query)
    while page:
        yield from (row for row in page if status is None or eyes.status(row) in wanted)
        if len(page) < query.limit:  # An altered open_id is behind no other.
            return
        query = msgspec.structs.replace(query, after=page[-1].ref)
        page = store.page(query)


def _watched(store: Store, query: AccountQuery, status: str | None, eyes: _Eyes) -> Iterator[Grant]:
    """The same, with a progress bar when there are many."""
    total = sum(store.standing(time.time(), warm=False).accounts.values())
    with Bar("Exporting") as bar:
        for number, row in enumerate(_walk(store, query, status, eyes)):
            if number and number % _PAGE == 0:
                bar.show(number, total)
            yield row


def _known(row: Grant, eyes: _Eyes) -> dict[str, str | float | None]:
    """What may be told of an account, without its tokens."""
    return {
        "open_id": row.open_id,
        "client_key": row.client_key,
        "user_id": row.user_id,
        "status": eyes.status(row),
        "reason": row.reason,
        "scope": row.scope,
        "connected_at": row.granted_at,
        "issued_at": row.issued_at,
        "expires_at": row.access_expires_at,
        "refresh_expires_at": row.refresh_expires_at,
        "trouble": row.trouble,
    }


def _tokens(cipher: Cipher, row: Grant) -> dict[str, str]:
    """An account's tokens in the clear; those of a disconnected one are gone."""
    if row.access is None or row.refresh is None:
        return {}
    access = Binding("access", *row.ref, row.gen, row.ver)
    refresh = Binding("refresh", *row.ref, row.gen, row.ver)
    return {
        "access_token": cipher.open_secret(row.access, access).reveal(),
        "refresh_token": cipher.open_secret(row.refresh, refresh).reveal(),
    }


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Where to write: a new private file, or standard output."""
    if output is None:
        with click.open_file("-", "wb") as stream:
            yield stream
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(output, flags, 0o600)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be made: {error.strerror}.") from None
    try:
        with os.fdopen(file, "wb") as stream:
            yield stream
    except BaseException as error:
        output.unlink(missing_ok=True)  # Half of it would be tokens in the clear, and in the way.
        if not isinstance(error, OSError):
            raise
        text = f"{output} cannot be written: {error.strerror}. Nothing of it is left."
        raise click.ClickException(f"{text} Name another place.") from None
