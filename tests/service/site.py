"""Settings for services under test, and a service on a real port for real browsers."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn

from tiktok_oauth import KeyRing
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.site import AUTHORIZE_PATH
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.office import open_office
from tiktok_oauth.service.settings import AppSettings, ServiceSettings
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.service.office import Office

ORIGIN = "http://localhost:8000"
SANDBOX = "http://127.0.0.1:4010"
SCOPES = ("user.info.basic", "user.info.profile", "user.info.stats", "video.list")
SESSION_KEY = Secret("a-session-key-of-tests-" + "0" * 41)


def app_settings(app: App = DEFAULT_APP, *, origin: str = ORIGIN) -> AppSettings:
    """An app of the sandbox's."""
    return AppSettings(app.client_key, Secret(app.client_secret), f"{origin}/callback", SCOPES)


def settings_for(
    directory: Path, database_url: str, *, origin: str = ORIGIN, sandbox_url: str = SANDBOX
) -> ServiceSettings:
    """A service with the sandbox's app; ``replace`` makes others of it."""
    return ServiceSettings(
        apps=(app_settings(origin=origin),),
        base_url=sandbox_url,
        authorize_url=sandbox_url + AUTHORIZE_PATH,
        public_url=origin,
        database_url=database_url,
        runtime_directory=directory,
    )


class _Listening(Protocol):
    @property
    def base_url(self) -> str:
        """Where it listens."""
        ...


@contextmanager
def served(sandbox: _Listening, directory: Path, **changes: Any) -> Iterator[Office]:  # noqa: ANN401 - of a setting each
    """A service on a real port of ``localhost``, over SQLite and a sandbox that listens.

    Its address is ``office.settings.public_url``.

    Args:
        sandbox: one that listens on 127.0.0.1, in this process or another: another host to a
            browser, so that cookie mistakes show.
        directory: where the database is made.
        changes: other settings.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = settings_for(
            directory,
            f"sqlite:///{directory / 'tokens.db'}",
            origin=f"http://localhost:{listener.getsockname()[1]}",
            sandbox_url=sandbox.base_url,
        )
        office = open_office(replace(settings, **changes), KeyRing.generate(), SESSION_KEY)
        server = _Server(office)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        server.up.wait()
        try:
            yield office
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """uvicorn, which tells when it is up."""

    def __init__(self, office: Office) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(office),
                access_log=False,
                lifespan="on",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=2,
                ws="none",
            )
        )
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        try:
            await super().startup(sockets)
        finally:
            self.up.set()
