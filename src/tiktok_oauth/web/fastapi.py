"""TikTok logins for FastAPI: as for Starlette, and the current account as a dependency."""

from __future__ import annotations

from functools import cached_property

from tiktok_oauth.vault.account import AsyncAccount  # noqa: TC001 - FastAPI reads the annotations
from tiktok_oauth.web import starlette
from tiktok_oauth.web.words import not_connected

try:
    from fastapi.openapi.models import APIKey, APIKeyIn
    from fastapi.openapi.models import SecurityBase as SecurityModel
    from fastapi.security.base import SecurityBase
    from starlette.requests import Request  # noqa: TC002 - as above
except ImportError as _missing:
    raise ImportError(
        "FastAPI is not installed: run `pip install tiktok-oauth[fastapi]`"
    ) from _missing


class TikTokLogin(starlette.TikTokLogin):
    """TikTok logins for a FastAPI app.

    Made as ``tiktok_oauth.web.starlette.TikTokLogin`` is, and installed by ``install(app)``.
    ``Depends(login.account)`` gives a path operation the visitor's account, or answers 401;
    ``Depends(login.current_account)`` gives None where nobody is connected.
    """

    @cached_property
    def account(self) -> CurrentAccount:
        """The dependency, which is a security scheme of the app's OpenAPI document."""
        return CurrentAccount(self)


class CurrentAccount(SecurityBase):
    """The visitor's account, as a FastAPI dependency.

    Args:
        login: whose sessions they are.
    """

    def __init__(self, login: TikTokLogin) -> None:
        self._login = login
        self.scheme_name: str = "TikTok session"
        self.model: SecurityModel = APIKey.model_validate(
            {
                "in": APIKeyIn.cookie,
                "name": login.session_cookie,
                "description": "Set when somebody has connected a TikTok account.",
            }
        )

    async def __call__(self, request: Request) -> AsyncAccount:
        """The visitor's account.

        Raises:
            InvalidTokenError: none is connected; the answer is 401.
            StoreError: the store cannot be read.
        """
        account = await self._login.current_account(request)
        if account is None:
            raise not_connected()
        return account
