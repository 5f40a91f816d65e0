"""``tiktok-oauth`` itself: its commands are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

from tiktok_oauth.version import VERSION

_COMMANDS = ("sandbox", "serve")


class _LazyGroup(click.Group):
    """Finds the command ``x`` as ``tiktok_oauth.cli.x.x``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click passes it
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"tiktok_oauth.cli.{cmd_name}")
        # Each module holds the command of its own name; a test runs them all.
        return cast("click.Command", getattr(module, cmd_name))


_EXAMPLES = """\
\b
See it at work, without credentials:
    tiktok-oauth serve

\b
Develop and test an app of your own, in any language:
    tiktok-oauth sandbox
"""


@click.group(
    cls=_LazyGroup, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION, message="%(prog)s %(version)s")
def root() -> None:
    """Log in with TikTok: a service that connects accounts, and a local TikTok to test with."""
