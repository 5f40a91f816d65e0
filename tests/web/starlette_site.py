"""A Starlette app with TikTok logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from httpx2 import ASGITransport
from httpx2 import Request as HttpRequest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.web.browser import Answer, Browser, Site, make_client
from tiktok_oauth.web.starlette import TikTokLogin
from tiktok_oauth.web.words import not_connected

if TYPE_CHECKING:
    from starlette.requests import Request

    from tests.support.vault import Town

KEY = "a key of the site's own, long enough"


class AsgiBrowser(Browser):
    """A browser in the event loop of the site's town: there is no thread to start for it."""

    def __init__(self, app: Any, town: Town, user: str | None = None) -> None:  # noqa: ANN401 - any ASGI app
        super().__init__(town, user)
        self._app = app

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Make one request."""
        request = HttpRequest(method, url, headers=headers, content=body)
        answer: Answer = self.town.do(self._send, request)
        return answer

    async def _send(self, request: HttpRequest) -> Answer:
        response = await ASGITransport(self._app).handle_async_request(request)
        text = (await response.aread()).decode()
        return Answer(response.status_code, list(response.headers.multi_items()), text)


def open_site(town: Town, **settings: Any) -> Site:  # noqa: ANN401 - as TikTokLogin takes them
    """Put an app before a town."""
    vault = town.vault(make_client(town))
    heard: list[Any] = []
    login = TikTokLogin(
        vault,
        KEY,
        on_login=lambda _, result: heard.append(result),
        on_webhook=heard.append,
        **settings,
    )

    async def home(request: Request) -> Response:
        account = await login.current_account(request)
        form = login.form(request)
        shown = account.open_id if account else "nobody"
        return HTMLResponse(f"<form action={form.action}>{form.hidden}</form><b>{shown}</b>")

    async def profile(request: Request) -> Response:
        account = await login.current_account(request)
        if account is None:
            raise not_connected()
        user = await account.user_info(request.query_params.get("fields", "display_name"))
        return HTMLResponse(user.display_name or "")

    app = Starlette(routes=[Route("/", home), Route("/profile", profile)])
    login.install(app)
    return Site("starlette", town, vault, lambda **more: AsgiBrowser(app, town, **more), heard)


def user_of(request: Request) -> str | None:
    """Who makes a request, in a site with users."""
    return request.headers.get("x-user")
