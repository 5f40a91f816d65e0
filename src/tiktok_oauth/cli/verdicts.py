"""What ``tiktok-oauth serve`` says about its settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec

from tiktok_oauth.cli.options import FAILED, WRONG_KEYS
from tiktok_oauth.service.configuration.files import judge_files
from tiktok_oauth.service.configuration.plan import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiktok_oauth.service.configuration.findings import Finding
    from tiktok_oauth.service.configuration.plan import Plan
    from tiktok_oauth.service.settings import ServiceSettings

_COLOURS = {"warn": "yellow", "fail": "red"}


def check(plan: Plan, *, as_json: bool) -> int:
    """Print all settings and what is wrong with them; returns the exit status."""
    findings = list(plan.judged.findings)
    settings = None
    if not plan.judged.is_refused:
        if plan.is_for_sandbox:
            url = plan.judged.service.get("database")
        else:
            settings = plan.settings(plan.port or DEFAULT_PORT)
            url = settings.database_url
        findings += [] if url is None else judge_files(plan, url)
    failed = {finding.name for finding in findings if finding.verdict == "fail"}
    if as_json:
        told = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
        click.echo(msgspec.json.encode(told))
    else:
        _tell_all(plan, settings, findings)
    if not failed:
        return 0
    return WRONG_KEYS if "keys" in failed else FAILED


def refuse_or_warn(plan: Plan) -> None:
    """Say what is wrong; stop if it cannot be served like this.

    Raises:
        ClickException: a setting keeps the service from starting.
    """
    for finding in plan.judged.findings:
        _tell(finding)
    if plan.judged.is_refused:
        raise click.ClickException(
            "The service does not start like this. To look again: tiktok-oauth serve --check"
        )


def _tell_all(plan: Plan, settings: ServiceSettings | None, findings: Sequence[Finding]) -> None:
    file = plan.sources.file
    click.echo(f"Settings from {file}" if file else "No file of settings is used.", err=True)
    if settings is not None:
        for title, lines in settings.masked():
            click.secho(title, bold=True)
            for name, value in lines:
                click.echo(f"  {name:<32} {value}")
    elif plan.is_for_sandbox:
        click.echo("There are no credentials: a sandbox will play TikTok.")
    for finding in findings:
        _tell(finding)
    failures = sum(finding.verdict == "fail" for finding in findings)
    if failures:
        click.secho(f"{failures} to mend before the service starts.", fg="red", err=True)
    else:
        click.secho("The service can start.", fg="green", err=True)


def _tell(finding: Finding) -> None:
    mark = click.style(f"{finding.verdict:<5}", fg=_COLOURS[finding.verdict])
    click.echo(f"{mark} {finding.name} ({finding.source}): {finding.says}", err=True)
    click.echo(f"      {finding.mend}", err=True)
