"""People in front of a running service, each with a browser of their own."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.service.site import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx2 import Response
    from starlette.testclient import TestClient

    from tiktok_oauth import Sandbox
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings

LINK_TOKEN = "the-one-time-link"
ALLOWED_ORIGIN = "https://app.example.com"


@dataclass
class Guest:
    """Somebody's browser: remembers cookies, follows no redirect."""

    http: TestClient
    office: Office
    sandbox: Sandbox
    cookies: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **more: Any) -> Response:  # noqa: ANN401 - as the client takes it
        """Make a request."""
        headers = dict(more.pop("headers", {}))
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.http.request(method, path, headers=headers, **more)
        self.http.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        return self.call("GET", path, headers=headers)

    def token(self, page: str) -> str:
        """The token in the forms of a page."""
        found = re.search(r'name="token" value="(\w+)"', self.get(page).text)
        assert found is not None
        return found[1]

    def press(self, page: str, path: str, **fields: str) -> Response:
        """Press a button of a page."""
        return self.call("POST", path, data={"token": self.token(page), **fields})

    def sign_in(self) -> Response:
        """Sign in with a new API key."""
        made = self.run(self.office.registry.create_key, "a person", "admin")
        return self.press("/signin", "/signin", key=made.secret.reveal())

    def leave(self, page: str = "/connect") -> str:
        """Press *Connect TikTok*, and return where it leads."""
        answer = self.press(page, page)
        assert answer.status_code == 303
        return str(answer.headers["location"])

    def decide(self, url: str, *, person: str = "mina", allow: bool = True) -> str:
        """Decide on the consent page, and return the path and query that lead back."""
        back = urlsplit(self.sandbox.authorize(url, person=person, decision=allow))
        return f"{back.path}?{back.query}"

    def connect(self, page: str = "/connect", *, person: str = "mina") -> str:
        """Go the whole way, and return where it ends."""
        back = self.get(self.decide(self.leave(page), person=person))
        assert back.status_code == 303
        return str(back.headers["location"]).partition("?")[0]

    def run(self, method: Any, /, *args: object) -> Any:  # noqa: ANN401 - any method of the office
        """Await something in the service's own loop."""

        async def work() -> object:
            return await method(*args)

        assert self.http.portal is not None
        return self.http.portal.call(work)

    def see_the_time(self) -> None:
        """Wait until the service has seen what its sandbox's clock says now."""
        now = self.sandbox.now()
        while self.office.clock() < now - 1:
            self.office.clock.look()

    @property
    def exchanges(self) -> int:
        """How many codes were exchanged."""
        return len(self.sandbox.requests(endpoint="exchange"))


@pytest.fixture
def settings(tmp_path: Path) -> ServiceSettings:
    """A service that printed a one-time link, and lets logins lead to one other place."""
    return replace(
        settings_for(tmp_path, f"sqlite:///{tmp_path / 'tokens.db'}"),
        signin_digest=hashlib.sha256(LINK_TOKEN.encode()).hexdigest(),
        return_origins=(ALLOWED_ORIGIN,),
    )


@pytest.fixture
def new_guest(
    visitor: TestClient, unclosed_office: Office, sandbox: Sandbox
) -> Callable[[], Guest]:
    """Lets somebody come who has not signed in."""
    return lambda: Guest(visitor, unclosed_office, sandbox)


@pytest.fixture
def stranger(new_guest: Callable[[], Guest]) -> Guest:
    """Somebody who has not signed in."""
    return new_guest()


@pytest.fixture
def operator(new_guest: Callable[[], Guest]) -> Guest:
    """Somebody who has signed in."""
    guest = new_guest()
    assert guest.sign_in().headers["location"] == "/"
    return guest
