"""A website with FastAPI: people connect their TikTok account, and see their own profile.

    $ pip install "tiktok-oauth[fastapi]" uvicorn
    $ export APP_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(32))")
    $ uvicorn fastapi_app:app --port 8000

It needs TIKTOK_CLIENT_KEY, TIKTOK_CLIENT_SECRET and a TIKTOK_REDIRECT_URI such as
http://127.0.0.1:8000/tiktok/callback: from your app, or from `tiktok-oauth sandbox`.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from html import escape
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tiktok_oauth import AsyncAccount, AsyncTikTokOAuth, AsyncTokenVault
from tiktok_oauth.web.fastapi import TikTokLogin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

client = AsyncTikTokOAuth()
vault = AsyncTokenVault(
    client, store=os.environ.get("TIKTOK_OAUTH_DATABASE_URL", "sqlite:///tokens.db")
)
login = TikTokLogin(vault, os.environ["APP_KEY"])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the vault before the client when the server ends."""
    async with client, vault:
        yield


app = FastAPI(lifespan=lifespan)
login.install(app)


@app.get("/", response_class=HTMLResponse)
async def home(request: Request) -> str:
    """A button to connect, or who is connected and a button to disconnect."""
    account = await login.current_account(request)
    if account is None:
        form, button, title = login.form(request), "Connect TikTok", "Hello"
    else:
        user = await account.user_info(["display_name"])
        form, button = login.form(request, "disconnect"), "Disconnect"
        title = f"Hello, {escape(user.display_name or account.open_id)}"
    return (
        f"<!doctype html><title>My site</title><h1>{title}</h1>"
        f'<form method="post" action="{form.action}">{form.hidden}<button>{button}</button></form>'
    )


@app.get("/api/me")
async def me(account: Annotated[AsyncAccount, Depends(login.account)]) -> dict[str, object]:
    """The visitor's profile; 401 where nobody is connected, and see /docs."""
    user = await account.user_info(["display_name", "avatar_url"])
    return {"name": user.display_name, "avatar": user.avatar_url, "scopes": sorted(account.scopes)}
