"""What httpx and httpx2 ask of an ``Auth``: the two libraries have the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tiktok_oauth.transport.auth.bearer import (
    HEADER,
    REFUSED_STATUS,
    AsyncHasToken,
    Bearer,
    HasToken,
    header_of,
    is_refused,
)
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator


class Flows:
    """The blocking and the awaiting flow; mixed into each library's own ``Auth``."""

    def __init__(self, account: HasToken | AsyncHasToken, *, base_url: str | None = None) -> None:
        self._account = account
        self._bearer = Bearer(base_url)

    # The libraries' own types, which no file here may name for both of them.
    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 - as above
        """Sign a request of a ``Client``."""
        if not self._bearer.may_see_token(str(request.url)):
            yield request
            return
        account = cast("HasToken", self._account)
        token = Secret(account.access_token())
        request.headers[HEADER] = header_of(token)
        response = yield request
        if not self._may_repeat(request, response):
            return
        response.read()
        if is_refused(response.status_code, response.content):
            request.headers[HEADER] = header_of(
                Secret(account.access_token(refused=token.reveal()))
            )
            yield request

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401 - as above
        """Sign a request of an ``AsyncClient``."""
        if not self._bearer.may_see_token(str(request.url)):
            yield request
            return
        account = cast("AsyncHasToken", self._account)
        token = Secret(await account.access_token())
        request.headers[HEADER] = header_of(token)
        response = yield request
        if not self._may_repeat(request, response):
            return
        await response.aread()
        if is_refused(response.status_code, response.content):
            request.headers[HEADER] = header_of(
                Secret(await account.access_token(refused=token.reveal()))
            )
            yield request

    def _may_repeat(self, request: Any, response: Any) -> bool:  # noqa: ANN401 - as above
        """Whether a second attempt can be made, should TikTok have refused the token.

        After redirects the answer may be somebody else's, who has never seen the token.
        """
        if response.status_code != REFUSED_STATUS:
            return False
        try:
            request.content  # noqa: B018 - reading it tells a body in memory from a stream
        except RuntimeError:
            return False
        return self._bearer.may_see_token(str(response.url))
