"""``tiktok-oauth keys``: the key ring, and sealing everything again under a new key."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tiktok_oauth.cli.options import (
    FAILED,
    VaultGroup,
    database_option,
    json_option,
    key_file,
    key_place,
    keys_option,
    opened_store,
    read_ring,
    store_if_any,
    tell,
    upkeep,
    url_of,
)
from tiktok_oauth.cli.progress import Bar
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.opening import journal_of
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.sealing.kms import key_error
from tiktok_oauth.vault.sealing.resealing import check_known, in_use, reseal, sealing_with
from tiktok_oauth.vault.site import judge_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.vault.sealing.resealing import ResealReport

_EXAMPLES = """\
\b
Replace the key, once a year. Bring the file to all hosts, and restart, after each of the two:
    tiktok-oauth keys add --name 2027
    tiktok-oauth keys promote 2027
    tiktok-oauth keys reseal
    tiktok-oauth keys retire 2026

\b
Keep a copy under a passphrase, and bring it back:
    tiktok-oauth keys export /media/safe/keys.json
    tiktok-oauth keys import /media/safe/keys.json

\b
Is this the right key ring for the store?
    tiktok-oauth keys check
"""

_name_option = click.option("--name", help="What people call the key; k1, k2, ... by default.")


@click.group(cls=VaultGroup, epilog=_EXAMPLES)
def keys() -> None:
    """Make, change and check the key ring that tokens are sealed with."""


@keys.command()
@_name_option
@database_option
@keys_option
@json_option
def new(*, name: str | None, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Make a key ring for a store that has none yet."""
    path = key_file(keys)
    with store_if_any(database) as store:
        sealed = {} if store is None else store.sealed_with()
    if sealed:
        raise click.ClickException(
            f"This store is sealed already, with {', '.join(sealed)}: a new ring would not open"
            " it. Bring its key file back. For another store, name it by --database."
        )
    ring = KeyRing.generate(name)
    ring.save(path)
    tell(
        f"Made {path} with key {ring.active_id}. Keep a copy of it in a safe place: without it"
        " nobody can read the tokens in the store.",
        _ring(path, ring),
        as_json=as_json,
    )


@keys.command("list")
@database_option
@keys_option
@json_option
def list_(*, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Show the keys of the ring, and how much each of them has sealed."""
    ring = read_ring(keys)
    counts = _counts(database)
    rows = [
        {"id": key_id, "name": name, "active": key_id == ring.active_id, "sealed": counts[key_id]}
        for key_id, name in ring.names.items()
    ]
    if as_json:
        click.echo(msgspec.json.encode(rows))
    for row in () if as_json else rows:
        mark = "*" if row["active"] else " "
        click.echo(f"{mark} {row['id']}  {row['name']:<12} {row['sealed']} values")
    if missing := sorted(counts.keys() - ring.names.keys()):
        raise key_error(
            f"The store is sealed with keys that this ring does not have: {', '.join(missing)}.",
            "Bring back the key file that has them.",
        )


@keys.command()
@_name_option
@keys_option
@json_option
def add(*, name: str | None, keys: Path | None, as_json: bool) -> None:
    """Add a new key. It opens, but seals nothing before it is promoted."""
    path = key_file(keys)
    ring = KeyRing.from_file(path).with_new(name)
    ring.save(path, replace=True)
    tell(
        f"Added key {ring.key_ids[-1]}. Bring {path} to every host and restart the vaults there,"
        f" then: tiktok-oauth keys promote {ring.names[ring.key_ids[-1]]}",
        _ring(path, ring),
        as_json=as_json,
    )


@keys.command()
@click.argument("key")
@database_option
@keys_option
@json_option
def promote(*, key: str, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Let KEY, a name or an ID, seal from now on. Every running vault must know it."""
    path = key_file(keys)
    ring = KeyRing.from_file(path).promote(key)
    with opened_store(database) as store:
        check_known(store, ring.active_id)
    ring.save(path, replace=True)
    tell(
        f"Key {ring.active_id} is active. Bring {path} to every host and restart the vaults"
        " there, then: tiktok-oauth keys reseal",
        _ring(path, ring),
        as_json=as_json,
    )


@keys.command("reseal")
@click.option(
    "--rate",
    default=1_000.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Accounts a second.",
)
@database_option
@keys_option
@json_option
def reseal_(*, rate: float, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Seal everything again under the active key, while everything goes on.

    It may be broken off at any time, and begun again.
    """
    with upkeep(database, keys) as room, Bar("Sealing again") as bar:
        report = reseal(room, bar.show, rate=rate)
        active = room.site.cipher.ring.active_id
    tell(
        "\n".join(_told(report, active)),
        {"active": active, "done": report.is_done, **asdict(report)},
        as_json=as_json,
    )
    if not report.is_done:
        raise SystemExit(FAILED)


@keys.command()
@click.argument("key")
@database_option
@keys_option
@json_option
def retire(*, key: str, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Take KEY, a name or an ID, out of the ring. Nothing may be sealed with it any more."""
    path = key_file(keys)
    ring = KeyRing.from_file(path)
    left = ring.retire(key)
    [gone] = set(ring.key_ids) - set(left.key_ids)
    # Where no store is found nobody knows what the key has sealed.
    with opened_store(database) as store:
        count = in_use(store, journal_of(url_of(database), store)).get(gone, 0)
        users = sealing_with(store)[gone]
    if count:
        raise click.ClickException(
            f"{count} values are still sealed with {gone}. Run: tiktok-oauth keys reseal"
        )
    if users:
        raise click.ClickException(
            f"{users} running vaults still seal with {gone}: restart them with the new ring."
        )
    left.save(path, replace=True)
    tell(
        f"Retired {gone}. Keep a copy of the ring from before for as long as you keep backups"
        " from before.",
        _ring(path, left),
        as_json=as_json,
    )


@keys.command()
@database_option
@keys_option
@json_option
def check(*, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Make sure that the ring is the store's, and that every running vault knows its keys."""
    ring = read_ring(keys)
    lines = [f"The ring has {', '.join(ring.key_ids)}; the first one seals."]
    with store_if_any(database) as store:
        if store is None:
            lines.append("There is no store yet.")
        else:
            judge_keys(store, Cipher(ring))
            check_known(store, ring.active_id)
            lines.append(
                "It opens access tokens only: whatever refreshes needs the whole ring."
                if ring.access_only
                else "It opens everything in the store."
            )
            lines.append("Every running vault knows the key that seals.")
        facts = {
            **_ring(key_place(keys), ring),
            "access_only": ring.access_only,
            "has_store": store is not None,
        }
    tell("\n".join(lines), facts, as_json=as_json)


@keys.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@keys_option
@json_option
def export(*, file: Path, keys: Path | None, as_json: bool) -> None:
    """Write FILE, a copy of the ring under a passphrase, to be kept in a safe place."""
    ring = read_ring(keys)
    _check_directory(file)
    phrase = Secret(click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))
    ring.export(file, phrase.reveal())
    tell(f"Made {file}. Try it: tiktok-oauth keys import", _ring(file, ring), as_json=as_json)


@keys.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@keys_option
@json_option
def import_(*, file: Path, keys: Path | None, as_json: bool) -> None:
    """Bring back the ring that `export` wrote into FILE. A key file that is there stays."""
    path = key_file(keys)
    phrase = Secret(click.prompt("Passphrase", hide_input=True, err=True))
    ring = KeyRing.import_(file, phrase.reveal())
    ring.save(path)
    tell(
        f"Made {path} with {', '.join(ring.key_ids)}. Is it the store's? tiktok-oauth keys check",
        _ring(path, ring),
        as_json=as_json,
    )


@keys.command("export-access-only")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@keys_option
@json_option
def export_access_only(*, file: Path, keys: Path | None, as_json: bool) -> None:
    """Write FILE, a ring that opens no refresh token, for processes that only use access tokens."""
    ring = read_ring(keys)
    _check_directory(file)
    ring.for_access_only().save(file)
    tell(
        f"Made {file}. Make it anew after each change of the ring.",
        _ring(file, ring),
        as_json=as_json,
    )


def _check_directory(file: Path) -> None:
    """Make no directory that a mistyped name would leave behind, with keys in it.

    Raises:
        ClickException: there is none to write the file into.
    """
    if not file.parent.is_dir():
        raise click.ClickException(
            f"There is no directory {file.parent}. Make it, or name another: mkdir -p {file.parent}"
        )


def _ring(path: Path | None, ring: KeyRing) -> dict[str, object]:
    """What a program may want to know of a key ring: names, never keys."""
    return {"file": path and str(path), "active": ring.active_id, "keys": list(ring.key_ids)}


def _told(report: ResealReport, active: str) -> Iterator[str]:
    """A report in words."""
    yield f"Sealed again: {report.resealed} values."
    for key_id, count in report.left.items():
        yield f"Still sealed with {key_id}: {count} values."
    if report.unreadable:
        yield f"{report.unreadable} values do not open, and were left as they are."
    if report.behind:
        yield f"{report.behind} running vaults still seal with another key: restart them."
    if report.is_done:
        yield f"Everything is sealed with {active}: all other keys can be retired."
    else:
        yield "Run it again once the vaults were restarted: their journals end with them."


def _counts(database: str | None) -> Counter[str]:
    with store_if_any(database) as store:
        if store is None:
            return Counter()
        return Counter(in_use(store, journal_of(url_of(database), store)))
