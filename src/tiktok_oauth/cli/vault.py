"""``tiktok-oauth backup`` and ``tiktok-oauth unfreeze``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiktok_oauth.cli.options import (
    VaultCommand,
    confirm,
    database_option,
    json_option,
    keys_option,
    tell,
    upkeep,
    url_of,
    yes_option,
)
from tiktok_oauth.vault.freeze import FROZEN
from tiktok_oauth.vault.freeze import unfreeze as unfreeze_store
from tiktok_oauth.vault.moving.backup import back_up

if TYPE_CHECKING:
    from tiktok_oauth.vault.listeners import VaultEvent
    from tiktok_oauth.vault.strongroom import Strongroom

_BACKUP_EXAMPLES = """\
\b
Every night:
    tiktok-oauth backup /backup/tokens-$(date +%F).db
"""
_UNFREEZE_EXAMPLES = """\
\b
After a restore, once the journals of all hosts are back in their places:
    tiktok-oauth unfreeze
"""

_FROZEN = """\
This store is an older copy of itself. An account that was refreshed since the copy was made has a
newer refresh token at TikTok than here. Using the older one can end its grant for good.

What closes the gap are the journals of the hosts, which hold TikTok's latest answers. On this host
they are in
    {directory}
Bring back those of all hosts, and start a vault on each, before you go on. Brought in from the
journals of this host just now: {replayed} refreshes.
"""


@click.command(cls=VaultCommand, epilog=_BACKUP_EXAMPLES)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
@json_option
def backup(*, file: Path, database: str | None, as_json: bool) -> None:
    """Copy the store into FILE, while it is used.

    FILE holds no key, so keep the key ring as well, somewhere else. A store that was restored from
    it is frozen: nothing is refreshed before you say so by `tiktok-oauth unfreeze`.
    """
    made = back_up(url_of(database), file)
    tell(
        f"Copied {made.accounts} accounts into {made.path} ({made.size:,} bytes).",
        {"accounts": made.accounts, "file": str(made.path), "bytes": made.size},
        as_json=as_json,
    )


@click.command(cls=VaultCommand, epilog=_UNFREEZE_EXAMPLES)
@database_option
@keys_option
@yes_option
@json_option
def unfreeze(*, database: str | None, keys: Path | None, yes: bool, as_json: bool) -> None:
    """Let a restored store refresh tokens again.

    Before that, the journals of all hosts should be back: they hold what is newer than the copy.
    """
    with upkeep(database, keys) as room:
        replayed = _bring_in(room)
        store = room.site.store
        if store.setting(FROZEN) is None:
            facts = {"was_frozen": False, "replayed": replayed}
            tell("The store is not frozen.", facts, as_json=as_json)
            return
        click.echo(_FROZEN.format(replayed=replayed, directory=room.site.directory), err=as_json)
        for boot in store.boots():
            if boot.host != room.site.journal.host:
                others = f"Its copy knows of a vault on another host (journals {boot.host})."
                click.echo(others, err=as_json)
        confirm("Refresh tokens again?", yes=yes)
        unfreeze_store(store)
    tell("Tokens are refreshed again.", {"was_frozen": True, "replayed": replayed}, as_json=as_json)


def _bring_in(room: Strongroom) -> int:
    """Open a vault's inside; returns how many refreshes its dead have left."""
    heard: list[VaultEvent] = []
    room.listeners.add(heard.append)
    room.bury()
    return sum(event.kind == "refreshed" for event in heard)
