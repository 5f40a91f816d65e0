"""Where a request goes: the part of its URL that connections are shared by, and the rest."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

Origin = tuple[str, str, int]
"""Scheme, host and port."""
_PORTS = {"http": 80, "https": 443}


@functools.lru_cache(maxsize=256)
def split(url: str) -> tuple[Origin, str]:
    """Split a URL into its origin, and the target that goes into a request's first line."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    target = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
    return (parts.scheme, parts.hostname or "", port), target


@functools.lru_cache(maxsize=256)
def host_of(origin: Origin) -> str:
    """What a request to an origin says in its ``Host`` header."""
    scheme, host, port = origin
    name = f"[{host}]" if ":" in host else host
    return name if port == _PORTS.get(scheme) else f"{name}:{port}"
