"""``tiktok-oauth login``: connect an account of one's own, through a port of this machine."""

from __future__ import annotations

import hmac
import webbrowser
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

import click
import msgspec

from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.hosting import explained
from tiktok_oauth.cli.options import (
    TryLaterError,
    VaultCommand,
    database_option,
    keys_option,
    ring_of,
    telling_of_keys,
    url_of,
)
from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.errors import login_error
from tiktok_oauth.protocol.authorize import callback_error, parse_callback
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.vault import TokenVault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tiktok_oauth.vault.account import Account
    from tiktok_oauth.vault.logins import LoginResult

_EXAMPLES = """\
\b
Register http://127.0.0.1:*/callback/ for your app, under Desktop, then:
    tiktok-oauth login --scopes user.info.basic,video.list

\b
Try it with a made-up person, without an app:
    tiktok-oauth login --sandbox

\b
Get tokens for a program that keeps them itself:
    tiktok-oauth login --print > tokens.json
"""
_HOST, _PATH = "127.0.0.1", "/callback/"
_PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Back to the terminal</title>
<p>TikTok has sent you back. You can close this page: the terminal tells how it went.
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
}


@click.command(cls=VaultCommand, epilog=_EXAMPLES)
@click.option("--scopes", help="What to ask for; user.info.basic by default.")
@click.option("--user-id", help="Your own name for the person, kept with the account.")
@click.option("--no-browser", is_flag=True, help="Print the address only.")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65_535),
    help="Port to come back to; a random one by default.",
)
@click.option(
    "--wait",
    default=300,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How long to wait for you.",
)
@click.option("--sandbox", is_flag=True, help="Log in at a local TikTok that is started for it.")
@click.option("--print", "printed", is_flag=True, help="Print the tokens as JSON; keep nothing.")
@database_option
@keys_option
def login(  # noqa: PLR0913 - every option has a name
    *,
    scopes: str | None,
    user_id: str | None,
    no_browser: bool,
    port: int,
    wait: int,
    sandbox: bool,
    printed: bool,
    database: str | None,
    keys: Path | None,
) -> None:
    """Log in with TikTok and keep the tokens in the store.

    TikTok sends the browser back to a port of this machine that only it can reach. Without
    --database, a login at the sandbox is not kept.
    """
    with ExitStack() as stack:
        with explained("login", _HOST, port):
            doorway = stack.enter_context(_Doorway(port))
        client = _client(stack, doorway.redirect_uri, sandbox=sandbox)

        def sent_back(url: str) -> str:
            click.echo(f"Open this address, and come back:\n\n    {url}\n", err=True)
            if not no_browser:
                webbrowser.open(url)
            query = doorway.wait(_state_of(url), wait)
            if query is None:
                raise TryLaterError("Nobody came back in time. Start again.")
            return query.reveal()

        if printed:
            _print_tokens(client, scopes, sent_back)
            return
        store = "memory:" if sandbox and not database else url_of(database, make=True)
        stack.enter_context(telling_of_keys())
        vault = stack.enter_context(TokenVault(client, store=store, keys=ring_of(keys)))
        start = vault.begin_login(scopes, user_id=user_id)
        finished = vault.finish_login(sent_back(start.url), start.binding)
        _tell(finished, kept=store != "memory:")


def _print_tokens(client: TikTokOAuth, scopes: str | None, sent_back: Callable[[str], str]) -> None:
    start = client.get_authorization_url(scopes)
    callback = parse_callback(sent_back(start.url))
    if callback.error == "access_denied":
        raise login_error("denied")
    if callback.code is None:
        raise callback_error(callback)
    tokens = client.exchange_code_for_tokens(
        callback.code.reveal(), code_verifier=start.code_verifier
    )
    click.echo(msgspec.json.encode(tokens))


def _client(stack: ExitStack, redirect_uri: str, *, sandbox: bool) -> TikTokOAuth:
    if not sandbox:
        client = stack.enter_context(TikTokOAuth(redirect_uri=redirect_uri))
        client.validate_credentials()
        return client
    with needs("sandbox"):
        from tiktok_oauth.sandbox.serve import Sandbox  # noqa: PLC0415 - it comes with an extra
    box = stack.enter_context(Sandbox())
    return stack.enter_context(
        TikTokOAuth(
            box.client_key,
            box.client_secret,
            redirect_uri,
            base_url=box.base_url,
            authorize_url=box.authorize_url,
        )
    )


def _state_of(url: str) -> Secret:
    return Secret(parse_qs(urlsplit(url).query)["state"][0])


def _tell(result: LoginResult[Account], *, kept: bool) -> None:
    click.echo(f"Connected {result.account.open_id}: {', '.join(sorted(result.granted))}.")
    if result.missing:
        click.echo(f"Not granted: {', '.join(sorted(result.missing))}.")
    if kept:
        click.echo(f"A token for scripts: tiktok-oauth token -- {result.account.open_id}", err=True)
    else:
        click.echo("The tokens were not kept. To keep them, name a store by --database.", err=True)


class _Doorway(HTTPServer):
    """Waits on 127.0.0.1 for the one request that brings the browser back.

    Args:
        port: where; 0 takes any free one.
    """

    def __init__(self, port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self.redirect_uri = f"http://{_HOST}:{self.server_port}{_PATH}"
        self.state: Secret | None = None
        self.query: Secret | None = None

    def wait(self, state: Secret, seconds: float) -> Secret | None:
        """The callback's query; None when nobody came. What others ask for changes nothing."""
        self.state = state
        until = monotonic() + seconds
        while self.query is None and (left := until - monotonic()) > 0:
            self.timeout = left
            self.handle_request()
        return self.query

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up in the middle is nobody we wait for."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0
    server_version = "tiktok-oauth"
    sys_version = ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        [state] = parse_qs(url.query).get("state", [""])[:1]
        # Only a doorway makes these.
        doorway = cast("_Doorway", self.server)
        expected = doorway.state
        if url.path != _PATH or expected is None or not _same(state, expected):
            self._answer(404, b"")
            return
        doorway.query = Secret(url.query)
        self._answer(200, _PAGE)

    def _answer(self, status: int, page: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in http.server
        """A line would hold the code."""


def _same(state: str, expected: Secret) -> bool:
    return hmac.compare_digest(state.encode(), expected.reveal().encode())
