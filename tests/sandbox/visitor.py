"""A plain HTTP client for the sandbox: what it sends is written out, nothing is built for it."""

from __future__ import annotations

import hashlib
import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tiktok_oauth.sandbox.serve import Sandbox

REDIRECT_URI = "http://127.0.0.1:8000/callback"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
DEFAULT_KEYS = {"client_key": Sandbox.client_key, "client_secret": Sandbox.client_secret}
CHALLENGE = hashlib.sha256(VERIFIER.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Visitor:
    """Speaks HTTP to the sandbox and follows no redirect."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._host = urlsplit(sandbox.base_url).netloc

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: list[tuple[str, str]] | None = None,
        timeout: float = 5,
    ) -> Answer:
        """Send exactly this."""
        connection = http.client.HTTPConnection(self._host, timeout=timeout)
        try:
            named = any(name.lower() == "host" for name, _ in headers or [])
            connection.putrequest(method, path, skip_host=named)
            for name, value in headers or []:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def get(self, path: str, token: str | None = None) -> Answer:
        """Get a page, or data as the bearer of a token."""
        headers = [] if token is None else [("Authorization", f"Bearer {token}")]
        return self.send("GET", path, None, headers)

    def post(self, path: str, **form: str) -> Answer:
        """Post a form."""
        content_type = ("Content-Type", "application/x-www-form-urlencoded")
        return self.send(
            "POST", path, urlencode(form, errors="surrogateescape").encode(), [content_type]
        )

    def data(self, path: str, token: str, fields: object = None) -> Answer:
        """Post JSON as the bearer of a token."""
        headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
        body = b"" if fields is None else json.dumps(fields).encode()
        return self.send("POST", path, body, headers)

    def token(self, scope: str) -> str:
        """Return an access token of the first person, with these scopes."""
        return str(self.exchange(code=self.code(scope=scope)).json["access_token"])

    def call(self, path: str, **form: str) -> Answer:
        """Post a form with the app's credentials."""
        return self.post(path, **{**DEFAULT_KEYS, **form})

    def code(self, **changes: str) -> str:
        """Let the first person allow everything, and return the code."""
        callback = self.sandbox.authorize(self.sandbox.base_url + authorize_path(**changes))
        return parse_qs(urlsplit(callback).query)["code"][0]

    def exchange(self, **changes: str) -> Answer:
        """Exchange a fresh code, or a form with something wrong in it."""
        form = {
            "grant_type": "authorization_code",
            "code": changes.get("code") or self.code(),
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return self.call("/v2/oauth/token/", **{**form, **changes})

    def refresh(self, refresh_token: str) -> Answer:
        """Refresh with this token."""
        return self.call(
            "/v2/oauth/token/", grant_type="refresh_token", refresh_token=refresh_token
        )


def authorize_path(**changes: str | None) -> str:
    """Return a good authorization request with changes; None leaves a parameter out."""
    params = {
        "client_key": Sandbox.client_key,
        "response_type": "code",
        "scope": "user.info.basic",
        "redirect_uri": REDIRECT_URI,
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return "/v2/auth/authorize/?" + urlencode({k: v for k, v in params.items() if v is not None})
