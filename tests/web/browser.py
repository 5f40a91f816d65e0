"""A person's browser in front of a site, whichever framework the site is made with."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.vault import SCOPES
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.outbox import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.vault import Town

ORIGIN = "https://app.example.com"
REDIRECT_URI = f"{ORIGIN}/tiktok/callback"
LOGIN = "__Host-tiktok-login-"
HTML = {"accept": "text/html,application/xhtml+xml"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]+)">')


@dataclass(frozen=True)
class Answer:
    """What a site answered."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        """One header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        assert self.status in {302, 303}, self
        return self.header("location")

    @property
    def set_cookies(self) -> list[str]:
        """The cookies it sets, as their headers."""
        return [value for key, value in self.headers if key.lower() == "set-cookie"]


class Browser(ABC):
    """Follows no redirect, remembers cookies.

    Args:
        town: whose sandbox the person decides at.
        user: the site's own name for the person, where the site has users.
    """

    def __init__(self, town: Town, user: str | None = None) -> None:
        self.town = town
        self.user = user
        self.cookies: dict[str, str] = {}

    @abstractmethod
    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make one request with the framework's own test client."""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Make one request, and take its cookies."""
        given = {"host": "app.example.com"} | {k.replace("_", "-"): v for k, v in headers.items()}
        if self.user is not None:
            given["x-user"] = self.user
        if self.cookies:
            given["cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        answer = self.send(method, ORIGIN + path, given, body)
        for header in answer.set_cookies:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """Open a page."""
        return self.ask("GET", path, b"", **(HTML | headers))

    def submit(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Send a form."""
        given = {"content_type": FORM["content-type"], "referer": f"{ORIGIN}/"} | HTML | headers
        return self.ask("POST", path, urlencode(fields).encode(), **given)

    def press(self, path: str, **fields: str) -> Answer:
        """Press a button of the front page's."""
        return self.submit(path, self.hidden(self.get("/")) | fields)

    def hidden(self, page: Answer) -> dict[str, str]:
        """The hidden field of a page's form."""
        found = _HIDDEN.search(page.text)
        assert found is not None, page
        return {found[1]: found[2]}

    def leave(self, **fields: str) -> str:
        """Press *Connect*, and return where it leads."""
        return self.press("/tiktok/login", **fields).location

    def decide(self, url: str, person: str = "mina", **choices: Any) -> str:  # noqa: ANN401 - as authorize() takes them
        """Decide on TikTok's page, and return the path and query that lead back."""
        callback = urlsplit(self.town.sandbox.authorize(url, person=person, **choices))
        return f"{callback.path}?{callback.query}"

    def connect(self, person: str = "mina", **fields: str) -> Answer:
        """Go the whole way, and return what the callback answered."""
        return self.get(self.decide(self.leave(**fields), person))

    @property
    def shown(self) -> str:
        """The account that the front page shows."""
        found = re.search("<b>(.*)</b>", self.get("/").text)
        assert found is not None
        return found[1]

    @property
    def login_cookies(self) -> list[str]:
        """The names of the cookies of logins under way."""
        return [name for name in self.cookies if name.startswith(LOGIN)]


@dataclass
class Site:
    """A site of one framework, a town behind it, and what the site's hooks heard."""

    name: str
    town: Town
    vault: Any
    new_browser: Callable[..., Browser]
    heard: list[Any] = field(default_factory=list)

    def browser(self, **settings: str | None) -> Browser:
        """Open another browser."""
        return self.new_browser(**settings)

    @property
    def exchanges(self) -> int:
        """How often TikTok was asked to exchange a code."""
        return len(self.town.calls("exchange"))

    def account(self, open_id: str) -> Any:  # noqa: ANN401 - of either kind
        """An account, as it stands now."""
        return self.town.do(self.vault.account, open_id)


def make_client(town: Town) -> Any:  # noqa: ANN401 - of either kind
    """A client whose people come back to the site."""
    return town.client(redirect_uri=REDIRECT_URI, scopes=SCOPES)


def webhook(open_id: str, at: float, secret: str = DEFAULT_APP.client_secret) -> tuple[bytes, str]:
    """The body and signature by which TikTok says that a person has removed the app."""
    body = (
        f'{{"client_key":"{DEFAULT_APP.client_key}","event":"authorization.removed",'
        f'"create_time":{int(at)},"user_openid":"{open_id}","content":"{{\\"reason\\":1}}"}}'
    ).encode()
    return body, sign(secret, int(at), body)


def query_of(url: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
