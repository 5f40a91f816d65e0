"""The addresses that watch over the service: ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tiktok_oauth.errors import StoreError
from tiktok_oauth.service.api.guard import Guard
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.clock import room_of
from tiktok_oauth.service.figures.health import GOOD, Health
from tiktok_oauth.service.figures.prometheus import CONTENT_TYPE, as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from tiktok_oauth.service.office import Office

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def routes(office: Office) -> Sequence[Route]:
    """Where probes and Prometheus ask."""
    watch = _Watch(office)
    return [
        Route("/healthz", watch.healthz),
        Route("/readyz", watch.readyz),
        Route("/metrics", watch.metrics),
    ]


class _Watch:
    """One method an address."""

    def __init__(self, office: Office) -> None:
        self._board = office.board
        self._health = Health(room_of(office.vault).site, office.board)
        self._token = office.settings.metrics_token
        self._guard = Guard(office.registry, office.settings.rate_limit)

    async def healthz(self, _request: Request) -> Response:
        """The process answers, and that is all it says."""
        return JSONResponse({"status": GOOD})

    async def readyz(self, _request: Request) -> Response:
        """503 while something is missing; it says what."""
        checks = await self._health.checks()
        is_ready = all(state == GOOD for state in checks.values())
        return JSONResponse(
            {"status": "ready" if is_ready else "not ready", "checks": checks},
            200 if is_ready else 503,
        )

    async def metrics(self, request: Request) -> Response:
        """The figures for Prometheus: for programs on this machine, a token, and API keys."""
        sent = request.headers.get("authorization", "")
        if not (_is_near(request) or self._is_token(sent)):
            try:
                await self._guard.admit(request.scope, "read")
            except RefusalError:
                return Response(status_code=401, headers={"www-authenticate": "Bearer"})
            except StoreError:
                return Response(status_code=503)
        totals = await asyncio.to_thread(self._board.totals)
        return Response(as_text(totals), media_type=CONTENT_TYPE)

    def _is_token(self, sent: str) -> bool:
        if self._token is None:
            return False
        wanted = f"Bearer {self._token.reveal()}".encode()
        return hmac.compare_digest(sent.encode(), wanted)


def _is_near(request: Request) -> bool:
    """Whether a program on this machine asks for itself, and is no proxy that asks for others."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    host = "" if request.client is None else request.client.host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
