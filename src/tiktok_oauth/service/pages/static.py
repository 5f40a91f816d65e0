"""The files that pages load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.staticfiles import StaticFiles

from tiktok_oauth.service.pages.rendering import STATIC

if TYPE_CHECKING:
    import os

    from starlette.responses import Response
    from starlette.types import Scope


class StaticPages(StaticFiles):
    """Our own style sheets, scripts and pictures; browsers ask whether they have changed."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """A file, to be kept and asked for again."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response
