"""A session: a signed cookie that names a browser, and perhaps who is in front of it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.service.signin.signing import Signed, Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from tiktok_oauth.types import Secret

LIFETIME = 43_200
"""Seconds after which somebody has to sign in again."""


class Session(Signed, frozen=True, kw_only=True):
    """One browser's session.

    Attributes:
        session_id: random, and another one after each sign-in and sign-out.
        way: how somebody signed in: ``link``, ``password`` or ``key``; None while nobody has.
        key_id: the API key they signed in with.
    """

    session_id: str
    way: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has signed in.

    Attributes:
        way: how: ``link``, ``password`` or ``key``.
        key_id: the API key they signed in with.
    """

    session_id: str
    way: str
    key_id: str | None = None


class Sessions:
    """Reads and writes the cookie, and knows what a form of a session has to send along.

    Args:
        key: the service's own.
        is_https: whether browsers come by https: then the cookie is tied to it and to this host.
        clock: Unix seconds.
    """

    def __init__(
        self, key: Secret, *, is_https: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._signer = Signer(key, Session, clock=clock)
        self._clock = clock
        self._is_https = is_https
        self.cookie: str = host_cookie("session", is_https=is_https)

    def of(self, request: Request) -> Session | None:
        """The session of a request's browser, if it brought one."""
        return self._signer.read(request.cookies.get(self.cookie, ""))

    def new(self, way: str | None = None, key_id: str | None = None) -> Session:
        """A session with an id that nobody has seen."""
        return Session(
            until=self._clock() + LIFETIME,
            session_id=secrets.token_urlsafe(24),
            way=way,
            key_id=key_id,
        )

    def keep(self, response: Response, session: Session) -> None:
        """Give the browser its session."""
        # Lax, not strict: somebody who comes back from TikTok is still signed in.
        response.set_cookie(
            self.cookie,
            self._signer.sign(session),
            max_age=LIFETIME,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )

    def form_token(self, session: Session) -> str:
        """What each form of a session sends along; no other page can know it."""
        key = self._key.reveal().encode()
        return hmac.new(key, b"form\0" + session.session_id.encode(), hashlib.sha256).hexdigest()


def host_cookie(name: str, *, is_https: bool) -> str:
    """A cookie's name; with https browsers keep it from other hosts and paths by its prefix."""
    return f"__Host-{name}" if is_https else name
