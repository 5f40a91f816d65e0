"""TikTok logins for Starlette: routes, the current account, and answers to errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol.webhook import LONGEST_BODY
from tiktok_oauth.web import signing
from tiktok_oauth.web.desks import Desk
from tiktok_oauth.web.flow import LONGEST_FORM, NO_STORE, Address, Visit, read_form
from tiktok_oauth.web.pages import POLICY, Form, error_headers, error_html, error_json, wants_html
from tiktok_oauth.web.stories import LoginSettings, Stories

try:
    from starlette.datastructures import MutableHeaders
    from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotations
    from starlette.responses import HTMLResponse, RedirectResponse, Response
    from starlette.routing import Route
except ImportError as _missing:
    raise ImportError(
        "Starlette is not installed: run `pip install tiktok-oauth[fastapi]`"
    ) from _missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tiktok_oauth.types import WebhookEvent
    from tiktok_oauth.vault.account import AsyncAccount
    from tiktok_oauth.vault.aio import AsyncTokenVault
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.web.flow import Cookie, Reply

    User = Callable[[Request], Awaitable[str | None] | str | None]
    LoginHook = Callable[[Request, LoginResult[AsyncAccount]], Awaitable[None] | None]
    WebhookHook = Callable[[WebhookEvent], Awaitable[None] | None]

T = TypeVar("T")

_COOKIES = "tiktok_oauth.cookies"


class TikTokLogin:
    """TikTok logins for an app: a callback at the redirect URI's path, and four routes beside it.

    ``login``, ``logout``, ``disconnect`` and ``webhook`` take POST only, and all but the webhook
    want the hidden field of a form of the site's own.

    Who is here is kept in a signed cookie: client key and open_id, and nothing secret.

    Args:
        vault: where the tokens are kept.
        key: signs sessions and forms: text of at least 32 characters, or several while it is
            changed, the new one first. The same for all processes of the site.
        scopes: what to ask for; the client's default when None.
        user: tells the site's own name for whoever makes a request, or None. Given one, accounts
            belong to users, and only a user may connect one.
        on_login: hears of each finished login, before the redirect.
        on_webhook: hears of each webhook, once the vault has acted on it. TikTok repeats itself.
        home: where people go when a login named no other place.
        client_key: which app, when the vault has several.
        root_path: the path under which a proxy serves the whole app, as ASGI servers take it.
        webhook_max_age: seconds since TikTok signed a webhook; None takes any age.

    Raises:
        ValidationError: an argument is wrong, or the redirect URI has no path of its own.
        InvalidCredentialsError: the client's redirect URI cannot be right.
    """

    def __init__(  # noqa: PLR0913 - every setting has a default and a name
        self,
        vault: AsyncTokenVault,
        key: str | Sequence[str],
        *,
        scopes: Sequence[str] | str | None = None,
        user: User | None = None,
        on_login: LoginHook | None = None,
        on_webhook: WebhookHook | None = None,
        home: str = "/",
        client_key: str | None = None,
        root_path: str = "",
        webhook_max_age: float | None = 300.0,
    ) -> None:
        self._address = Address(vault.redirect_uri(client_key))
        self._home, self._root = home, root_path
        self._signer = signing.Signer(key)
        self._user, self._on_login, self._on_webhook = user, on_login, on_webhook
        settings = LoginSettings(
            self._address,
            scopes=scopes,
            client_key=client_key,
            home=home,
            needs_user=user is not None,
            keeps_user=user is not None,
            webhook_max_age=webhook_max_age,
        )
        self._stories: Stories[AsyncAccount] = Stories(Desk(vault), settings)

    @property
    def session_cookie(self) -> str:
        """The name of the cookie that tells who is here."""
        return signing.session_name(self._address)

    @property
    def routes(self) -> list[Route]:
        """The five routes."""
        address, post = self._address, ["POST"]
        return [
            Route(self._path(address.callback_path), self._callback, methods=["GET"]),
            Route(self._path(address.beside("login")), self._start, methods=post),
            Route(self._path(address.beside("logout")), self._sign_out, methods=post),
            Route(self._path(address.beside("disconnect")), self._disconnect, methods=post),
            Route(self._path(address.beside("webhook")), self._webhook, methods=post),
        ]

    def install(self, app: Starlette) -> None:
        """Give an app the routes, the middleware that sets cookies, and the answers to errors."""
        app.router.routes.extend(self.routes)
        app.add_middleware(CookieMiddleware)
        app.add_exception_handler(TikTokAPIError, self.answer_error)

    def form(self, request: Request, name: str = "login") -> Form:
        """What a form on one of your pages needs: where it posts to, and its hidden field.

        Args:
            request: the one that the page answers.
            name: ``login``, ``logout`` or ``disconnect``.

        Raises:
            RuntimeError: ``install`` was not called.
        """
        token, cookie = signing.form_token(self._signer, self._address, _visit_of(request))
        if cookie is not None:
            _to_be_set(request).append(cookie)
        return Form(self._address.beside(name), signing.FORM_FIELD, token)

    async def current_account(self, request: Request) -> AsyncAccount | None:
        """The visitor's account, if one is connected.

        Raises:
            StoreError: the store cannot be read.
        """
        return await self._stories.current(await self._visit(request))

    async def answer_error(self, request: Request, error: Exception) -> Response:
        """Answer an error of this library: a page for people, JSON for programs."""
        if not isinstance(error, TikTokAPIError):
            raise error
        visit = await self._visit(request)
        path = request.scope["path"]
        in_login = path in {self._address.callback_path, self._address.beside("login")}
        page, cookies = self._stories.problem(visit, error, in_login=in_login)
        headers = {**error_headers(page), "Content-Security-Policy": POLICY}
        if wants_html(request.headers.get("accept", "")):
            html = error_html(page, self.form(request), self._home)
            response: Response = HTMLResponse(html, page.status, headers)
        else:
            body = error_json(error, page)
            response = Response(body, page.status, headers, "application/json")
        return _with_cookies(response, cookies)

    async def _start(self, request: Request) -> Response:
        return self._answer(await self._stories.start(await self._posted(request)))

    async def _callback(self, request: Request) -> Response:
        reply, result = await self._stories.callback(await self._visit(request))
        if result is not None and self._on_login is not None:
            await _done(self._on_login(request, result))
        return self._answer(reply)

    async def _disconnect(self, request: Request) -> Response:
        return self._answer(await self._stories.disconnect(await self._posted(request)))

    async def _sign_out(self, request: Request) -> Response:
        return self._answer(self._stories.sign_out(await self._posted(request)))

    async def _webhook(self, request: Request) -> Response:
        body = await _read(request, LONGEST_BODY)
        visit = Visit(headers=dict(request.headers.items()), body=body)
        event = await self._stories.webhook(visit)
        if self._on_webhook is not None:
            await _done(self._on_webhook(event))
        return Response()

    async def _posted(self, request: Request) -> Visit:
        form = read_form(await _read(request, LONGEST_FORM))
        visit = await self._visit(request, form)
        signing.check_form(self._signer, self._address, visit)
        return visit

    async def _visit(self, request: Request, form: dict[str, str] | None = None) -> Visit:
        visit = _visit_of(request, form)
        user_id = None if self._user is None else await _done(self._user(request))
        visitor = signing.read_session(self._signer, self._address, visit, now=time.time())
        return replace(visit, user_id=user_id, visitor=visitor)

    def _answer(self, reply: Reply) -> Response:
        response = RedirectResponse(reply.location or self._home, reply.status, dict(NO_STORE))
        cookies = [*reply.cookies]
        if reply.sign_in is not None:
            now = time.time()
            cookies += [signing.session_cookie(self._signer, self._address, reply.sign_in, now=now)]
        if reply.sign_out:
            cookies += [signing.no_session(self._address)]
        return _with_cookies(response, cookies)

    def _path(self, path: str) -> str:
        return path.removeprefix(self._root)


class CookieMiddleware:
    """Sets the cookies that ``TikTokLogin.form`` asks for, whatever response a page makes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        cookies: list[Cookie] = []
        scope[_COOKIES] = cookies

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for cookie in cookies:
                    headers.append("set-cookie", cookie.header)
            await send(message)

        await self._app(scope, receive, send_with_cookies)


def _visit_of(request: Request, form: dict[str, str] | None = None) -> Visit:
    to_be_set = {cookie.name: cookie.value for cookie in request.scope.get(_COOKIES, ())}
    return Visit(
        query=request.scope["query_string"].decode("latin-1"),
        cookies={**request.cookies, **to_be_set},
        headers=dict(request.headers.items()),
        form=form or {},
    )


def _to_be_set(request: Request) -> list[Cookie]:
    cookies: list[Cookie] | None = request.scope.get(_COOKIES)
    if cookies is None:
        message = "The app lacks the middleware that sets cookies: call TikTokLogin.install(app)."
        raise RuntimeError(message)
    return cookies


def _with_cookies(response: Response, cookies: Iterable[Cookie]) -> Response:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.header)
    return response


async def _read(request: Request, limit: int) -> bytes:
    """A request's raw body; of one that is too long, enough to see that it is."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            break
    return bytes(body)


async def _done(outcome: T | Awaitable[T]) -> T:
    return await outcome if isinstance(outcome, Awaitable) else outcome
