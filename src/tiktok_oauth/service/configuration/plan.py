"""``Plan``: from judged values to everything that a start of the service needs."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiktok_oauth.config import DEFAULT_AUTHORIZE_URL, DEFAULT_BASE_URL, DEFAULT_SCOPES
from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.service.configuration.judging import judge
from tiktok_oauth.service.configuration.sources import gather
from tiktok_oauth.service.configuration.values import is_key_list
from tiktok_oauth.service.settings import (
    AppSettings,
    RefresherSettings,
    ServiceSettings,
    origin_of,
)
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.opening import keys_path, state_path
from tiktok_oauth.vault.sealing.privatefile import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.observe.logs import Level
    from tiktok_oauth.service.configuration.judging import Judged, Values
    from tiktok_oauth.service.configuration.sources import Sources

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8_000
_NAMES = {"attempts": "retry_attempts", "database": "database_url"}
_OF_SERVICE = (
    "return_origins",
    "password_hash",
    "webhook_relay_url",
    "webhook_relay_secret",
    "metrics_token",
    "trusted_proxies",
    "timeout",
    "attempts",
    "rate_limit",
    "body_limit",
    "patience",
    "log_level",
    "log_json",
    "log_requests",
    "trace_calls",
)
_OF_REFRESHER = {
    "refresh_policy": "policy",
    "refreshes_at_once": "at_once",
    "refresh_rate": "rate",
}


@dataclass(frozen=True, slots=True)
class SandboxApp:
    """The app of a sandbox that plays TikTok, because there are no credentials."""

    client_key: str
    client_secret: Secret
    scopes: tuple[str, ...]
    base_url: str
    authorize_url: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What somebody wants of ``tiktok-oauth serve``.

    Attributes:
        sources: what was written, and where.
        judged: what became of it.
    """

    sources: Sources
    judged: Judged

    @property
    def host(self) -> str:
        """The interface to listen on."""
        host: str = self._given("host", DEFAULT_HOST)
        return host

    @property
    def port(self) -> int:
        """The port to listen on."""
        port: int = self._given("port", DEFAULT_PORT)
        return port

    @property
    def workers(self) -> int:
        """How many web workers."""
        workers: int = self._given("workers", 1)
        return workers

    @property
    def keys(self) -> Path | None:
        """The file of the key ring; None leaves it to the environment, or to its usual place."""
        written = self.sources.service.get("keys")
        if written is not None and is_key_list(written.value):
            return None
        found: Path | None = self.judged.service.get("keys")
        return found

    @property
    def session_key_file(self) -> Path:
        """The file of the key that signs cookies and invitations."""
        beside = (self.keys or keys_path()).with_name("session.key")
        file: Path = self._given("session_key_file", beside)
        return file

    @property
    def is_for_sandbox(self) -> bool:
        """Whether there are no credentials at all, so that a sandbox is wanted."""
        return not self.judged.apps

    @property
    def log_level(self) -> Level:
        """The lowest level of log lines."""
        level: Level = self._given("log_level", "warn")
        return level

    @property
    def log_json(self) -> bool:
        """Whether log lines are JSON."""
        json: bool = self._given("log_json", False)  # noqa: FBT003 - its default
        return json

    def settings(self, port: int, beside: SandboxApp | None = None) -> ServiceSettings:
        """The settings of a service that listens on a port.

        Args:
            port: where.
            beside: the sandbox's app, when there are no credentials.

        Raises:
            ValidationError: they do not go together.
        """
        values = self.judged.service
        public = self._public_url(port)
        settings = ServiceSettings(
            apps=_apps(self.judged.apps, public, beside),
            base_url=beside.base_url if beside else values.get("base_url", DEFAULT_BASE_URL),
            authorize_url=(
                beside.authorize_url
                if beside
                else values.get("authorize_url", DEFAULT_AUTHORIZE_URL)
            ),
            public_url=public,
            database_url=values.get("database", f"sqlite:///{state_path() / 'tokens.db'}"),
            runtime_directory=values.get("runtime_directory", runtime_path(port)),
            refresher=RefresherSettings(
                **{new: values[old] for old, new in _OF_REFRESHER.items() if old in values}
            ),
        )
        given = {_NAMES.get(key, key): values[key] for key in _OF_SERVICE if key in values}
        return replace(settings, **given)

    def _public_url(self, port: int) -> str:
        redirects = [app["redirect_uri"] for app in self.judged.apps if "redirect_uri" in app]
        usual = origin_of(redirects[0]).lower() if redirects else _origin(self.host, port)
        found: str = self._given("public_url", usual)
        return found

    def _given(self, key: str, default: object) -> Any:  # noqa: ANN401 - as the setting's reader made it
        return self.judged.service.get(key, default)


def make_plan(
    flags: Mapping[str, object], environment: Mapping[str, str], config: Path | None
) -> Plan:
    """Read everything that was written, and judge it. Nothing is changed by this."""
    sources = gather(flags, environment, config)
    return Plan(sources, judge(sources))


def session_key(path: Path) -> Secret:
    """The key that signs cookies and invitations; made when there is none yet.

    Raises:
        VaultKeyError: the file cannot be used, or others can read it.
    """
    if not path.exists():
        try:
            write_private(path, Secret(secrets.token_hex(32) + "\n"), replace=False)
        except VaultKeyError:
            if not path.exists():  # Else another process made it at the same moment.
                raise
    return Secret(read_private(path).reveal().strip())


def runtime_path(port: int) -> Path:
    """Where the processes of the service on a port meet when nobody says otherwise."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    directory = Path(base) / "tiktok-oauth" if base else state_path() / "run"
    return directory / f"serve-{port}"


def _apps(
    apps: tuple[Values, ...], public_url: str, beside: SandboxApp | None
) -> tuple[AppSettings, ...]:
    callback = f"{public_url}/callback"
    if beside is not None:
        return (AppSettings(beside.client_key, beside.client_secret, callback, beside.scopes),)
    return tuple(
        AppSettings(
            app["client_key"],
            app["client_secret"],
            app.get("redirect_uri", callback),
            app.get("scopes", DEFAULT_SCOPES),
            app.get("client_secret_previous"),
        )
        for app in apps
    )


def _origin(host: str, port: int) -> str:
    """Where this machine finds a service that listens there."""
    if host in {"localhost", "::1"} or ":" in host:
        return f"http://localhost:{port}"
    return f"http://127.0.0.1:{port}"
