"""One HTTP exchange as two values: what we send and what came back.

Values of which every call makes some are msgspec structs: a frozen dataclass takes six times as
long to make.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Headers(Protocol):
    """The one thing we ask of response headers: look-up by lower-case name.

    Transports hand over their library's own case-insensitive mapping as it is, so that no
    answer pays for a copy of the fifteen headers nobody reads. A plain dict with lower-case
    keys will do as well.
    """

    def get(self, key: str, /) -> str | None:
        """The value of a header, or None."""
        ...


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """A request ready to be sent.

    ``url`` never holds a secret. Headers and body may, so neither shows in ``repr``.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def __repr__(self) -> str:
        return f"HttpRequest(method={self.method!r}, url={self.url!r})"


class HttpResponse(msgspec.Struct, frozen=True, gc=False):
    """An answer as it came off the wire: nothing decoded, no redirect followed.

    ``overflow`` is true when the body was longer than the caller's limit; ``body`` then
    holds its beginning only.
    """

    status: int
    headers: Headers
    body: bytes
    overflow: bool = False

    def __repr__(self) -> str:
        return f"HttpResponse(status={self.status}, overflow={self.overflow})"
