"""``tiktok-oauth serve``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.options import VaultCommand
from tiktok_oauth.service.configuration.catalog import SETTINGS
from tiktok_oauth.service.configuration.plan import make_plan
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.configuration.catalog import Setting

_SHORTEST_PASSWORD = 15
_EXAMPLES = """\
\b
Try it, with a sandbox in TikTok's place:
    tiktok-oauth serve

\b
With an app registered at TikTok, for browsers of this machine:
    export TIKTOK_CLIENT_KEY=aw0000000000000000
    export TIKTOK_CLIENT_SECRET_FILE=/run/secrets/tiktok
    export TIKTOK_REDIRECT_URI=http://127.0.0.1:8000/callback
    tiktok-oauth serve

\b
Behind a proxy that ends TLS, with everything in a file (chmod 600):
    # service.toml
    host = "127.0.0.1"
    public_url = "https://login.example.com"
    trusted_proxies = ["127.0.0.1"]
    workers = 2
    [[apps]]
    client_key = "aw0000000000000000"
    client_secret_file = "/run/secrets/tiktok"
    redirect_uri = "https://login.example.com/callback"

\b
    tiktok-oauth serve --config service.toml --check
    tiktok-oauth serve --config service.toml

\b
Each setting is a flag, a variable (--rate-limit is TIKTOK_OAUTH_RATE_LIMIT) and a key of the file
(rate_limit). Flags win over variables, which win over the file. Secrets have no flags.
"""


def _with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with a flag for each setting."""
    for setting in reversed(SETTINGS):
        if setting.flag is not None:
            command = _option(setting, setting.flag)(command)
    return command


def _option(setting: Setting, flag: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    shown = f"{setting.text}  [{setting.default}]" if setting.default else setting.text
    if setting.is_switch:
        names = f"{flag}/--no-{flag.removeprefix('--')}"
        return click.option(names, setting.key, default=None, help=setting.text)
    return click.option(flag, setting.key, metavar=setting.metavar, help=shown)


@click.command(cls=VaultCommand, epilog=_EXAMPLES)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Settings in TOML; else TIKTOK_OAUTH_CONFIG, else tiktok-oauth/service.toml in the"
    " configuration directory, if it is there.",
)
@click.option("--check", is_flag=True, help="Look at all settings, say what is wrong, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print JSON.")
@click.option("--hash-password", is_flag=True, help="Ask for a password, print its hash, and end.")
@_with_settings
def serve(
    *, config: Path | None, check: bool, as_json: bool, hash_password: bool, **flags: object
) -> None:
    """Run the service that connects accounts and keeps their tokens fresh.

    Pages to connect accounts, a dashboard, and an API that hands out fresh access tokens to
    programs in any language. Without credentials a sandbox plays TikTok, so that all of it can
    be tried at once.
    """
    with needs("service"):
        from tiktok_oauth.cli import assembly, verdicts  # noqa: PLC0415 - they come with an extra

        assembly.check_libraries()
    if hash_password:
        word = Secret(click.prompt("Password", hide_input=True, confirmation_prompt=True))
        if len(word.reveal()) < _SHORTEST_PASSWORD:
            text = f"A password needs {_SHORTEST_PASSWORD} characters: take a few words."
            raise click.ClickException(text)
        click.echo(assembly.hash_of(word))
        return
    plan = make_plan(flags, os.environ, config)
    if check:
        raise SystemExit(verdicts.check(plan, as_json=as_json))
    verdicts.refuse_or_warn(plan)
    assembly.serve(plan)
