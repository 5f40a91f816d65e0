"""The clients as a vault sees them: it makes data calls through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiktok_oauth.types import JsonObject, TikTokUserInfo


class TokenClient(Protocol):
    """``TikTokOAuth``, as far as a vault needs it."""

    def get_user_info(
        self, access_token: str, fields: Sequence[str] | str | None = None
    ) -> TikTokUserInfo:
        """Read a person's profile."""
        ...

    def request(
        self,
        access_token: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint."""
        ...


class AsyncTokenClient(Protocol):
    """``AsyncTikTokOAuth``, as far as a vault needs it."""

    async def get_user_info(
        self, access_token: str, fields: Sequence[str] | str | None = None
    ) -> TikTokUserInfo:
        """Read a person's profile."""
        ...

    async def request(
        self,
        access_token: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint."""
        ...
