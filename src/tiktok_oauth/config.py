"""One client's configuration: arguments first, then the environment, then defaults."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.errors import invalid_argument, invalid_credentials
from tiktok_oauth.types import Secret, split_scopes

DEFAULT_BASE_URL = "https://open.tiktokapis.com"
DEFAULT_AUTHORIZE_URL = "https://www.tiktok.com/v2/auth/authorize/"
DEFAULT_SCOPES = ("user.info.basic",)
"""One unapproved scope makes TikTok refuse all of them, so we ask for the one every app has."""

_MOST_ATTEMPTS = 10
_SCOPE = re.compile(r"\.*[A-Za-z0-9_][A-Za-z0-9_.]*")
Jitter = Literal["none", "additive", "full"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed attempt is made again. The default is 3 attempts: at once, 100 ms, 200 ms.

    Attributes:
        attempts: how many attempts in all, the first included.
        base_delay: seconds before the second attempt.
        factor: what each further delay is multiplied by.
        max_delay: seconds no delay of ours exceeds.
        jitter: ``none`` keeps the delays exact; ``additive`` adds up to half; ``full`` draws
            between nothing and the delay.
        max_retry_after: seconds of ``Retry-After`` we wait for; a longer one raises at once.
    """

    attempts: int = 3
    base_delay: float = 0.1
    factor: float = 2.0
    max_delay: float = 2.0
    jitter: Jitter = "none"
    max_retry_after: float = 30.0

    def __post_init__(self) -> None:
        if type(self.attempts) is not int or not 1 <= self.attempts <= _MOST_ATTEMPTS:
            raise invalid_argument(
                f"RetryPolicy attempts must be a whole number from 1 to {_MOST_ATTEMPTS}."
            )
        check_number("RetryPolicy base_delay", self.base_delay, low=0.0, high=60.0)
        check_number("RetryPolicy factor", self.factor, low=1.0, high=10.0, unit="")
        check_number("RetryPolicy max_delay", self.max_delay, low=0.0, high=300.0)
        check_number("RetryPolicy max_retry_after", self.max_retry_after, low=0.0, high=3600.0)
        if not isinstance(self.jitter, str) or self.jitter not in get_args(Jitter):
            raise invalid_argument("RetryPolicy jitter must be 'none', 'additive' or 'full'.")


class ClientConfig(msgspec.Struct, frozen=True):
    """What a client knows before its first call. The secrets in it do not show."""

    client_key: str | None
    client_secret: Secret | None
    client_secret_previous: Secret | None
    redirect_uri: str | None
    scopes: tuple[str, ...]
    timeout: float
    deadline: float | None
    retry: RetryPolicy
    base_url: str
    authorize_url: str
    connection: ConnectionSettings


class Options(msgspec.Struct, frozen=True):
    """What the caller of a client's constructor said; None stands for "look elsewhere"."""

    client_key: str | None = None
    client_secret: Secret | None = None
    client_secret_previous: Secret | None = None
    redirect_uri: str | None = None
    scopes: Sequence[str] | str | None = None
    timeout: float = 10.0
    deadline: float | None = None
    retry: RetryPolicy = msgspec.field(default_factory=RetryPolicy)
    base_url: str | None = None
    authorize_url: str | None = None
    ca_file: str | None = None


def load_config(options: Options, environment: Mapping[str, str]) -> ClientConfig:
    """Fill the gaps of ``options`` from the environment and check what can be checked now.

    Client key, secret and redirect URI are judged before the first call that needs them, so
    that a program can be imported and started without them.

    Raises:
        ValidationError: a setting other than the credentials is wrong; it names which.
        InvalidCredentialsError: the file that should hold the secret cannot be read.
    """
    # A traceback that shows local variables must not show the whole environment.
    get = _Unseen(environment).get
    del environment
    if not isinstance(options.retry, RetryPolicy):
        raise invalid_argument("retry must be a RetryPolicy.")
    base_url = check_base_url(options.base_url or get("TIKTOK_BASE_URL") or DEFAULT_BASE_URL)
    return ClientConfig(
        client_key=_either(options.client_key, "TIKTOK_CLIENT_KEY", get),
        client_secret=options.client_secret or _secret(get),
        client_secret_previous=options.client_secret_previous,
        redirect_uri=_either(options.redirect_uri, "TIKTOK_REDIRECT_URI", get),
        scopes=_scopes(options.scopes, get),
        timeout=check_number("timeout", options.timeout, low=0.001, high=3600.0),
        deadline=_deadline(options.deadline),
        retry=options.retry,
        base_url=base_url,
        authorize_url=check_authorize_url(
            options.authorize_url or get("TIKTOK_AUTHORIZE_URL") or DEFAULT_AUTHORIZE_URL
        ),
        connection=_connection(_ca_file(options.ca_file), proxy_for(base_url, get)),
    )


Look = Callable[[str], str | None]
"""Looks a variable up. Each look costs as much as a small answer's parsing, so few are made."""


