"""A log line for each request to the service: never with its query, nor with a link's secret."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Scope, Send

_SECRET_PATHS = ("/signin/", "/connect/")
_LONGEST_PATH = 256


class RequestLog:
    """Writes to the logger ``tiktok_oauth.requests``, which shows its lines at any level."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("tiktok_oauth.requests")
        self._logger.setLevel(logging.INFO)

    def around(self, scope: Scope, send: Send, call_id: str) -> Send:
        """Tell how a request went when its answer has ended."""
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._tell(scope, status, time.perf_counter() - began, call_id)

        return watched

    def _tell(self, scope: Scope, status: int, seconds: float, call_id: str) -> None:
        client = scope.get("client")
        data = {
            "method": scope["method"],
            "path": shown_path(scope),
            "status": status,
            "duration": f"{seconds * 1000:.0f}ms",
            "client": None if client is None else client[0],
            "correlationId": call_id,
        }
        self._logger.info("[TikTokOAuth] serve - Request", extra={"data": data})


def shown_path(scope: Scope) -> str:
    """A request's path as it came, in visible ASCII; a link's secret is left out."""
    raw = scope.get("raw_path") or b"/"
    path: str = raw.decode("latin-1").encode("ascii", "backslashreplace").decode()
    for prefix in _SECRET_PATHS:
        if path.startswith(prefix):
            return f"{prefix}..."
    return path[:_LONGEST_PATH]
