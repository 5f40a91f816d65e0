"""Opens the sandbox's front page without a socket, presses its buttons, and reads what it says."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.http import Answer

NOON = 1_795_003_200.0  # 18 November 2026, 12:00 UTC.
HOST, ORIGIN = b"127.0.0.1:4010", "http://127.0.0.1:4010"


class Markup(HTMLParser):
    """A page's tags with their attributes, and its text."""

    def __init__(self, page: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self.feed(page.body.decode())

    @property
    def skeleton(self) -> list[tuple[str, list[str]]]:
        """Everything but what could be anybody's words."""
        return [(tag, list(attributes)) for tag, attributes in self.tags]

    @property
    def text(self) -> str:
        """The text, as it was written."""
        return "".join(self._text)

    @property
    def words(self) -> str:
        """The text with its spaces made even."""
        return " ".join(self.text.split())

    def values(self, name: str) -> list[str | None]:
        """Return every value of an attribute."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep it."""
        self._text.append(data)


def still_sandbox() -> Sandbox:
    """Return a sandbox without a socket, whose clock stands still at noon."""
    return Sandbox(seed=1, clock=lambda: NOON)


def show(sandbox: Sandbox, query: str = "") -> Answer:
    """Open the page."""
    return sandbox.respond(Call("GET", "/", query.encode(), [(b"host", HOST)]))


def press(sandbox: Sandbox, *, origin: str | None = ORIGIN, query: str = "", **form: str) -> Answer:
    """Press a button, on the page or elsewhere."""
    headers = [(b"host", HOST)]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    body = urlencode(form).encode()
    return sandbox.respond(Call("POST", "/", query.encode(), headers, body, len(body)))


def user_info(sandbox: Sandbox, access_token: str) -> Answer:
    """Call an endpoint, so that there is something to see."""
    headers = [(b"authorization", f"Bearer {access_token}".encode())]
    return sandbox.respond(Call("GET", "/v2/user/info/", b"fields=open_id", headers))
