"""What TikTok accepts as client key, client secret and redirect URI, checked offline.

Sources: developers.tiktok.com/doc/login-kit-web and /doc/login-kit-desktop (redirect rules,
read November 2026); the rest is what people get wrong in public reports.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

_LOOPBACK = ("localhost", "127.0.0.1")
_PLACEHOLDER = re.compile(
    r"your\b|your[-_ ]?(app|client|tiktok|key|secret|id)|my[-_ ]client|insert[-_ ]"
    r"|change[-_ ]?me|replace[-_ ]?me|placeholder"
    r"|(todo|tbd|example|none|null|undefined|x{3,}|\*{3,}|\.{3,})$|[<\[{].*[>\]}]$|\$\w+$|\$\{\w+\}$",
    re.IGNORECASE,
)
_PLACEHOLDERS_BEGIN = frozenset("yYmMiIcCrRpPtTeEnNuUxX*.<[{$")
"""Nearly no real value does, and a look at one letter is a tenth of that at the whole."""
_DOMAIN = re.compile(
    r"([\w-]{1,63}\.)+(?!(localhost|localdomain|local|internal|invalid)$|\d+$)[\w-]{2,63}"
)
"""A name, not an address, under a top-level domain that somebody can register."""
_MAX_REDIRECT = 512
_MAX_CREDENTIAL = 512
_GOOD = re.compile(rf"(?![\"'`])[\x21-\x7e]{{1,{_MAX_CREDENTIAL}}}(?<![\"'`])")


def credential_problem(name: str, variable: str, value: object) -> str | None:
    """What is wrong with a client key or secret, without quoting it; None when nothing is.

    Args:
        name: what the caller knows it as, e.g. ``client_key``.
        variable: the environment variable that would set it.
        value: the value to judge.
    """
    if isinstance(value, str) and _GOOD.fullmatch(value) and not _is_placeholder(value):
        return None if value != variable else f"{name} is a placeholder. Set {variable}."
    fix = f"Set {variable} to the value on the app's page in TikTok's developer portal."
    if value is None or value == "":
        return f"{name} is missing. {fix}"
    if not isinstance(value, str):
        return f"{name} must be a string. {fix}"
    if not value.strip():
        return f"{name} is blank. {fix}"
    if value[0] in "\"'`" or value[-1] in "\"'`":
        return f"{name} is wrapped in quotes. Remove them from {variable}."
    if re.search(r"\s", value):
        return f"{name} has whitespace or a newline in it. Remove it from {variable}."
    if not (value.isascii() and value.isprintable()) or len(value) > _MAX_CREDENTIAL:
        return f"{name} has characters that TikTok never issues. {fix}"
    return f"{name} is a placeholder. {fix}"


def _is_placeholder(value: str) -> bool:
    return value[0] in _PLACEHOLDERS_BEGIN and _PLACEHOLDER.match(value) is not None


def is_loopback(host: str | None) -> bool:
    """Whether a host name means this machine and nothing else."""
    return host in {*_LOOPBACK, "::1"}


def is_desktop_redirect(redirect_uri: str) -> bool:
    """Whether TikTok registers this redirect URI under its Desktop kind, which needs PKCE."""
    try:
        return urlsplit(redirect_uri).hostname in _LOOPBACK
    except ValueError:
        return False


def redirect_problem(value: object) -> str | None:
    """What TikTok would refuse about a redirect URI; None when nothing is.

    Web: https, a registered domain name. Desktop: http or https on ``localhost`` or
    ``127.0.0.1``, with a port. Both: absolute, static (no query, no fragment) and shorter than
    512 characters.
    """
    if value is None or value == "":
        return "redirect_uri is missing."
    return _judge(value) if isinstance(value, str) else "redirect_uri must be a string."


@lru_cache(maxsize=64)
def _judge(value: str) -> str | None:
    if not value.isprintable() or " " in value or {value[0], value[-1]} & set("\"'"):
        return "redirect_uri has whitespace, quotes or invisible characters in it."
    if len(value) >= _MAX_REDIRECT:
        return f"redirect_uri is {len(value)} characters long; TikTok accepts fewer than 512."
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "redirect_uri is not a URL with a valid port."
    return _parts_problem(value, parts, port)


def _parts_problem(value: str, parts: SplitResult, port: int | None) -> str | None:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "redirect_uri must be an absolute URL that starts with https://."
    if parts.username is not None or parts.password is not None:
        return "redirect_uri must not hold a user name or password."
    if "?" in value:
        return "redirect_uri must be static: TikTok refuses query parameters. Use state instead."
    if "#" in value:
        return "redirect_uri must not have a fragment (#)."
    if parts.hostname in _LOOPBACK:
        return None if port else "redirect_uri on this machine needs a port (desktop kind)."
    if parts.scheme == "http":
        return (
            "redirect_uri must use https. TikTok takes http only for localhost and 127.0.0.1 "
            "with a port, registered under Desktop."
        )
    if not _DOMAIN.fullmatch(parts.hostname):
        return "redirect_uri must name a registered domain, not an IP address or a bare host name."
    return None
