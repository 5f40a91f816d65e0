"""Errors of this library in the project's own views are answered as in ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.web.django.views import answer_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class TikTokErrorMiddleware:
    """Answers a ``TikTokAPIError`` that a view lets through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve one request."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an error of ours; leave any other to Django."""
        return answer_error(request, error) if isinstance(error, TikTokAPIError) else None
