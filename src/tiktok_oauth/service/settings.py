"""What the service is told: its apps, its addresses, and how it works. Frozen, secrets masked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - settings are decoded by their types
from typing import Literal
from urllib.parse import urlsplit

from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.observe.logs import Level  # noqa: TC001 - as above
from tiktok_oauth.types import Secret  # noqa: TC001 - as above
from tiktok_oauth.vault.fleet.refresher import Policy  # noqa: TC001 - as above

Group = tuple[str, tuple[tuple[str, str], ...]]
"""A heading, and settings below it with what they are set to."""

OWN_PATHS = (
    "/accounts",
    "/api",
    "/connect",
    "/dashboard",
    "/events",
    "/healthz",
    "/keys",
    "/metrics",
    "/readyz",
    "/settings",
    "/signin",
    "/signout",
    "/static",
    "/webhooks",
)
"""Paths that are taken: no redirect URI can lead to them, or to what is below them."""


@dataclass(frozen=True, slots=True)
class AppSettings:
    """One app that is registered at TikTok.

    Attributes:
        client_key: its key.
        client_secret: its secret.
        redirect_uri: where TikTok sends people back to; its path is served here.
        scopes: what to ask people for.
        client_secret_previous: keeps webhooks verifiable while the secret is rotated.
    """

    client_key: str
    client_secret: Secret
    redirect_uri: str
    scopes: tuple[str, ...]
    client_secret_previous: Secret | None = None


@dataclass(frozen=True, slots=True)
class RefresherSettings:
    """How the refresher works; see ``Refresher``."""

    policy: Policy = "on_demand"
    at_once: int = 64
    rate: float = 10.0


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything the service is told.

    Attributes:
        apps: at least one; the first is the default.
        base_url: the origin of TikTok's API, or a sandbox's.
        authorize_url: where people are sent to.
        public_url: our own origin, as browsers see it.
        database_url: where tokens are kept.
        runtime_directory: where the processes of this host meet; nobody else may enter.
        return_origins: where a login may lead afterwards, beside our own pages.
        password_hash: an argon2id hash of the password for people who sign in.
        signin_digest: SHA-256, in hex, of the token in the one-time sign-in link.
        webhook_relay_url: where webhooks are handed on to.
        webhook_relay_secret: signs what is handed on.
        metrics_token: lets who brings it read ``/metrics`` from another machine.
        trusted_proxies: addresses and networks whose forwarding headers are believed.
        timeout: seconds for one attempt at TikTok.
        retry_attempts: how many attempts a call makes in all.
        rate_limit: requests a minute that one API key may make.
        body_limit: bytes of a request's body that are read at most.
        patience: seconds a visitor may take to send a request, and requests to end at a stop.
        refresher: how tokens are refreshed.
        log_level: the lowest level of log lines that is shown.
        log_json: whether log lines are JSON.
        log_requests: whether each request to the service is logged, without its query.
        trace_calls: whether each call to TikTok is an OpenTelemetry span.

    Raises:
        ValidationError: there is no app, or a redirect URI leads to a path that is taken.
    """

    apps: tuple[AppSettings, ...]
    base_url: str
    authorize_url: str
    public_url: str
    database_url: str = field(repr=False)  # It may hold a password.
    runtime_directory: Path
    return_origins: tuple[str, ...] = ()
    password_hash: Secret | None = None
    signin_digest: str | None = None
    webhook_relay_url: str | None = None
    webhook_relay_secret: Secret | None = None
    trusted_proxies: tuple[str, ...] = ()
    timeout: float = 10.0
    retry_attempts: int = 3
    metrics_token: Secret | None = None
    rate_limit: int = 600_000
    body_limit: int = 1 << 20
    patience: float = 10.0
    refresher: RefresherSettings = RefresherSettings()
    log_level: Level = "warn"
    log_json: bool = False
    log_requests: bool = False
    trace_calls: bool = False

    def __post_init__(self) -> None:
        if not self.apps:
            raise invalid_argument("The service has no app.", "Set TIKTOK_CLIENT_KEY.")
        for path in self.callback_paths:
            taken_by = taken(path)
            if taken_by is not None:
                raise invalid_argument(
                    f"The redirect URI leads to {path}, and {taken_by} is a page of the service.",
                    "Register and set one with a path such as /callback.",
                )

    @property
    def is_sandbox(self) -> bool:
        """Whether the API is on this machine, so a sandbox's; the pages say so."""
        return is_loopback(urlsplit(self.base_url).hostname)

    @property
    def is_https(self) -> bool:
        """Whether cookies can be kept to encrypted connections."""
        return self.public_url.startswith("https:")

    @property
    def airlock_path(self) -> Path:
        """The socket at which the airlock listens."""
        return self.runtime_directory / "airlock.sock"

    @property
    def cache_ttl(self) -> float:
        """Seconds for which judged credentials are not judged again."""
        return 300.0

    @property
    def callback_paths(self) -> tuple[str, ...]:
        """The paths at which people come back from TikTok."""
        return tuple(dict.fromkeys(urlsplit(app.redirect_uri).path or "/" for app in self.apps))

    @property
    def content_security_policy(self) -> str:
        """What our pages may load and where their forms may lead.

        Chromium applies form-action to the redirects after a form too, so the authorize page's
        origin has to be in it. Avatars come from whichever host TikTok names.
        """
        pictures = f" {self.base_url}" if self.is_sandbox else ""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            f" img-src 'self' data: https:{pictures};"
            f" form-action 'self' {origin_of(self.authorize_url)};"
            " base-uri 'none'; frame-ancestors 'none'"
        )

    def app(self, client_key: str) -> AppSettings | None:
        """The app with a client key, if it is one of ours."""
        return next((app for app in self.apps if app.client_key == client_key), None)

    def masked(self) -> tuple[Group, ...]:
        """All settings in groups, to be shown: secrets only as set or not set."""
        return (
            *(_app_group(app) for app in self.apps),
            _tiktok_group(self),
            _service_group(self),
            _webhook_group(self),
            _refresher_group(self.refresher),
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


def taken(path: str) -> str | None:
    """The page of ours that a callback's path would hide, if any."""
    if path == "/":
        return "/"
    below = (own for own in OWN_PATHS if path == own or path.startswith(f"{own}/"))
    return next(below, None)


def _is_set(secret: Secret | str | None) -> Literal["set", "not set"]:
    return "set" if secret else "not set"


def _app_group(app: AppSettings) -> Group:
    return (
        f"App {app.client_key}",
        (
            ("Client secret", _is_set(app.client_secret.reveal())),
            ("Previous client secret", _is_set(app.client_secret_previous)),
            ("Redirect URI", app.redirect_uri),
            ("Scopes", ", ".join(app.scopes)),
        ),
    )


def _tiktok_group(settings: ServiceSettings) -> Group:
    return (
        "TikTok",
        (
            ("API", settings.base_url),
            ("Authorize page", settings.authorize_url),
            ("Request timeout", f"{settings.timeout:g} s"),
            ("Attempts", str(settings.retry_attempts)),
        ),
    )


def _service_group(settings: ServiceSettings) -> Group:
    return (
        "Service",
        (
            ("Public address", settings.public_url),
            ("Database", without_password(settings.database_url)),
            ("Return addresses", ", ".join(settings.return_origins) or "own pages only"),
            ("Trusted proxies", ", ".join(settings.trusted_proxies) or "none"),
            ("Password", _is_set(settings.password_hash)),
            ("Metrics token", _is_set(settings.metrics_token)),
            ("Requests a minute per API key", f"{settings.rate_limit:,}"),
            ("Log level", settings.log_level),
            ("Request log", "on" if settings.log_requests else "off"),
        ),
    )


def _webhook_group(settings: ServiceSettings) -> Group:
    return (
        "Webhooks",
        (
            ("Address for TikTok", f"{settings.public_url}/webhooks/tiktok"),
            ("Relayed to", settings.webhook_relay_url or "nobody"),
            ("Relay secret", _is_set(settings.webhook_relay_secret)),
        ),
    )


def _refresher_group(refresher: RefresherSettings) -> Group:
    return (
        "Refresher",
        (
            ("Policy", refresher.policy),
            ("At once", str(refresher.at_once)),
            ("Requests a second to start with", f"{refresher.rate:g}"),
        ),
    )


def without_password(url: str) -> str:
    """A database's URL as it may be shown: nothing of its user and query but the name."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url.partition("?")[0]
    user = f"{parts.username}@" if parts.username else ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{host}{parts.path}"
