"""A program that calls the API of a running service, with a key for each scope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.vault import tokens_of

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from tiktok_oauth import AsyncAccount, Sandbox
    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.registry.rows import Scope

SCOPES = ("user.info.basic", "user.info.profile", "video.list")


@dataclass
class Caller:
    """Calls the API, by default with a key that may do everything."""

    http: TestClient
    office: Office
    sandbox: Sandbox
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def key(self, scope: Scope = "admin") -> str:
        """A key of a scope, made when it is first asked for."""
        if scope not in self.keys:
            made = self.run(self.office.registry.create_key, "test", scope)
            self.keys[scope] = made.secret.reveal()
        return self.keys[scope]

    def call(self, method: str, path: str, scope: Scope | None = "admin", **more: Any) -> Response:  # noqa: ANN401 - as the client takes it
        """Call an endpoint."""
        headers = dict(more.pop("headers", {}))
        if scope is not None:
            headers.setdefault("authorization", f"Bearer {self.key(scope)}")
        return self.http.request(method, f"/api/v1{path}", headers=headers, **more)

    def get(self, path: str, scope: Scope | None = "admin", **more: Any) -> Response:  # noqa: ANN401 - as above
        """Read something."""
        return self.call("GET", path, scope, **more)

    def run(self, method: Any, /, *args: object, **kwargs: object) -> Any:  # noqa: ANN401 - any method of the office
        """Await something in the service's own loop."""

        async def work() -> object:
            return await method(*args, **kwargs)

        assert self.http.portal is not None
        return self.http.portal.call(work)

    def connect(
        self, person: str = "mina", *, app: App | None = None, user_id: str | None = None
    ) -> AsyncAccount:
        """An account that was just connected."""
        key = self.sandbox.client_key if app is None else app.client_key
        given = self.sandbox.grant(person, SCOPES, client_key=key)
        adopt = self.office.vault.adopt
        account: AsyncAccount = self.run(adopt, tokens_of(given), user_id=user_id, client_key=key)
        return account

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock, and wait until the service has seen it."""
        later = self.office.clock() + seconds - 1  # A sandbox tells whole seconds.
        self.sandbox.advance(seconds)
        while self.office.clock() < later:
            self.office.clock.look()


@pytest.fixture
def caller(visitor: TestClient, unclosed_office: Office, sandbox: Sandbox) -> Caller:
    """Somebody's program."""
    return Caller(visitor, unclosed_office, sandbox)


def problem_of(response: Response, status: int) -> dict[str, Any]:
    """The problem document of an answer that refuses something."""
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), response.text
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["correlation_id"] == response.headers["x-correlation-id"]
    assert problem["type"].startswith("urn:tiktok-oauth:problem:")
    return problem
