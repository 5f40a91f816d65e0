"""``tiktok_auth`` for aiohttp: ``ClientSession(middlewares=[tiktok_auth(account)])``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.transport.auth.bearer import (
    HEADER,
    REFUSED_STATUS,
    Bearer,
    header_of,
    is_refused,
)
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse

    from tiktok_oauth.transport.auth.bearer import AsyncHasToken


def tiktok_auth(account: AsyncHasToken, *, base_url: str | None = None) -> ClientMiddlewareType:
    """A middleware that puts an account's token on requests to TikTok, and on no others.

    A request whose token TikTok refuses is made once more with a new one, unless its body was a
    stream. aiohttp asks anew at each redirect, so the token never follows one elsewhere.

    Args:
        account: whose token.
        base_url: the API's origin; ``TIKTOK_BASE_URL`` when not given, else TikTok's.

    Raises:
        ValidationError: the base URL cannot be right.
    """
    bearer = Bearer(base_url)

    async def sign(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if not bearer.may_see_token(str(request.url)):
            return await handler(request)
        token = Secret(await account.access_token())
        request.headers[HEADER] = header_of(token)
        response = await handler(request)
        is_spent = getattr(request.body, "consumed", False)  # An empty body is plain bytes.
        if response.status != REFUSED_STATUS or is_spent:
            return response
        if not is_refused(response.status, await response.read()):
            return response
        fresh = Secret(await account.access_token(refused=token.reveal()))
        request.headers[HEADER] = header_of(fresh)
        response.release()
        return await handler(request)

    return sign
