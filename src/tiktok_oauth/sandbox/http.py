"""A call and its answer as values: the same for a socket and for a client in this process."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, quote

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Header: TypeAlias = tuple[bytes, bytes]

FORM_TYPE = "application/x-www-form-urlencoded"
BODY_LIMIT = 64 * 1024
_FIELD_LIMIT = 100
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]"


class HttpRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """The call cannot be read, or there is nothing at its path."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came.

    Attributes:
        method: in upper case.
        path: decoded.
        query: as it was sent.
        headers: names in lower case; they hold secrets.
        body: at most ``BODY_LIMIT`` bytes of it.
        size: how many bytes were sent.
        scheme: http or https.
    """

    method: str
    path: str
    query: bytes = field(default=b"", repr=False)
    headers: Sequence[Header] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    size: int = 0
    scheme: str = "http"

    def values(self, name: bytes) -> list[str]:
        """Return every value of a header."""
        return [value.decode("latin-1") for key, value in self.headers if key == name]

    def header(self, name: bytes) -> str:
        """Return the first value of a header, "" without one."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")

    @property
    def origin(self) -> str:
        """Where the caller found the sandbox."""
        host = self.header(b"host")
        return f"{self.scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"

    @property
    def bearer(self) -> str:
        """The bearer token, "" without one."""
        scheme, _, token = self.header(b"authorization").partition(" ")
        return token if scheme.lower() == "bearer" else ""

    def params(self, *, errors: str = "replace") -> dict[str, str]:
        """Return the query's parameters.

        Raises:
            HttpRefusal: there are too many.
        """
        return dict(_decode(self.query, errors))

    def form(self) -> list[tuple[str, str]]:
        """Return the body's fields, whatever the content type says.

        Raises:
            HttpRefusal: there are too many, or too many bytes.
        """
        if self.size > BODY_LIMIT:
            raise HttpRefusal(413, "The body is too large.")
        return _decode(self.body, "replace")


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer gets out, when not as a good server would.

    Attributes:
        pause: seconds before the first byte.
        gap: seconds between two bytes of the body.
        cut: bytes of the body after which the connection is closed; -1 for before the headers.
        reset: close it the hard way (RST).
        more: bytes that Content-Length promises beyond the body; they never come.
    """

    pause: float = 0.0
    gap: float = 0.0
    cut: int | None = None
    reset: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; Content-Length is added on the way."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = field(default=b"", repr=False)
    delivery: Delivery | None = None


def text_answer(status: int, words: str) -> Answer:
    """Return plain text."""
    return Answer(status, ((b"content-type", b"text/plain; charset=utf-8"),), words.encode())


def not_found() -> Answer:
    """Answer a wrong method as an unknown path, as TikTok does."""
    return text_answer(404, "404 page not found")


def redirect(status: int, location: str, *headers: Header) -> Answer:
    """Send the browser elsewhere."""
    target = quote(location, safe=_URL_SAFE).encode()
    return Answer(status, ((b"location", target), (b"cache-control", b"no-store"), *headers))


def encode_json(fields: object) -> bytes:
    """Write JSON as TikTok's Go encoder does: compact, and with &, < and > escaped."""
    text = msgspec.json.encode(fields)
    return text.replace(b"&", rb"\u0026").replace(b"<", rb"\u003c").replace(b">", rb"\u003e")


def _decode(encoded: bytes, errors: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("utf-8", errors),
            keep_blank_values=True,
            errors=errors,
            max_num_fields=_FIELD_LIMIT,
        )
    except ValueError:
        raise HttpRefusal(400, "There are too many fields.") from None
