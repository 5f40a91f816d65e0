"""Forms that only our own pages can send."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE = "form"
FIELD = "token"
_BODY_LIMIT = 4_096


class FormGuard:
    """A random cookie, and in each form a token that only this process can derive from it."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def token(self, cookie: str) -> str:
        """Return what a form has to send along."""
        return hmac.new(self._key, cookie.encode(), hashlib.sha256).hexdigest()

    async def is_ours(self, request: Request) -> bool:
        """Whether a form was sent by a page that we gave to the same browser."""
        # Browsers that tell where a request comes from are believed; the others have the token.
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _BODY_LIMIT:
                return False
        form = parse_qs(body.decode("latin-1"))
        given = form.get(FIELD, [""])[0]
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return False
        return hmac.compare_digest(given.encode(), self.token(cookie).encode())


def new_cookie() -> str:
    """Return a value for the cookie of a browser that has none."""
    return secrets.token_urlsafe(32)
