"""Every setting there is: its name in the file, its variable, its flag, its default, its meaning.

The flags of ``tiktok-oauth serve`` are made from this, and a test compares the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.config import DEFAULT_AUTHORIZE_URL, DEFAULT_BASE_URL, DEFAULT_SCOPES
from tiktok_oauth.service.configuration import values

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "TIKTOK_OAUTH_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        key: its name in the TOML file.
        read: from what was written to its value; raises ``WrongError``.
        text: what it means, in one sentence.
        default: how the documentation writes its default.
        metavar: what its flag takes; none when it is a secret, or a flag takes nothing.
        variable: its environment variable.
        is_secret: it is never shown, has no flag, and can be in a file of its own.
    """

    key: str
    read: Callable[[object], object]
    text: str
    default: str = ""
    metavar: str | None = None
    variable: str = ""
    is_secret: bool = False

    @property
    def flag(self) -> str | None:
        """Its flag; secrets have none, because everybody can see a command line."""
        return None if self.is_secret else "--" + self.key.replace("_", "-")

    @property
    def is_switch(self) -> bool:
        """Whether its flag takes no value."""
        return self.read is values.flag


def _setting(
    key: str,
    read: Callable[[object], object],
    text: str,
    default: str = "",
    metavar: str | None = None,
) -> Setting:
    return Setting(key, read, text, default, metavar, _PREFIX + key.upper())


def _secret(key: str, text: str) -> Setting:
    return Setting(key, values.secret, text, variable=_PREFIX + key.upper(), is_secret=True)


SETTINGS = (
    _setting("host", values.text, "Interface to listen on.", "127.0.0.1", "ADDRESS"),
    _setting(
        "port", values.whole(0, 65_535), "Port to listen on; 0 takes any free one.", "8000", "PORT"
    ),
    _setting(
        "public_url",
        values.origin,
        "The service's origin, as browsers see it.",
        "the redirect URI's",
        "URL",
    ),
    _setting(
        "trusted_proxies",
        values.networks,
        "Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        "none",
        "LIST",
    ),
    _setting(
        "expose",
        values.flag,
        "Allow an interface that other machines reach, without a proxy that encrypts.",
        "no",
    ),
    _setting("workers", values.whole(1, 64), "How many web workers.", "1", "NUMBER"),
    Setting(
        "database",
        values.database,
        "Where tokens are kept: sqlite:///tokens.db or postgresql://host/name.",
        "tiktok-oauth/tokens.db in the state directory",
        "URL",
        _PREFIX + "DATABASE_URL",
    ),
    _setting(
        "keys",
        values.key_file,
        "The file of the key ring.",
        "tiktok-oauth/keys.json in the configuration directory",
        "FILE",
    ),
    _setting(
        "session_key_file",
        values.path,
        "The file of the key that signs cookies and invitations; made when it is missing.",
        "session.key beside the key ring",
        "FILE",
    ),
    _setting(
        "runtime_directory",
        values.path,
        "Where the service's processes meet: a directory of its own for each service.",
        "tiktok-oauth/serve-PORT in the runtime directory",
        "DIRECTORY",
    ),
    Setting(
        "base_url",
        values.base_url,
        "TikTok's API.",
        DEFAULT_BASE_URL,
        "URL",
        "TIKTOK_BASE_URL",
    ),
    Setting(
        "authorize_url",
        values.authorize_url,
        "TikTok's consent page.",
        DEFAULT_AUTHORIZE_URL,
        "URL",
        "TIKTOK_AUTHORIZE_URL",
    ),
    _setting("timeout", values.number(0.1, 60), "Seconds for one request.", "10", "SECONDS"),
    _setting("attempts", values.whole(1, 10), "How often a call is tried.", "3", "NUMBER"),
    _setting(
        "refresh_policy",
        values.choice("on_demand", "keep_warm"),
        "Refresh for those who wait, and before refresh tokens age out; or always ahead.",
        "on_demand",
        "POLICY",
    ),
    _setting(
        "refreshes_at_once",
        values.whole(1, 1_000),
        "How many refreshes may be under way.",
        "64",
        "NUMBER",
    ),
    _setting(
        "refresh_rate",
        values.number(0.1, 10_000),
        "Refreshes a second to begin with, for each app.",
        "10",
        "RATE",
    ),
    _setting(
        "return_origins",
        values.safe_origins,
        "Where a login may lead afterwards, beside the service's own pages.",
        "none",
        "LIST",
    ),
    _secret(
        "password_hash",
        "Lets people sign in by a password; `tiktok-oauth serve --hash-password` makes it.",
    ),
    _setting(
        "webhook_relay_url",
        values.text,
        "Where verified webhooks are handed on to.",
        "nowhere",
        "URL",
    ),
    _secret("webhook_relay_secret", "Signs what is handed on: 24 characters or more."),
    _secret(
        "metrics_token", "Lets Prometheus read /metrics from another machine, as a bearer token."
    ),
    _setting(
        "rate_limit",
        values.whole(1, 10_000_000),
        "Requests a minute that one API key may make of one worker.",
        "600000",
        "NUMBER",
    ),
    _setting(
        "body_limit",
        values.whole(1 << 10, 1 << 26),
        "The longest request body, in bytes.",
        "1048576",
        "BYTES",
    ),
    _setting(
        "patience",
        values.number(1, 120),
        "Seconds in which a request must have come, and at a stop must have ended.",
        "10",
        "SECONDS",
    ),
    _setting(
        "log_level",
        values.choice("debug", "info", "warn", "error"),
        "The lowest level of log lines.",
        "warn",
        "LEVEL",
    ),
    _setting("log_json", values.flag, "Print log lines as JSON, one object each.", "no"),
    _setting(
        "log_requests", values.flag, "Log each request to the service, without its query.", "no"
    ),
    _setting(
        "trace_calls",
        values.flag,
        "Report each call to TikTok as an OpenTelemetry span; needs the extra otel.",
        "no",
    ),
)

APP_SETTINGS = (
    Setting("client_key", values.text, "The app's key.", variable="TIKTOK_CLIENT_KEY"),
    Setting(
        "client_secret",
        values.secret,
        "The app's secret.",
        variable="TIKTOK_CLIENT_SECRET",
        is_secret=True,
    ),
    Setting(
        "client_secret_previous",
        values.secret,
        "The secret before that: webhooks signed with it are accepted.",
        variable="TIKTOK_CLIENT_SECRET_PREVIOUS",
        is_secret=True,
    ),
    Setting(
        "redirect_uri",
        values.text,
        "Where TikTok sends people back to, exactly as registered.",
        "/callback at the public URL",
        variable="TIKTOK_REDIRECT_URI",
    ),
    Setting(
        "scopes",
        values.scopes,
        "What to ask for: a list, or a text with commas.",
        ", ".join(DEFAULT_SCOPES),
        variable="TIKTOK_SCOPES",
    ),
)
"""One app's: in the file each ``[[apps]]`` has them; the environment has those of one app."""

CONFIG_VARIABLE = "TIKTOK_OAUTH_CONFIG"
FILE_SUFFIX = "_file"
