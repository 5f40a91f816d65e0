"""What web workers ask of the airlock, wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from tiktok_oauth.vault.fleet.progress import Progress


class Finished(msgspec.Struct, frozen=True):
    """A finished login.

    Attributes:
        client_key: the app.
        open_id: the account that is connected now.
        next_url: what ``begin_login`` was given.
        granted: the scopes the person granted.
        missing: those that were asked for and not granted.
    """

    client_key: str
    open_id: str
    next_url: str | None
    granted: frozenset[str]
    missing: frozenset[str]


class Airlock(Protocol):
    """Does what takes the whole key ring: what seals or opens refresh tokens."""

    async def finish_login(self, query: str, binding: str) -> Finished:
        """Finish a login. A second call with the same arguments gets what the first one got.

        Args:
            query: the callback's query string.
            binding: what the browser brought along as its cookie.

        Raises:
            LoginError: it belongs to no login of this browser's; ``reason`` says why.
            TikTokAPIError: the exchange failed, or the airlock cannot be reached.
        """
        ...

    async def wake(self) -> None:
        """Somebody waits for a refresh: let the refresher look now. Never fails."""
        ...

    async def progress(self) -> Progress | None:
        """How the refresher gets on; None while nobody can say."""
        ...

    async def aclose(self) -> None:
        """Let go of it."""
        ...
