"""What Starlette and FastAPI have of their own: sessions in a cookie, dependencies, OpenAPI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.web.browser import ORIGIN
from tests.web.starlette_site import KEY, AsgiBrowser
from tiktok_oauth import ValidationError
from tiktok_oauth.web.fastapi import TikTokLogin as FastApiLogin
from tiktok_oauth.web.starlette import TikTokLogin

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tests.web.browser import Site

SESSION = "__Host-tiktok-session"


@pytest.fixture(params=["starlette", "fastapi"])
def asgi_site(request: pytest.FixtureRequest, open_site: Callable[..., Site]) -> Site:
    """A site of either framework."""
    return open_site(request.param)


def test_each_login_begins_a_new_session(asgi_site: Site) -> None:
    """One that somebody has planted beforehand is worth nothing afterwards."""
    browser = asgi_site.browser()
    sessions = []

    for _ in range(2):
        browser.connect()
        sessions.append(browser.cookies[SESSION])

    assert sessions[0] != sessions[1]


def test_a_session_that_was_changed_is_none(asgi_site: Site) -> None:
    """Its signature says so."""
    browser = asgi_site.browser()
    browser.connect()
    browser.cookies[SESSION] += "a"

    assert browser.shown == "nobody"


def test_a_program_without_an_account_is_told_so(open_site: Callable[..., Site]) -> None:
    """By the dependency, which answers 401."""
    answer = open_site("fastapi").browser().ask("GET", "/profile", b"", accept="*/*")

    assert answer.status == 401
    assert json.loads(answer.text)["error"]["message"] == "No TikTok account is connected."


def test_the_openapi_document_names_the_session(open_site: Callable[..., Site]) -> None:
    """As a security scheme of what needs an account; the routes for browsers are not in it."""
    document = json.loads(open_site("fastapi").browser().get("/openapi.json").text)

    assert document["components"]["securitySchemes"]["TikTok session"] == {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION,
        "description": "Set when somebody has connected a TikTok account.",
    }
    assert document["paths"]["/profile"]["get"]["security"] == [{"TikTok session": []}]
    assert set(document["paths"]) == {"/", "/profile"}


def test_a_form_wants_the_middleware(asgi_site: Site) -> None:
    """Without it no cookie would be set, and no form would ever be accepted."""
    login = TikTokLogin(asgi_site.vault, KEY)

    async def home(request: Request) -> Response:
        return HTMLResponse(login.form(request).hidden)

    browser = AsgiBrowser(Starlette(routes=[Route("/", home)]), asgi_site.town)
    with pytest.raises(RuntimeError, match="install"):
        browser.get("/")


def test_an_error_of_anything_else_is_not_ours(asgi_site: Site) -> None:
    """It goes on to whoever answers it."""
    login = TikTokLogin(asgi_site.vault, KEY)

    async def broken(_: Request) -> Response:
        raise ZeroDivisionError

    app = Starlette(
        routes=[Route("/", broken)], exception_handlers={ZeroDivisionError: login.answer_error}
    )
    with pytest.raises(ZeroDivisionError):
        AsgiBrowser(app, asgi_site.town).get("/")


def test_behind_a_proxy_the_app_is_served_under_a_path(asgi_site: Site) -> None:
    """The redirect URI has it, and the app's own routes have not."""
    town = asgi_site.town
    client = town.client(redirect_uri=f"{ORIGIN}/shop/tiktok/callback")
    login = FastApiLogin(town.vault(client), KEY, root_path="/shop")

    assert [route.path for route in login.routes] == [
        "/tiktok/callback",
        "/tiktok/login",
        "/tiktok/logout",
        "/tiktok/disconnect",
        "/tiktok/webhook",
    ]


def test_settings_are_judged_at_once(asgi_site: Site) -> None:
    """A short key, or a redirect URI without a path, is no surprise for the first visitor."""
    with pytest.raises(ValidationError, match="key"):
        TikTokLogin(asgi_site.vault, "short")
    bare = asgi_site.town.vault(asgi_site.town.client(redirect_uri=f"{ORIGIN}/"))
    with pytest.raises(ValidationError, match="path of its own"):
        TikTokLogin(bare, KEY)
