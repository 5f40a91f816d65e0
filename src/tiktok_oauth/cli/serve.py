"""``tiktok-oauth serve``."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress

import click

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.hosting import check_host, explained, listen
from tiktok_oauth.cli.sandbox import DEFAULT_PORT
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import configure_logging

_CREDENTIALS = ("TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET", "TIKTOK_CLIENT_SECRET_FILE")
_SANDBOX_PORTS = range(DEFAULT_PORT, DEFAULT_PORT + 10)

_SANDBOX_BESIDE = """\
There are no credentials in the environment, so a sandbox plays TikTok:
    {base_url}
Its people are made up, and nothing leaves this machine. To log in at TikTok itself, set
TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET and TIKTOK_REDIRECT_URI.
"""


_EXAMPLES = """\
\b
Try it:
    tiktok-oauth serve

\b
With an app registered at TikTok:
    export TIKTOK_CLIENT_KEY=aw0000000000000000
    export TIKTOK_CLIENT_SECRET_FILE=/run/secrets/tiktok
    export TIKTOK_REDIRECT_URI=https://login.example.com/callback
    tiktok-oauth serve
"""


@click.command(epilog=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option(
    "--port",
    default=8_000,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 takes any free one.",
)
@click.option("--expose", is_flag=True, help="Allow an interface that other machines reach.")
@click.option("-v", "--verbose", is_flag=True, help="Show a log line for every request to TikTok.")
def serve(*, host: str, port: int, expose: bool, verbose: bool) -> None:
    """Run the web service that connects accounts.

    Without credentials in the environment it starts a sandbox beside it, so that the whole
    login can be tried at once.
    """
    check_host(host, expose=expose)
    with needs("service"):
        from tiktok_oauth.cli import assembly  # noqa: PLC0415 - its imports come with an extra
    with ExitStack() as stack:
        with explained("serve", host, port):
            listener = stack.enter_context(listen(host, port))
        try:
            if any(os.environ.get(name) for name in _CREDENTIALS):
                service = assembly.with_credentials(listener)
            else:
                beside = assembly.start_sandbox(_SANDBOX_PORTS)
                stack.callback(beside.stop)
                click.echo(_SANDBOX_BESIDE.format(base_url=beside.base_url))
                service = assembly.with_sandbox(listener, beside)
        except TikTokAPIError as error:
            raise click.ClickException(f"{error.message} {error.hint}".rstrip()) from None
        configure_logging(level="info" if verbose else "warn")
        click.echo(f"Ready. Open {service.origin}\nCtrl-C stops it.")
        with suppress(KeyboardInterrupt):
            assembly.serve_until_stopped(service, listener)
        click.echo("\nStopped.")
