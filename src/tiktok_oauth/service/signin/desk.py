"""``Desk``: tells who is asking, and lets people in by link, password or key."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from tiktok_oauth.service.api.guard import address_of
from tiktok_oauth.service.registry.keys import is_right, read_key
from tiktok_oauth.service.signin.passwords import is_password
from tiktok_oauth.service.signin.sessions import Session, Sessions, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.types import Secret


class Desk:
    """One process's reception.

    Args:
        office: what the rooms share.
        clock: Unix seconds of this machine.
    """

    def __init__(self, office: Office, *, clock: Callable[[], float] = time.time) -> None:
        self._settings = office.settings
        self._registry = office.registry
        self._one_by_one = asyncio.Lock()
        self.sessions: Sessions = Sessions(
            office.session_key, is_https=office.settings.is_https, clock=clock
        )

    @property
    def takes_passwords(self) -> bool:
        """Whether a password is set."""
        return self._settings.password_hash is not None

    @property
    def takes_links(self) -> bool:
        """Whether a one-time link was printed."""
        return self._settings.signin_digest is not None

    def session(self, request: Request) -> Session:
        """The session of a request's browser; a new one, to be kept, where it has none."""
        known: Session | None = getattr(request.state, "session", None)
        if known is None:
            known = self.sessions.of(request) or self.sessions.new()
            request.state.session = known
        return known

    async def visitor(self, request: Request) -> Visitor | None:
        """Who is asking, if they have signed in and may still.

        Raises:
            StoreError: the store cannot be read.
        """
        session = self.session(request)
        if session.way is None or await self._registry.is_used(_signed_out(session)):
            return None
        if session.key_id is not None:
            key = await self._registry.find_key(session.key_id)
            if key is None or not key.may("admin"):
                return None
        return Visitor(session.session_id, session.way, session.key_id)

    async def leave(self, request: Request) -> Session:
        """Sign out; a copy of the cookie is worth nothing from now on. Nobody's new session.

        Raises:
            StoreError: the store cannot be written.
        """
        session = self.session(request)
        if session.way is not None:
            await self._registry.use_once(_signed_out(session))
        return self.sessions.new()

    async def attempt(self, request: Request) -> int:
        """Take note of an attempt to sign in; the seconds to wait when there were too many.

        Raises:
            StoreError: the store cannot be written.
        """
        return await self._registry.take_attempt(address_of(request.scope))

    async def forgive(self, request: Request) -> None:
        """Forget the attempts of whoever was right in the end.

        Raises:
            StoreError: the store cannot be written.
        """
        await self._registry.forgive_attempts(address_of(request.scope))

    async def by_link(self, token: Secret) -> Session | None:
        """A session for whoever opens the one-time link first.

        Raises:
            StoreError: the store cannot be written.
        """
        digest = hashlib.sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()
        if not hmac.compare_digest(digest, self._settings.signin_digest or ""):
            return None
        if not await self._registry.use_once(f"signin:{digest}"):
            return None
        return self.sessions.new("link")

    async def by_password(self, password: Secret) -> Session | None:
        """A session for whoever knows the password."""
        if self._settings.password_hash is None:
            return None
        # One at a time: each takes 64 MiB.
        async with self._one_by_one:
            right = await asyncio.to_thread(is_password, password, self._settings.password_hash)
        return self.sessions.new("password") if right else None

    async def by_key(self, key: Secret) -> Session | None:
        """A session for whoever has an API key with the scope ``admin``.

        Raises:
            StoreError: the store cannot be read.
        """
        sent = read_key(key.reveal().strip())
        if sent is None:
            return None
        known = await self._registry.find_key(sent.key_id)
        if known is None or not is_right(sent, known) or not known.may("admin"):
            return None
        return self.sessions.new("key", known.key_id)


def _signed_out(session: Session) -> str:
    return f"session:{session.session_id}"
