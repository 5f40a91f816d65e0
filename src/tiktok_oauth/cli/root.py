"""``tiktok-oauth`` itself: its commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple, cast

import click

from tiktok_oauth.version import VERSION


class _Command(NamedTuple):
    """Where a command is, and what the list of commands says of it."""

    home: str
    text: str


_COMMANDS = {
    "accounts": _Command("accounts", "List, show, export and erase connected accounts."),
    "api-keys": _Command("api_keys", "Make, list and revoke the keys of the service's API."),
    "backup": _Command("vault", "Copy the store into FILE, while it is used."),
    "completion": _Command("completion", "Print what a shell needs to complete commands."),
    "dashboard": _Command("dashboard", "Show the figures of a running service, live."),
    "doctor": _Command("doctor", "Check this machine, its settings, the store and its keys."),
    "import": _Command("imports", "Take over tokens from a CSV or JSON file."),
    "keys": _Command("keys", "Make, change and check the key ring."),
    "login": _Command("login", "Log in with TikTok and keep the tokens in the store."),
    "refresh": _Command("tokens", "Refresh an account's tokens now, needed or not."),
    "refresher": _Command("refresher", "Run the process that refreshes tokens for all others."),
    "revoke": _Command("tokens", "End an account's connection at TikTok."),
    "sandbox": _Command("sandbox", "Run a local TikTok to test against."),
    "serve": _Command("serve", "Run the web service that connects accounts."),
    "token": _Command("tokens", "Print an access token that is valid now, for scripts."),
    "unfreeze": _Command("vault", "Let a restored store refresh tokens again."),
}


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click passes it
        cmd_name: str,
    ) -> click.Command | None:
        command = _COMMANDS.get(cmd_name)
        if command is None:
            return None
        module = import_module(f"tiktok_oauth.cli.{command.home}")
        name = "import_" if cmd_name == "import" else cmd_name.replace("-", "_")
        # Each module holds the commands that are at home there; a test runs them all.
        return cast("click.Command", getattr(module, name))

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click passes it
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.text) for name, command in _COMMANDS.items()])


_EXAMPLES = """\
\b
See it at work, without credentials:
    tiktok-oauth serve

\b
Develop and test an app of your own, in any language:
    tiktok-oauth sandbox

\b
Connect an account, and use its token in a script:
    tiktok-oauth login
    tiktok-oauth token -- OPEN_ID

\b
Exit status: 0 done, 1 it did not work, 2 wrong command line, 75 try again later,
77 the person has to log in again, 78 keys are missing or wrong.
"""


@click.group(
    cls=_LazyGroup, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION, message="%(prog)s %(version)s")
def root() -> None:
    """Log in with TikTok: a service that connects accounts, and a local TikTok to test with."""
