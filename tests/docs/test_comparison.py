"""What the comparison says of others is true of the versions that it names."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # no types
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # it has no types
    OAuth2Session,
)
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from tests.docs.pages import DOCS, ROOT


class Answering(BaseAdapter):
    """A server that always answers the same."""

    def __init__(self, status: int, answer: dict[str, str]) -> None:
        super().__init__()
        self._status = status
        self._body = json.dumps(answer).encode()

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:  # noqa: ANN401 - the base's
        """Answer."""
        response = Response()
        response.status_code = self._status
        response.request = request
        response._content = self._body  # noqa: SLF001 - how requests' own adapters fill it
        return response

    def close(self) -> None:
        """Nothing is open."""


def session(status: int, answer: dict[str, str]) -> OAuth2Session:
    """Authlib's session with a token that has ended, before such a server."""
    made = OAuth2Session("key", "secret", token={"access_token": "old", "refresh_token": "one"})
    made.mount("https://", Answering(status, answer))
    return made


def test_the_versions_are_those_that_are_tried() -> None:
    """The ones that tests and benchmarks install."""
    page = (DOCS / "explanation" / "comparison.md").read_text("utf-8")
    node = json.loads((ROOT / "tests" / "foreign" / "package.json").read_text("utf-8"))
    npm = node["dependencies"]

    assert f"Authlib {version('authlib')}, django-allauth {version('django-allauth')}," in page
    assert f"`@auth/core` {npm['@auth/core']} (Auth.js) and Arctic {npm['arctic']}." in page


def test_authlib_sees_an_error_by_its_key_only() -> None:
    """With status 200, too; without the key any answer is a token, and replaces the old one."""
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(200, {"error": "invalid_grant"}).refresh_token("https://tiktok.example/token")

    client = session(400, {"message": "too much"})
    client.refresh_token("https://tiktok.example/token")
    assert client.token == {"message": "too much", "refresh_token": "one"}
