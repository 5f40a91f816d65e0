"""``tiktok-oauth completion``: the Tab key knows commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_EXAMPLES = """\
\b
In ~/.bashrc:
    eval "$(tiktok-oauth completion bash)"

\b
In ~/.zshrc:
    eval "$(tiktok-oauth completion zsh)"

\b
Once, for fish:
    tiktok-oauth completion fish > ~/.config/fish/completions/tiktok-oauth.fish
"""


@click.command(epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands and options by the Tab key."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"This version of click knows nothing of {shell}.")
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "tiktok-oauth", "_TIKTOK_OAUTH_COMPLETE").source())
