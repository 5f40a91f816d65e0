"""How pages tell what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import LoginError, TikTokAPIError
from tiktok_oauth.service.pages.stage import RefusalError
from tiktok_oauth.service.words import common, errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from tiktok_oauth.service.pages.stage import Stage

    Handler = Callable[[Request, Exception], Awaitable[Response]]

_HTTP = {404: errors.NOT_FOUND, 405: errors.NOT_ALLOWED, 413: errors.TOO_LARGE}


def handlers(stage: Stage) -> dict[int | type[Exception], Handler]:
    """Exception -> the page that tells it."""
    pages = _Failures(stage)
    return {
        HTTPException: pages.by_status,
        RefusalError: pages.refused,
        TikTokAPIError: pages.failed,
    }


class _Failures:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def failed(self, request: Request, error: Exception) -> Response:
        """Tell of a failure: what happened, what to do, and what to quote when asking for help."""
        if not isinstance(error, TikTokAPIError):
            raise error
        details = {
            errors.ERROR: error.reason if isinstance(error, LoginError) else error.tiktok_code,
            common.CORRELATION_ID: error.correlation_id or current_correlation_id(),
            common.LOG_ID: error.log_id,
        }
        return await self._tell(
            request, error.status_code, errors.explain(error), error.hint, details
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        """Tell that a page says no."""
        if not isinstance(error, RefusalError):
            raise error
        return await self._tell(request, error.status, error.story)

    async def by_status(self, request: Request, error: Exception) -> Response:
        """Tell of what Starlette itself refuses."""
        if not isinstance(error, HTTPException):
            raise error
        story = _HTTP.get(error.status_code, errors.NOT_FOUND)
        return await self._tell(request, error.status_code, story)

    async def _tell(
        self,
        request: Request,
        status: int,
        story: errors.Story,
        hint: str = "",
        details: dict[str, str | None] | None = None,
    ) -> Response:
        visitor = await self._stage.desk.visitor(request)
        request.state.visitor = visitor
        told = {name: value for name, value in (details or {}).items() if value}
        return self._stage.page(
            request,
            "error",
            status=status,
            story=story,
            # A hint is for who runs the service, not for who was invited.
            hint=hint if visitor is not None else "",
            details=told,
            where=_where(request),
        )


def _where(request: Request) -> str:
    """The page that a failed button was on."""
    path = request.url.path
    return path.rpartition("/")[0] if path.startswith("/accounts/") else "/"