class _Unseen:
    """An environment that tracebacks do not show."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str | None:
        try:
            return self._environment[name]
        except KeyError:  # As its own get() does, one call further down.
            return None


def _scopes(argument: object, get: Look) -> tuple[str, ...]:
    if argument is not None:
        return check_scopes(argument)
    variable = get("TIKTOK_SCOPES")
    return check_scopes(variable, "TIKTOK_SCOPES") if variable else DEFAULT_SCOPES


def _deadline(value: float | None) -> float | None:
    return None if value is None else check_number("deadline", value, low=0.001, high=86400.0)


def _either(argument: str | None, name: str, get: Look) -> str | None:
    return get(name) if argument is None else argument


def _secret(get: Look) -> Secret | None:
    value = get("TIKTOK_CLIENT_SECRET")
    if value:
        return Secret(value)
    path = get("TIKTOK_CLIENT_SECRET_FILE")
    if not path:
        return None
    try:
        # An editor's newline at the end of the file is not part of the secret.
        return Secret(Path(path).read_text("utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        reason = type(error).__name__
    message = f"TIKTOK_CLIENT_SECRET_FILE cannot be read ({reason})."
    raise invalid_credentials(message, "Name a file this process may read, or unset it.")


@lru_cache(maxsize=64)
def _connection(ca_file: str | None, proxy: str | None) -> ConnectionSettings:
    """Equal settings are one object: clients look each other's connections up by it."""
    return ConnectionSettings(ca_file=ca_file, proxy=proxy)


def _ca_file(path: str | None) -> str | None:
    # Not Path(path).is_file(): every new client asks, and that takes five times as long.
    if path is not None and not (isinstance(path, str) and os.path.isfile(path)):  # noqa: PTH113
        raise invalid_argument("ca_file must name a file with certificates in PEM form.")
    return path


def check_number(
    name: str, value: object, *, low: float, high: float, unit: str = " of seconds"
) -> float:
    """A number between two bounds.

    Raises:
        ValidationError: with the name of the argument and the bounds.
    """
    # A comparison with NaN is false, so NaN is refused with the rest.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid_argument(f"{name} must be a number{unit} from {low:g} to {high:g}.")
    return float(value)


def check_scopes(scopes: object, source: str = "scopes") -> tuple[str, ...]:
    """Scopes as a tuple, each once: from a list of strings or one comma-separated string.

    Raises:
        ValidationError: they are none, not strings, or separated by anything but commas.
    """
    mend = "Give a list such as ['user.info.basic', 'video.list'], or one comma-separated string."
    if isinstance(scopes, str):
        scopes = split_scopes(scopes)
    if not isinstance(scopes, Sequence | set | frozenset) or isinstance(scopes, bytes):
        raise invalid_argument(f"{source} must be a list of strings.", mend)
    names = tuple(scopes)
    if not names:
        raise invalid_argument(f"{source} is empty.", mend)
    for place, name in enumerate(names, 1):
        if not isinstance(name, str) or not _SCOPE.fullmatch(name):
            # Not quoted: it may be a token in the wrong place.
            raise invalid_argument(
                f"{source} has something at place {place} that is no scope: TikTok separates "
                "scopes by comma, not by space.",
                mend,
            )
    return tuple(dict.fromkeys(names))


def check_base_url(value: object) -> str:
    """An origin without a path: https, or http to this machine.

    Raises:
        ValidationError: it is anything else.
    """
    return _check_base_url(value if isinstance(value, str) else "")


@lru_cache(maxsize=64)
def _check_base_url(value: str) -> str:
    mend = "Give an origin such as https://open.tiktokapis.com or http://127.0.0.1:4010."
    if not _is_safe_url(value):
        message = "base_url (TIKTOK_BASE_URL) must be https, or http to this machine."
        raise invalid_argument(message, mend)
    parts = urlsplit(value)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise invalid_argument("base_url (TIKTOK_BASE_URL) must have no path.", mend)
    return f"{parts.scheme}://{parts.netloc}"


def check_authorize_url(value: object) -> str:
    """A full URL without a query: https, or http to this machine.

    Raises:
        ValidationError: it is anything else.
    """
    return _check_authorize_url(value if isinstance(value, str) else "")


@lru_cache(maxsize=64)
def _check_authorize_url(value: str) -> str:
    if _is_safe_url(value) and not {"?", "#"} & set(value):
        return value
    raise invalid_argument(
        "authorize_url (TIKTOK_AUTHORIZE_URL) must be a full https URL without a query, or http "
        "to this machine.",
        f"The default is {DEFAULT_AUTHORIZE_URL}",
    )


def _is_safe_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    if not value.isascii() or not value.isprintable() or " " in value or "@" in parts.netloc:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
    )


def proxy_for(base_url: str, get: Look) -> str | None:
    """The proxy that ``HTTP(S)_PROXY`` and ``NO_PROXY`` name for an origin, if any.

    This machine is never reached through a proxy. The lower-case spelling wins.
    """
    scheme, netloc, here = _split_origin(base_url)
    if here:
        return None
    name = f"{scheme}_proxy"
    proxy = get(name) or get(name.upper())
    if not proxy:
        return None
    # Imported only where a proxy is set: it costs a third of our whole start-up time.
    from urllib.request import (  # type: ignore[attr-defined]  # noqa: PLC0415 - not in its stubs
        proxy_bypass_environment,
    )

    excepted = get("no_proxy") or get("NO_PROXY") or ""
    return None if proxy_bypass_environment(netloc, {"no": excepted}) else proxy


@lru_cache(maxsize=64)
def _split_origin(base_url: str) -> tuple[str, str, bool]:
    """Scheme, host with port, and whether that is this machine."""
    parts = urlsplit(base_url)
    return parts.scheme, parts.netloc, is_loopback(parts.hostname)
