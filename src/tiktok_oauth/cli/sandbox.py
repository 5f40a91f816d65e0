"""``tiktok-oauth sandbox``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.hosting import check_host, explained
from tiktok_oauth.errors import ValidationError, invalid_argument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.sandbox.knobs import Knobs
    from tiktok_oauth.sandbox.serve import Sandbox

DEFAULT_PORT = 4_010

_READY = """\
The sandbox is ready: {base_url}
It plays TikTok on this machine, with made-up people. Point your app to it:

    export TIKTOK_CLIENT_KEY={client_key}
    export TIKTOK_CLIENT_SECRET={client_secret}
    export TIKTOK_REDIRECT_URI=http://127.0.0.1:8000/callback
    export TIKTOK_BASE_URL={base_url}
    export TIKTOK_AUTHORIZE_URL={authorize_url}

Ctrl-C stops it."""


_EXAMPLES = """\
\b
Start it where the examples expect it:
    tiktok-oauth sandbox

\b
See how an app copes with tokens that live for ten seconds:
    tiktok-oauth sandbox --access-ttl 10

\b
Lose the answer to every tenth refresh, the same ones in every run:
    tiktok-oauth sandbox --fault drop_after:endpoint=refresh,probability=0.1,seed=1
"""


@click.command(epilog=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 takes any free one.",
)
@click.option(
    "--profile",
    type=click.Choice(["2026", "2025"]),
    help="Lifetimes as TikTok documents them since November 2026 (the default), or did before.",
)
@click.option(
    "--access-ttl",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How long an access token lives.",
)
@click.option(
    "--refresh-ttl", type=click.IntRange(min=1), metavar="SECONDS", help="How long a grant lives."
)
@click.option(
    "--refresh-expiry",
    type=click.Choice(["absolute", "sliding"]),
    help="Count a grant's life from the consent (the default) or from the last refresh.",
)
@click.option(
    "--rotation",
    type=click.Choice(["strict", "family", "leeway", "grace", "none"]),
    help="What becomes of a refresh token that was used; strict by default.",
)
@click.option("--auto-approve", is_flag=True, help="Send browsers back at once, all allowed.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KNOB=VALUE",
    help="Turn any other knob; repeatable.",
)
@click.option(
    "--clock-rate",
    type=click.FloatRange(1, 100_000),
    metavar="TIMES",
    help="How fast the sandbox's clock runs; 4320 is 30 days in ten minutes.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Switch a fault on; repeatable.",
)
@click.option("--seed", type=int, help="Issue the same codes and tokens in every run.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, readable=True, writable=True, path_type=Path),
    metavar="FILE",
    help="Keep the world in this file, so that it survives a restart.",
)
@click.option("--expose", is_flag=True, help="Allow an interface that other machines reach.")
def sandbox(*, host: str, port: int, expose: bool, **options: Any) -> None:  # noqa: ANN401 - click's
    """Run a local TikTok to test against.

    Consent page, code exchange, refresh, revoke, user info, videos, posting, QR logins and
    webhooks answer as TikTok documents them, so that an app can be developed and tested without
    app review, https redirects or real accounts. Not affiliated with TikTok.
    """
    check_host(host, expose=expose)
    try:
        running = make_sandbox(host=host, port=port, expose=expose, **options)
        with explained("sandbox", host, port):
            running.start()
    except ValidationError as wrong:
        raise click.UsageError(_sentences(wrong)) from None
    try:
        _serve(running)
    except ValidationError as wrong:
        raise click.ClickException(_sentences(wrong)) from None


def make_sandbox(  # noqa: PLR0913 - every option has a name
    *,
    host: str,
    port: int,
    expose: bool,
    profile: str | None,
    settings: tuple[str, ...],
    faults: tuple[str, ...],
    seed: int | None,
    state: Path | None,
    auto_approve: bool,
    clock_rate: float | None,
    **knobs: object,
) -> Sandbox:
    """Return the sandbox that the options stand for; it does not listen yet.

    Raises:
        ValidationError: an option cannot be what it is.
    """
    with needs("sandbox"):
        from tiktok_oauth.sandbox.rules import parse_rule  # noqa: PLC0415 - it comes with an extra
        from tiktok_oauth.sandbox.serve import Sandbox  # noqa: PLC0415 - as above
    if state is not None and not state.parent.is_dir():
        raise invalid_argument(f"There is no directory {state.parent} to keep the world in.")
    given = {name: value for name, value in knobs.items() if value is not None}
    if auto_approve:
        given["auto_approve"] = True
    turned = _knobs(profile, given, settings)
    made = Sandbox(
        host=host,
        port=port,
        knobs=turned,
        seed=seed,
        state=state,
        clock_rate=clock_rate,
        expose=expose,
    )
    for fault in faults:
        made.add_fault(parse_rule(fault))
    return made


def _sentences(wrong: ValidationError) -> str:
    return " ".join(filter(None, (wrong.message, wrong.hint)))


def _knobs(
    profile: str | None, given: Mapping[str, object], settings: tuple[str, ...]
) -> Knobs | None:
    """Return how the knobs are to stand, None when nothing was said about them."""
    from tiktok_oauth.sandbox.knobs import PROFILES, turn  # noqa: PLC0415 - it comes with an extra

    if not (profile or given or settings):
        return None
    pairs = {name: value for name, _, value in (one.partition("=") for one in settings)}
    return turn(PROFILES[profile or "2026"], {**given, **pairs}, strict=False)


def _serve(running: Sandbox) -> None:
    try:
        click.echo(
            _READY.format(
                base_url=running.base_url,
                authorize_url=running.authorize_url,
                client_key=running.client_key,
                client_secret=running.client_secret,
            )
        )
        running.wait()
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    finally:
        running.stop()
