"""The service as an ASGI app: every room's routes, behind one door."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from tiktok_oauth.service.api import routes as api
from tiktok_oauth.service.door import Door
from tiktok_oauth.service.figures import routes as figures
from tiktok_oauth.service.pages import routes as pages
from tiktok_oauth.service.webhooks import routes as webhooks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

    from tiktok_oauth.service.office import Office


def create_app(office: Office) -> ASGIApp:
    """Return the service over an office, which it closes when it ends."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        office.board.start()
        works = [*webhooks.background(office)]
        if office.settings.is_sandbox:
            works.append(office.clock.follow())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await office.aclose()

    app = Starlette(
        routes=[
            *api.routes(office),
            *webhooks.routes(office),
            *figures.routes(office),
            *pages.routes(office),
        ],
        exception_handlers=pages.exception_handlers(office),
        lifespan=lifespan,
    )
    # Around everything, so that even the answer to a crash carries its headers.
    return Door(api.Shortcut(app), office.settings)
