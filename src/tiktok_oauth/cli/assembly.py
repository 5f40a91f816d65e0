"""The service put together: with an app's credentials, or with a sandbox beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from tiktok_oauth.aio import AsyncTikTokOAuth
from tiktok_oauth.client import TikTokOAuth
from tiktok_oauth.config import Options, load_config
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.settings import ServiceSettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from starlette.types import ASGIApp

_DEMO_SCOPES = "user.info.basic,user.info.profile,video.list"


@dataclass(frozen=True, slots=True)
class Service:
    """An app to serve, and where browsers find it."""

    app: ASGIApp
    origin: str


def with_credentials(listener: socket.socket) -> Service:
    """Return the service for the app that the environment names.

    Raises:
        TikTokAPIError: a setting is wrong; it names the variable.
    """
    redirect_uri = os.environ.get("TIKTOK_REDIRECT_URI") or _default_redirect_uri(listener)
    with TikTokOAuth(redirect_uri=redirect_uri) as judge:
        judge.validate_credentials()
    config = load_config(Options(redirect_uri=redirect_uri), os.environ)
    settings = ServiceSettings(redirect_uri, config.authorize_url, config.base_url)
    app = create_app(AsyncTikTokOAuth(redirect_uri=redirect_uri), settings)
    return Service(app, settings.origin)


def with_sandbox(listener: socket.socket, sandbox: Sandbox) -> Service:
    """Return the service for a sandbox's app."""
    settings = ServiceSettings(
        _default_redirect_uri(listener), sandbox.authorize_url, sandbox.base_url
    )
    client = AsyncTikTokOAuth(
        sandbox.client_key,
        sandbox.client_secret,
        settings.redirect_uri,
        scopes=os.environ.get("TIKTOK_SCOPES") or _DEMO_SCOPES,
        base_url=sandbox.base_url,
        authorize_url=sandbox.authorize_url,
    )
    return Service(create_app(client, settings), settings.origin)


def start_sandbox(ports: Iterable[int]) -> Sandbox:
    """Run a sandbox on the first of these ports that is free; failing all, on any."""
    for port in ports:
        with suppress(OSError):
            return Sandbox(port=port).start()
    return Sandbox().start()


def serve_until_stopped(service: Service, listener: socket.socket) -> None:
    """Serve until a signal ends it, and let requests under way finish.

    Raises:
        KeyboardInterrupt: it was Ctrl-C.
    """
    config = uvicorn.Config(
        service.app,
        # An access log would hold the codes of the callbacks.
        access_log=False,
        lifespan="on",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        ws="none",
    )
    uvicorn.Server(config).run(sockets=[listener])


def _default_redirect_uri(listener: socket.socket) -> str:
    """Return a callback on this machine; TikTok's desktop kind knows two names for it."""
    host, port = listener.getsockname()[:2]
    return f"http://{'localhost' if ':' in host else '127.0.0.1'}:{port}/callback"
