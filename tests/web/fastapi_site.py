"""A FastAPI app with TikTok logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tests.web.browser import Site, make_client
from tests.web.starlette_site import KEY, AsgiBrowser
from tiktok_oauth import AsyncAccount
from tiktok_oauth.web.fastapi import TikTokLogin

if TYPE_CHECKING:
    from tests.support.vault import Town


def make_app(vault: Any, heard: list[Any], **settings: Any) -> FastAPI:  # noqa: ANN401 - as TikTokLogin takes them
    """An app over a vault."""

    async def hear_login(_: Request, result: object) -> None:
        heard.append(result)

    async def hear_webhook(event: object) -> None:
        heard.append(event)

    login = TikTokLogin(vault, KEY, on_login=hear_login, on_webhook=hear_webhook, **settings)
    app = FastAPI()
    login.install(app)
    optional = Depends(login.current_account)

    async def home(request: Request, account: AsyncAccount | None = optional) -> HTMLResponse:
        form = login.form(request)
        shown = account.open_id if account else "nobody"
        return HTMLResponse(f"<form action={form.action}>{form.hidden}</form><b>{shown}</b>")

    async def profile(
        account: Annotated[AsyncAccount, Depends(login.account)], fields: str = "display_name"
    ) -> str:
        user = await account.user_info(fields)
        return user.display_name or ""

    # With deferred annotations FastAPI looks names up in the module, which has no ``login``.
    profile.__annotations__["account"] = Annotated[AsyncAccount, Depends(login.account)]
    app.get("/", response_class=HTMLResponse)(home)
    app.get("/profile")(profile)
    return app


def open_site(town: Town, **settings: Any) -> Site:  # noqa: ANN401 - as TikTokLogin takes them
    """Put an app before a town."""
    vault = town.vault(make_client(town))
    heard: list[Any] = []
    app = make_app(vault, heard, **settings)
    return Site("fastapi", town, vault, lambda **more: AsgiBrowser(app, town, **more), heard)
