"""``tiktok-oauth doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec

from tiktok_oauth.cli import checks
from tiktok_oauth.cli.options import (
    FAILED,
    WRONG_KEYS,
    VaultCommand,
    database_option,
    json_option,
    keys_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.cli.finding import Finding

_EXAMPLES = """\
\b
    tiktok-oauth doctor

\b
In a health check:
    tiktok-oauth doctor --offline --json
"""
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(cls=VaultCommand, epilog=_EXAMPLES)
@click.option("--offline", is_flag=True, help="Ask TikTok for nothing.")
@database_option
@keys_option
@json_option
def doctor(*, offline: bool, database: str | None, keys: Path | None, as_json: bool) -> None:
    """Check this machine, the app, its settings, the store and its keys; say how to mend them.

    TikTok is asked whether it knows the credentials, and for the time. The redirect URI is judged
    by TikTok's rules, and each scope is told with the product it needs.

    The status is 0 when nothing fails, 78 when keys are missing or wrong, and 1 otherwise.
    """
    found = []
    for finding in checks.examine(database, keys, offline=offline):
        found.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        click.echo(msgspec.json.encode([asdict(finding) for finding in found]))
    failed = {finding.name for finding in found if finding.verdict == "fail"}
    if failed:
        raise SystemExit(WRONG_KEYS if "keys" in failed else FAILED)


def _tell(finding: Finding) -> None:
    mark = click.style(f"{finding.verdict:<5}", fg=_COLOURS[finding.verdict])
    click.echo(f"{mark} {finding.name:<12} {finding.says}")
    if finding.mend:
        click.echo(f"{'':<18} {finding.mend}")
