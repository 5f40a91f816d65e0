"""``tiktok-oauth dashboard``."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import msgspec
from rich.console import Console
from rich.live import Live

from tiktok_oauth.cli.drawing import Shown, draw
from tiktok_oauth.cli.options import TryLaterError, VaultCommand, json_option
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.engine.ports import TransportError
from tiktok_oauth.protocol.http import HttpRequest
from tiktok_oauth.service.configuration.plan import runtime_path
from tiktok_oauth.service.figures.files import HISTORY, BoardFiles
from tiktok_oauth.service.figures.shape import as_json
from tiktok_oauth.transport.urllib3 import Urllib3Transport
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.figures.shape import Json

_EVERY = 1.0
_TIMEOUT = 5.0
_LONGEST = 4 << 20
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_EXAMPLES = """\
\b
Of the service on this machine:
    tiktok-oauth dashboard

\b
Of another one, by its API:
    export TIKTOK_OAUTH_API_KEY=tko_...
    tiktok-oauth dashboard --url https://login.example.com

\b
For a script:
    tiktok-oauth dashboard --json
"""


@click.command(cls=VaultCommand, epilog=_EXAMPLES)
@click.option("--url", metavar="URL", help="Ask the API of a service at this address.")
@click.option(
    "--api-key",
    envvar="TIKTOK_OAUTH_API_KEY",
    show_envvar=True,
    metavar="KEY",
    help="The API key for that. Better given by its variable, which ps does not show.",
)
@click.option(
    "--port", default=8000, show_default=True, help="Which service, when several run here."
)
@click.option(
    "--runtime-directory",
    envvar="TIKTOK_OAUTH_RUNTIME_DIRECTORY",
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Where the service's processes meet, when it was told so.",
)
@click.option("--once", is_flag=True, help="Print it one time, and end.")
@json_option
def dashboard(
    *,
    url: str | None,
    api_key: str | None,
    port: int,
    runtime_directory: Path | None,
    once: bool,
    as_json: bool,
) -> None:
    """Show the figures of a running service, as they change.

    Requests, success and error rates, durations, retries, refreshes, accounts and the last
    failures, with the IDs that TikTok's support asks for. Ctrl-C ends it.
    """
    key = None if api_key is None else Secret(api_key)
    del api_key
    if url is None:
        look = _by_board((runtime_directory or runtime_path(port)) / "board")
    else:
        look = _by_api(url, key)
    if as_json:
        click.echo(msgspec.json.encode(look()).decode())
        return
    console = Console()
    if once or not console.is_terminal:
        console.print(draw(_shown(look()), console.width))
        return
    with (
        suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            live.update(draw(_shown(look()), console.width), refresh=True)
            time.sleep(_EVERY)


def _shown(found: Json) -> Shown:
    return msgspec.convert(found, Shown)


def _by_board(directory: Path) -> Callable[[], Json]:
    """A look at the board of a service on this machine.

    Raises:
        ClickException: there is none.
    """
    if not directory.is_dir():
        raise click.ClickException(
            f"No service runs here: there is no {directory}. Start one: tiktok-oauth serve. For"
            " one on another port or machine, see --port and --url."
        )
    files = BoardFiles(directory)

    def look() -> Json:
        now = time.time()
        try:
            figures = files.read(now).figures()
            return as_json(figures, files.history(now - HISTORY))
        except OSError as error:
            raise TryLaterError(f"The figures cannot be read: {error.strerror}.") from None

    return look


def _by_api(url: str, key: Secret | None) -> Callable[[], Json]:
    """A look at a service by its API.

    Raises:
        ClickException: there is no key, or it would travel in the clear.
    """
    parts = urlsplit(url)
    if key is None:
        raise click.ClickException(
            "The API wants a key. Make one where the service runs: tiktok-oauth api-keys new"
            " dashboard --scope read; then set TIKTOK_OAUTH_API_KEY."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise click.ClickException("--url must begin with https://, or lead to this machine.")
    transport = Urllib3Transport(ConnectionSettings())
    address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"

    def look() -> Json:
        request = HttpRequest(
            "GET",
            f"{address}/api/v1/metrics?history=true",
            (("authorization", f"Bearer {key.reveal()}"), ("accept", "application/json")),
        )
        try:
            answer = transport.send(request, timeout=_TIMEOUT, limit=_LONGEST)
        except TransportError as error:
            raise TryLaterError(f"The service cannot be reached: {error.detail}.") from None
        if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
            raise click.ClickException("The service does not take this API key.")
        if answer.status != _OK:
            raise TryLaterError(f"The service answered {answer.status}.")
        try:
            return msgspec.json.decode(answer.body, type=dict[str, object])
        except msgspec.DecodeError:
            raise click.ClickException(f"{address} is no service of tiktok-oauth.") from None

    return look
