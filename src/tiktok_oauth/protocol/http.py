"""One HTTP exchange as two values: what we send and what came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Headers(Protocol):
    """The one thing we ask of response headers: look-up by lower-case name.

    Transports hand over their library's own case-insensitive mapping as it is, so that no
    answer pays for a copy of the fifteen headers nobody reads. A plain dict with lower-case
    keys will do as well.
    """

    def get(self, key: str, /) -> str | None:
        """The value of a header, or None."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request ready to be sent.

    ``url`` never holds a secret. Headers and body may, so neither shows in ``repr``.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer as it came off the wire: nothing decoded, no redirect followed.

    ``overflow`` is true when the body was longer than the caller's limit; ``body`` then
    holds its beginning only.
    """

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    overflow: bool = False
