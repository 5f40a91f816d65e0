"""The service as an ASGI app: connect, come back, see the account."""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import LoginError, TikTokAPIError, login_error
from tiktok_oauth.protocol.authorize import callback_error, parse_callback
from tiktok_oauth.service import forms
from tiktok_oauth.service.accounts import Accounts, ConnectedAccount
from tiktok_oauth.service.door import HEALTH_PATH, Door
from tiktok_oauth.service.logins import LIFETIME, PendingLogins, cookie_name
from tiktok_oauth.service.pages import STATIC, render
from tiktok_oauth.service.words import SCOPES, explain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from tiktok_oauth.aio import AsyncTikTokOAuth
    from tiktok_oauth.service.settings import ServiceSettings


def create_app(
    client: AsyncTikTokOAuth,
    settings: ServiceSettings,
    *,
    clock: Callable[[], float] = time.time,
) -> ASGIApp:
    """Return the service over a client, which it closes when it ends."""
    views = _Views(client, settings, clock)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    app = Starlette(
        routes=[
            Route("/", views.home),
            Route("/connect", views.connect, methods=["POST"]),
            Route(settings.callback_path, views.callback),
            Route("/accounts/{open_id}", views.account),
            Route("/accounts/{open_id}/disconnect", views.disconnect, methods=["POST"]),
            Route(HEALTH_PATH, views.healthz),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={
            404: views.not_found,
            405: views.not_found,
            TikTokAPIError: views.failed,
        },
        lifespan=lifespan,
    )
    # Around everything, so that even the answer to a crash carries its headers.
    return Door(app, settings)


class _Views:
    """One method per page."""

    def __init__(
        self, client: AsyncTikTokOAuth, settings: ServiceSettings, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._guard = forms.FormGuard()
        self._logins = PendingLogins()
        self._accounts = Accounts()

    async def home(self, request: Request) -> Response:
        """Offer to connect, and list who is connected."""
        return self._page(request, "home", accounts=list(self._accounts))

    async def connect(self, request: Request) -> Response:
        """Start a login, and tie it to this browser."""
        if not await self._guard.is_ours(request):
            return self._forged(request)
        # Without this TikTok would silently connect the account of the last time again.
        start = await self._client.get_authorization_url(disable_auto_auth=True)
        binding = secrets.token_urlsafe(32)
        self._logins.begin(self._clock(), start, binding)
        response = RedirectResponse(start.url, 303)
        self._set_cookie(
            response,
            cookie_name(start.state),
            binding,
            path=self._settings.callback_path,
            max_age=LIFETIME,
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Finish a login. Neither code nor error is believed before the state is checked."""
        state = request.query_params.get("state", "")
        name = cookie_name(state)
        verifier = self._logins.take(self._clock(), state, request.cookies.get(name, ""))
        answer = parse_callback(request.scope["query_string"].decode("latin-1"))
        if answer.error == "access_denied":
            raise login_error("denied")
        if answer.code is None:
            raise callback_error(answer)
        tokens = await self._client.exchange_code_for_tokens(
            answer.code.reveal(), code_verifier=None if verifier is None else verifier.reveal()
        )
        account = ConnectedAccount(tokens, self._clock())
        # Kept before anything else can fail: the code is spent now.
        self._accounts.put(account)
        user = await self._client.get_user_info(tokens.access_token)
        self._accounts.put(replace(account, user=user))
        response = RedirectResponse(_path(account), 303)
        response.delete_cookie(name, path=self._settings.callback_path)
        return response

    async def account(self, request: Request) -> Response:
        """Show one account."""
        account = self._accounts.get(request.path_params["open_id"])
        if account is None:
            return await self.not_found(request, None)
        scopes = {name: SCOPES.get(name, "") for name in account.tokens.scope.split(",")}
        return self._page(request, "account", account=account, scopes=scopes)

    async def disconnect(self, request: Request) -> Response:
        """Revoke the access at TikTok, and forget the account."""
        if not await self._guard.is_ours(request):
            return self._forged(request)
        account = self._accounts.get(request.path_params["open_id"])
        if account is None:
            return await self.not_found(request, None)
        await self._client.revoke_access(account.tokens.access_token)
        self._accounts.remove(account.open_id)
        return RedirectResponse("/", 303)

    async def healthz(self, _request: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"})

    async def failed(self, request: Request, error: Exception) -> Response:
        """Explain a failure: what happened, what to do, and what to quote when asking for help."""
        if not isinstance(error, TikTokAPIError):
            raise error
        title, advice = explain(error)
        details = {
            "Error": error.reason if isinstance(error, LoginError) else error.tiktok_code,
            "Correlation ID": error.correlation_id or current_correlation_id(),
            "TikTok log ID": error.log_id,
        }
        return self._page(
            request,
            "error",
            status=error.status_code,
            title=title,
            advice=advice,
            hint=error.hint,
            details={name: value for name, value in details.items() if value},
        )

    async def not_found(self, request: Request, _error: Exception | None) -> Response:
        """Say that there is no such page, and lead back."""
        advice = "It may have been an account that is no longer connected."
        return self._simple_error(request, 404, "There is nothing here", advice)

    def _forged(self, request: Request) -> Response:
        advice = "The page was too old, or cookies are switched off. Please try again from here."
        return self._simple_error(request, 403, "That button did not come from this page", advice)

    def _simple_error(self, request: Request, status: int, title: str, advice: str) -> Response:
        return self._page(
            request, "error", status=status, title=title, advice=advice, hint="", details={}
        )

    def _page(
        self, request: Request, name: str, *, status: int = 200, **context: object
    ) -> Response:
        cookie = request.cookies.get(forms.COOKIE) or forms.new_cookie()
        html = render(
            name,
            form_field=forms.FIELD,
            form_token=self._guard.token(cookie),
            now=self._clock(),
            path=_path,
            settings=self._settings,
            **context,
        )
        response = HTMLResponse(html, status)
        if forms.COOKIE not in request.cookies:
            self._set_cookie(response, forms.COOKIE, cookie, path="/", max_age=None)
        return response

    def _set_cookie(
        self, response: Response, name: str, value: str, *, path: str, max_age: int | None
    ) -> None:
        # Lax, not strict: the browser has to bring it along when TikTok sends it back.
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path=path,
            secure=self._settings.is_https,
            httponly=True,
            samesite="lax",
        )


def _path(account: ConnectedAccount) -> str:
    return f"/accounts/{quote(account.open_id, safe='')}"
