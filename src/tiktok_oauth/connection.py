"""How to reach TikTok: the settings that connections are shared by."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Clients with equal settings share one pool of connections and one TLS context per process.

    Attributes:
        ca_file: a PEM file of certificate authorities to trust instead of the system's.
        proxy: the proxy's URL (it may hold a password, so it does not show in ``repr``).
        idle_timeout: seconds after which an unused connection is closed.
    """

    ca_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    idle_timeout: float = 15.0
