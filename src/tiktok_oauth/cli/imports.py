"""``tiktok-oauth import``."""

from __future__ import annotations

import stat
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import msgspec

from tiktok_oauth.cli.options import (
    FAILED,
    VaultCommand,
    database_option,
    is_there,
    json_option,
    keys_option,
    upkeep,
)
from tiktok_oauth.cli.progress import Bar
from tiktok_oauth.config import check_scopes
from tiktok_oauth.vault.moving.dumps import Dump
from tiktok_oauth.vault.moving.importing import import_tokens
from tiktok_oauth.vault.moving.mappings import LAYOUTS, folded
from tiktok_oauth.vault.moving.records import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tiktok_oauth.vault.moving.dumps import Entry
    from tiktok_oauth.vault.moving.importing import ImportReport
    from tiktok_oauth.vault.moving.mappings import Layout

_MANY = 1_000
_EXAMPLES = """\
\b
What would become of this file?
    tiktok-oauth import tokens.csv --dry-run

\b
Take over the accounts of a site with django-allauth:
    tiktok-oauth import tokens.csv --from allauth --scopes user.info.basic,video.list
"""


@click.command("import", cls=VaultCommand, epilog=_EXAMPLES)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--from",
    "layout",
    default="plain",
    show_default=True,
    type=click.Choice(tuple(LAYOUTS)),
    help="Whose column names they are.",
)
@click.option(
    "--client-key",
    envvar="TIKTOK_CLIENT_KEY",
    show_envvar=True,
    metavar="KEY",
    help="The app of all lines that name none.",
)
@click.option(
    "--scopes",
    default="user.info.basic",
    show_default=True,
    help="What was granted, where a line does not say it.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing, only report.")
@database_option
@keys_option
@json_option
def import_(  # noqa: PLR0913 - every option has a name
    *,
    file: Path,
    layout: str,
    client_key: str | None,
    scopes: str,
    dry_run: bool,
    database: str | None,
    keys: Path | None,
    as_json: bool,
) -> None:
    """Take over tokens from FILE: CSV with a line of names, JSON lines, or a JSON array.

    Running it again changes nothing, and newer tokens are never replaced by older ones. Lines that
    cannot be used are told and stop nothing. Whatever refreshed these tokens so far must not do
    so any more: each refresh ends the token before.
    """
    _warn_of_readers(file)
    seen = _Seen(LAYOUTS[layout])
    assumptions = Assumptions(client_key, ",".join(check_scopes(scopes, "--scopes")))
    if dry_run and not is_there(database):
        database = "memory:"
    with (
        _opened(file) as stream,
        Bar("Importing") as bar,
        upkeep(database, keys, make=True) as room,
    ):
        report = import_tokens(
            room.site,
            seen.each(_shown(Dump(stream), 0 if str(file) == "-" else file.stat().st_size, bar)),
            seen.layout,
            assumptions,
            now=time.time,
            rehearse=dry_run,
        )
    click.echo(msgspec.json.encode(asdict(report)) if as_json else _told(report))
    if seen.entries == 0:
        raise click.ClickException(
            f"There is no account in {'standard input' if str(file) == '-' else file}. If another"
            " program writes it, see what that one says: it may have failed."
        )
    if report.unusable and not (report.taken or report.there or report.older):
        click.echo(seen.advice(), err=True)
        raise SystemExit(FAILED)


class _Seen:
    """What is in a dump at all, for advice when nothing of it can be used.

    It tells names that we know, and none of the dump's: without a line of names, its first account
    stands in their place.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.entries = 0
        self._first: Mapping[str, object] | None = None

    def each(self, dump: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries, looked at."""
        for entry in dump:
            self.entries += 1
            self._first = self._first or entry.record
            yield entry

    def advice(self) -> str:
        """Which names are looked for, or whose those of the dump are."""
        for other in LAYOUTS.values():
            if other is not self.layout and self._is_of(other):
                return f"The names in it are those of: --from {other.name}"
        wanted = (self.layout.columns[name] for name in ("open_id", "refresh_token"))
        names = " and ".join(" or ".join(columns) for columns in wanted)
        return (
            f"--from {self.layout.name} looks for {names}. The first line of a CSV must hold the"
            " names of its columns."
        )

    def _is_of(self, layout: Layout) -> bool:
        first = folded(self._first or {})
        return not layout.is_other(first) and all(
            layout.get(first, name) is not None for name in ("open_id", "refresh_token")
        )


def _warn_of_readers(file: Path) -> None:
    """Say that others can read a file of tokens."""
    with suppress(OSError):
        status = file.stat()
        if stat.S_ISREG(status.st_mode) and status.st_mode & (stat.S_IRGRP | stat.S_IROTH):
            click.echo(
                f"Others than its owner can read {file}, which holds tokens in the clear. Run:"
                f" chmod 600 {file}",
                err=True,
            )


def _opened(file: Path) -> IO[bytes]:
    try:
        return click.open_file(str(file), "rb")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None


def _shown(dump: Dump, size: int, bar: Bar) -> Iterator[Entry]:
    """The dump's records, with a progress bar when there are many."""
    for number, entry in enumerate(dump):
        if size and number and number % _MANY == 0:
            bar.show(dump.position, size)
        yield entry


def _told(report: ImportReport) -> str:
    """A report in words."""
    lines = [
        f"{'Would be taken' if report.rehearsed else 'Taken over'}: {report.taken}",
        f"Already there: {report.there}",
        f"Older than what is there, or of unknown age: {report.older}",
    ]
    if report.passed_over:
        lines.append(f"Of other providers, passed over: {report.passed_over}")
    if report.access_assumed:
        lines.append(
            f"{report.access_assumed} of them do not say when the access token ends: it is"
            " refreshed when it is first asked for."
        )
    if report.refresh_assumed:
        lines.append(
            f"{report.refresh_assumed} of them do not say when the refresh token ends: thirty days"
            " are assumed, so that a refresher renews it within ten."
        )
    if report.times_missed:
        lines.append(
            f"{report.times_missed} of them have a time that is not understood, and counts as not"
            " said: write Unix seconds, milliseconds or ISO 8601, e.g. 2026-12-31T10:00:00Z."
        )
    lines.append(f"Unusable: {report.unusable}")
    lines += [f"  {count} x {reason}" for reason, count in report.reasons.items()]
    lines += [f"  line {problem.line}: {problem.reason}" for problem in report.problems]
    if report.rehearsed:
        lines.append("Nothing was written. Leave --dry-run out to take them over.")
    return "\n".join(lines)
