"""Where a webhook may be handed on to: a public host, over TLS, at an address looked up once.

A name that leads to this network would let whoever controls it reach services that trust us. So
every address of a name has to be public, and the connection is made to the one that was judged.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_TRANSLATED = tuple(
    ipaddress.ip_network(network)
    for network in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""IPv6 addresses that stand for an IPv4 one, whichever."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Target(NamedTuple):
    """An address that may be connected to, and what is asked for there.

    Attributes:
        name: the host's, which its certificate has to be for.
        authority: the same as the Host header has it.
        address: the IP address that was judged.
        is_tls: always, but for a loopback address in sandbox mode.
    """

    name: str
    authority: str
    address: str
    port: int
    path: str
    is_tls: bool


def relay_problem(url: str, *, is_sandbox: bool) -> str | None:
    """What is wrong with a relay's URL, in one sentence; None when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        return "The relay's URL is none."
    if is_sandbox and _is_loopback(parts):
        return None
    if parts.scheme != "https" or not parts.hostname:
        return "The relay's URL must begin with https:// and name a host."
    if parts.username is not None or parts.fragment:
        return "The relay's URL must have neither a user nor a fragment."
    if port not in {None, 443}:
        return "The relay's URL must be on port 443."
    if not url.isascii() or any(mark <= " " for mark in url):
        return "The relay's URL must be written in visible ASCII characters."
    return None


async def find_target(url: str, *, is_sandbox: bool) -> Target:
    """Look up where a relay's URL leads, and judge it.

    Raises:
        OSError: it leads nowhere, or to a place that is not public; the text says which.
    """
    problem = relay_problem(url, is_sandbox=is_sandbox)
    if problem is not None:
        raise OSError(problem)
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(place[0]) for *_, place in found]
    is_near = is_sandbox and _is_loopback(parts)
    if not addresses or not all(is_near or is_public(address) for address in addresses):
        raise OSError("The relay's host has an address that is not public.")
    return Target(host, parts.netloc, addresses[0], port, path, is_tls)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public network, and to nobody's own."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if ip.version == 6 and any(ip in network for network in _TRANSLATED):  # noqa: PLR2004 - IPv6
        return False
    return ip.is_global and not ip.is_multicast


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK
