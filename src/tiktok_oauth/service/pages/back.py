"""The rooms at the back: webhooks, API keys, settings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.service.pages.accounts import account_path
from tiktok_oauth.service.pages.stage import RefusalError
from tiktok_oauth.service.words import errors

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.pages.stage import Stage
    from tiktok_oauth.service.registry.rows import LedgerLine, NewKey, Scope

_PAGE = 50


def routes(stage: Stage) -> list[Route]:
    """Their pages."""
    views = _Views(stage)
    return [
        Route("/webhooks", stage.private(views.webhooks), methods=["GET"]),
        Route("/keys", stage.private(views.keys), methods=["GET"]),
        Route("/keys", stage.private(views.create_key), methods=["POST"]),
        Route("/keys/{key_id}/revoke", stage.private(views.revoke_key), methods=["POST"]),
        Route("/settings", stage.private(views.settings), methods=["GET"]),
    ]


class _Views:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._settings = stage.office.settings
        self._registry = stage.office.registry

    async def webhooks(self, request: Request) -> Response:
        """The ledger: what came, by which secret it was signed, and what it changed."""
        before = request.query_params.get("before", "")
        number = int(before) if before.isdecimal() and len(before) < 19 else None  # noqa: PLR2004 - fits 64 bits
        lines = await self._registry.ledger(_PAGE + 1, number)
        return self._stage.page(
            request,
            "webhooks",
            lines=[(line, _account_path(line)) for line in lines[:_PAGE]],
            address=f"{self._settings.public_url}/webhooks/tiktok",
            is_first=number is None,
            following=lines[_PAGE - 1].number if len(lines) > _PAGE else None,
        )

    async def keys(self, request: Request) -> Response:
        """List the keys."""
        return await self._keys(request)

    async def create_key(self, request: Request) -> Response:
        """Make a key, and show it this once."""
        form = await self._stage.form(request)
        scope: Scope = form.get("scope", "")  # type: ignore[assignment]  # judged by the registry
        try:
            made = await self._registry.create_key(form.get("name", ""), scope)
        except ValidationError as error:
            return await self._keys(request, problem=error.message)
        return await self._keys(request, made=made)

    async def revoke_key(self, request: Request) -> Response:
        """Let a key be good for nothing."""
        await self._stage.form(request)
        if not await self._registry.revoke_key(request.path_params["key_id"]):
            raise RefusalError(404, errors.NOT_FOUND)
        return RedirectResponse("/keys", 303)

    async def settings(self, request: Request) -> Response:
        """Show what the service was told, without secrets."""
        return self._stage.page(request, "settings", groups=self._settings.masked())

    async def _keys(
        self, request: Request, *, made: NewKey | None = None, problem: str | None = None
    ) -> Response:
        return self._stage.page(
            request,
            "keys",
            status=400 if problem else 200,
            keys=await self._registry.list_keys(),
            made=made,
            problem=problem,
            public_url=self._settings.public_url,
            wall=time.time(),
        )


def _account_path(line: LedgerLine) -> str | None:
    delivery = line.delivery
    return account_path(delivery.client_key, delivery.open_id) if delivery.open_id else None
