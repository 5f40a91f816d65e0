"""``tiktok-oauth sandbox``."""

from __future__ import annotations

import click

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.hosting import check_host, explained

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
    "--access-ttl",
    default=7_200,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How long an access token lives.",
)
@click.option(
    "--refresh-ttl",
    default=15_552_000,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How long a grant lives, however often it is refreshed.",
)
@click.option("--seed", type=int, help="Issue the same codes and tokens in every run.")
@click.option("--expose", is_flag=True, help="Allow an interface that other machines reach.")
def sandbox(
    *, host: str, port: int, access_ttl: int, refresh_ttl: int, seed: int | None, expose: bool
) -> None:
    """Run a local TikTok to test against.

    Consent page, code exchange, refresh, revoke and user info answer as TikTok documents them,
    so that an app can be developed and tested without app review, https redirects or real
    accounts. Not affiliated with TikTok.
    """
    check_host(host, expose=expose)
    with needs("sandbox"):
        from tiktok_oauth.sandbox.knobs import Knobs  # noqa: PLC0415 - as above
        from tiktok_oauth.sandbox.serve import Sandbox  # noqa: PLC0415 - it comes with an extra
    running = Sandbox(
        host=host,
        port=port,
        knobs=Knobs(access_ttl=access_ttl, refresh_ttl=refresh_ttl),
        seed=seed,
        expose=expose,
    )
    with explained("sandbox", host, port):
        running.start()
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
