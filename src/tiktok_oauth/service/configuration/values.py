"""From what somebody wrote to a value: each kind of setting has its reader.

A reader takes text from the environment and from flags, and TOML's own types from the file.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from tiktok_oauth.config import check_authorize_url, check_base_url, check_scopes
from tiktok_oauth.credentials import is_loopback
from tiktok_oauth.errors import ValidationError
from tiktok_oauth.service.configuration.findings import WrongError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.keyring import named_file

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")

_WORDS = {"1": True, "true": True, "yes": True, "on": True}
_WORDS |= {"0": False, "false": False, "no": False, "off": False}
_LONGEST = 2_048
_STORES = ("sqlite:///", "sqlite+pysqlite3:///", "postgresql://", "postgres://")


def text(value: object) -> str:
    """Any text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise WrongError("It must be text.", "Give it a value, or leave it out.")
    if len(value) > _LONGEST or not value.isprintable():
        raise WrongError("It is too long, or has invisible characters in it.", "Write it anew.")
    return value.strip()


def secret(value: object) -> Secret:
    """Text that is never shown."""
    if not isinstance(value, str) or not value:
        raise WrongError("It must be text.", "Give it a value, or leave it out.")
    return Secret(value)


def path(value: object) -> Path:
    """A file or a directory; ``~`` is the home directory."""
    return Path(text(value)).expanduser()


def is_key_list(value: object) -> bool:
    """Whether it is a list of keys, which the vault reads by itself, and not a key ring's file."""
    return ":" in str(value) and named_file(Secret(str(value))) is None


def key_file(value: object) -> Path:
    """The file of a key ring, or a list of keys."""
    written = Secret(text(value))
    if ":" not in written.reveal() and named_file(written) is None:
        # It may be a key: it is not repeated.
        raise WrongError(
            "It is neither a list of name:base64 nor a file that can be seen.",
            "Set it to the path of a key file; `tiktok-oauth keys new` makes one.",
        )
    return path(value)


def flag(value: object) -> bool:
    """Yes or no."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _WORDS:
        raise WrongError("It must be true or false.", "Write true, or false.")
    return _WORDS[word]


def whole(low: int, high: int) -> Callable[[object], int]:
    """A whole number between two bounds."""

    def read(value: object) -> int:
        mend = f"Give a whole number from {low:,} to {high:,}."
        try:
            number = int(value) if isinstance(value, str) else value
        except ValueError:
            number = None
        if type(number) is not int:
            raise WrongError("It is no whole number.", mend)
        if not low <= number <= high:
            raise WrongError(f"{number} is out of bounds.", mend)
        return number

    return read


def number(low: float, high: float) -> Callable[[object], float]:
    """A number between two bounds."""

    def read(value: object) -> float:
        mend = f"Give a number from {low:g} to {high:g}."
        try:
            found = float(value) if isinstance(value, str | int | float) else None
        except ValueError:
            found = None
        if found is None or isinstance(value, bool):
            raise WrongError("It is no number.", mend)
        if not low <= found <= high:
            raise WrongError(f"{found:g} is out of bounds.", mend)
        return found

    return read


def choice(*words: str) -> Callable[[object], str]:
    """One of some words."""

    def read(value: object) -> str:
        if value not in words:
            raise WrongError("It is none of the words there are.", f"Choose {_listed(words)}.")
        return str(value)

    return read


def listed(value: object) -> tuple[str, ...]:
    """A list, or text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise WrongError("It must be a list of texts.", "Write them with commas between.")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def scopes(value: object) -> tuple[str, ...]:
    """TikTok's scopes."""
    return _as_library(check_scopes, value)


def base_url(value: object) -> str:
    """The origin of an API."""
    return _as_library(check_base_url, value)


def authorize_url(value: object) -> str:
    """The address of a consent page."""
    return _as_library(check_authorize_url, value)


def origin(value: object) -> str:
    """Scheme, host and port: https, or http."""
    written = text(value)
    mend = "Give scheme, host and port alone, e.g. https://login.example.com"
    try:
        parts = urlsplit(written)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise WrongError("It is no URL.", mend) from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
        raise WrongError("It is no origin.", mend)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise WrongError("It has a path, a query or a fragment.", mend)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def safe_origins(value: object) -> tuple[str, ...]:
    """Origins that people may be sent to: https, or http on this machine."""
    found = tuple(map(origin, listed(value)))
    for one in found:
        if one.startswith("http:") and not is_loopback(urlsplit(one).hostname):
            raise WrongError(f"{one} is not encrypted.", "Only https may be there, or localhost.")
    return found


def networks(value: object) -> tuple[str, ...]:
    """Addresses and networks."""
    found = listed(value)
    for one in found:
        try:
            ipaddress.ip_network(one, strict=False)
        except ValueError:
            raise WrongError(
                f"{one} is neither an address nor a network.",
                "Write them like 127.0.0.1 or 10.0.0.0/8, with commas between.",
            ) from None
    return found


def database(value: object) -> str:
    """The URL of a store that several processes can share. It may hold a password."""
    written = secret(value).reveal()
    if written.startswith("memory:"):
        raise WrongError(
            "A store in memory cannot be shared between processes.", "Use sqlite:///tokens.db."
        )
    if not written.startswith(_STORES):
        raise WrongError(
            "It is no database URL.", "Write sqlite:///tokens.db or postgresql://host/name."
        )
    return written


def _as_library(check: Callable[[object], Value], value: object) -> Value:
    try:
        return check(value)
    except ValidationError as error:
        raise WrongError(error.message, error.hint) from None


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}"
