"""All pages, and how they tell what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount

from tiktok_oauth.service.pages import (
    accounts,
    back,
    connect,
    dashboard,
    failures,
    live,
    signin,
)
from tiktok_oauth.service.pages.profiles import Profiles
from tiktok_oauth.service.pages.stage import Stage
from tiktok_oauth.service.pages.static import StaticPages
from tiktok_oauth.service.signin.desk import Desk

if TYPE_CHECKING:
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.pages.failures import Handler

_ROOMS = (signin, dashboard, connect, accounts, back, live)


def routes(office: Office) -> list[BaseRoute]:
    """All pages, the stream they listen to, and the files they load."""
    stage = _open_stage(office)
    pages: list[BaseRoute] = [route for room in _ROOMS for route in room.routes(stage)]
    return [*pages, Mount("/static", StaticPages())]


def exception_handlers(office: Office) -> dict[int | type[Exception], Handler]:
    """Exception -> the page that tells it."""
    return failures.handlers(_open_stage(office))


def _open_stage(office: Office) -> Stage:
    return Stage(office, Desk(office), Profiles(office.store.database))
