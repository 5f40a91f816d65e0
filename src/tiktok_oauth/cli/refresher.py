"""``tiktok-oauth refresher``."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from tiktok_oauth.cli.options import VaultCommand, database_option, keys_option, opened_vault
from tiktok_oauth.observe.logs import configure_logging
from tiktok_oauth.vault.fleet.refresher import Refresher

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from tiktok_oauth.vault.fleet.progress import Progress
    from tiktok_oauth.vault.fleet.refresher import Policy

_EXAMPLES = """\
\b
Beside web workers, one process a host is enough:
    tiktok-oauth refresher

\b
For accounts whose access token must never end:
    tiktok-oauth refresher --policy keep_warm
"""


@click.command(cls=VaultCommand, epilog=_EXAMPLES)
@click.option(
    "--policy",
    type=click.Choice(("on_demand", "keep_warm")),
    default="on_demand",
    show_default=True,
    help="Refresh for those who wait, and before refresh tokens age out; or always ahead.",
)
@click.option(
    "--at-once",
    default=64,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many refreshes may be under way.",
)
@click.option(
    "--every",
    default=60,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How often to tell how it goes.",
)
@database_option
@keys_option
def refresher(
    *, policy: Policy, at_once: int, every: int, database: str | None, keys: Path | None
) -> None:
    """Run the small process that refreshes tokens for all others.

    It survives what web workers die of. Any number may run on one store. Ctrl-C, or SIGTERM, lets
    what is under way finish, which takes as long as TikTok takes to answer.
    """
    configure_logging(level="warn")
    with opened_vault(database, keys, refreshes=True) as vault:
        teller = _Teller(every)
        running = Refresher(vault, policy=policy, at_once=at_once, on_progress=teller.hear)

        def stop(_number: int, _frame: FrameType | None) -> None:
            click.echo("Stopping: what is under way is finished first.")
            running.stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            click.echo(f"Refreshing ({policy}). Ctrl-C stops it.")
            running.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        click.echo(_line(running.progress()))
        click.echo("Stopped.")


class _Teller:
    """Tells how it goes now and then.

    Args:
        every: seconds, which are as many progress reports.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._heard = 0

    def hear(self, progress: Progress) -> None:
        """Once a second."""
        if self._heard % self._every == 0:
            click.echo(_line(progress))
        self._heard += 1


def _line(progress: Progress) -> str:
    told = (
        f"refreshed {progress.refreshed}, refused {progress.refused}, failed {progress.failed},"
        f" unanswered {progress.doubtful}, under way {progress.in_flight}, due {progress.due},"
        f" {progress.lag:.0f} s behind, {progress.rate:.0f} a second"
    )
    if progress.breaker != "closed":
        told += (
            ", TikTok fails, or refuses the app's key and secret: see what the log says"
            f" (breaker {progress.breaker})"
        )
    return f"{told}, standing still after too many refusals" if progress.alarm else told
