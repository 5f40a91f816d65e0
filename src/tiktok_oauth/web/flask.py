"""TikTok logins for Flask: a blueprint, the current account, and answers to errors."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from tiktok_oauth.engine.run import run
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.protocol.webhook import LONGEST_BODY
from tiktok_oauth.web import signing
from tiktok_oauth.web.desks import Desk
from tiktok_oauth.web.flow import NO_STORE, Address, Visit, Visitor
from tiktok_oauth.web.pages import POLICY, Form, error_headers, error_html, error_json, wants_html
from tiktok_oauth.web.stories import LoginSettings, Stories
from tiktok_oauth.web.words import not_connected

try:
    from flask import (
        Blueprint,
        Flask,
        Response,
        after_this_request,
        current_app,
        g,
        redirect,
        request,
        session,
    )
except ImportError as _missing:
    raise ImportError("Flask is not installed: run `pip install tiktok-oauth[flask]`") from _missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from werkzeug.wrappers import Response as AnyResponse

    from tiktok_oauth.types import WebhookEvent
    from tiktok_oauth.vault.account import Account
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.vault.vault import TokenVault
    from tiktok_oauth.web.flow import Cookie, Reply

    User = Callable[[], str | None]
    LoginHook = Callable[[LoginResult[Account]], None]
    WebhookHook = Callable[[WebhookEvent], None]

R = TypeVar("R", bound="AnyResponse")

_VISITOR = "tiktok_account"


class TikTokLogin:
    """TikTok logins for an app: a callback at the redirect URI's path, and four routes beside it.

    ``login``, ``logout``, ``disconnect`` and ``webhook`` take POST only, and all but the webhook
    want the hidden field of a form of the site's own. Who is here is kept in Flask's session:
    client key and open_id, and nothing secret. Templates have it all as ``tiktok``.

    Args:
        vault: where the tokens are kept.
        app: the app; else call ``init_app``.
        scopes: what to ask for; the client's default when None.
        user: tells the site's own name for whoever makes the request, or None. Given one, accounts
            belong to users, and only a user may connect one.
        on_login: hears of each finished login, before the redirect.
        on_webhook: hears of each webhook, once the vault has acted on it. TikTok repeats itself.
        home: where people go when a login named no other place.
        client_key: which app, when the vault has several.
        root_path: the path under which a proxy serves the whole app (``SCRIPT_NAME``).
        webhook_max_age: seconds since TikTok signed a webhook; None takes any age.

    Raises:
        ValidationError: an argument is wrong, or the redirect URI has no path of its own.
        InvalidCredentialsError: the client's redirect URI cannot be right.
    """

    def __init__(  # noqa: PLR0913 - every setting has a default and a name
        self,
        vault: TokenVault,
        app: Flask | None = None,
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
        self._stories: Stories[Account] = Stories(Desk(vault), settings)
        if app is not None:
            self.init_app(app)

    @cached_property
    def blueprint(self) -> Blueprint:
        """The five routes. They guard themselves: exempt them from an extension that does, too."""
        blueprint = Blueprint("tiktok", __name__)
        views = {
            "login": self._start,
            "logout": self._sign_out,
            "disconnect": self._disconnect,
            "webhook": self._webhook,
        }
        for name, view in views.items():
            path = self._path(self._address.beside(name))
            blueprint.add_url_rule(path, name, view, methods=["POST"])
        callback = self._path(self._address.callback_path)
        blueprint.add_url_rule(callback, "callback", self._callback, methods=["GET"])
        return blueprint

    def init_app(self, app: Flask) -> None:
        """Give an app the blueprint, ``tiktok`` in its templates, and the answers to errors."""
        app.register_blueprint(self.blueprint)
        app.register_error_handler(TikTokAPIError, self.answer_error)
        app.context_processor(lambda: {"tiktok": self})

    def form(self, name: str = "login") -> Form:
        """What a form on one of your pages needs: where it posts to, and its hidden field.

        Args:
            name: ``login``, ``logout`` or ``disconnect``.
        """
        token, cookie = signing.form_token(_signer(), self._address, self._visit())
        if cookie is not None:
            g.tiktok_cookies = {cookie.name: cookie.value}
            after_this_request(lambda response: _with_cookies(response, [cookie]))
        return Form(self._address.beside(name), signing.FORM_FIELD, token)

    def current_account(self) -> Account | None:
        """The visitor's account, if one is connected.

        Raises:
            StoreError: the store cannot be read.
        """
        return run(self._stories.current(self._visit()))

    def account(self) -> Account:
        """The visitor's account.

        Raises:
            InvalidTokenError: none is connected; the answer is 401.
            StoreError: the store cannot be read.
        """
        account = self.current_account()
        if account is None:
            raise not_connected()
        return account

    def answer_error(self, error: TikTokAPIError) -> AnyResponse:
        """Answer an error of this library: a page for people, JSON for programs."""
        in_login = request.endpoint in {"tiktok.callback", "tiktok.login"}
        page, cookies = self._stories.problem(self._visit(), error, in_login=in_login)
        headers = {**error_headers(page), "Content-Security-Policy": POLICY}
        if wants_html(request.headers.get("Accept", "")):
            html = error_html(page, self.form(), self._home)
            response = Response(html, page.status, headers, content_type="text/html; charset=utf-8")
        else:
            body = error_json(error, page)
            response = Response(body, page.status, headers, content_type="application/json")
        return _with_cookies(response, cookies)

    def _start(self) -> AnyResponse:
        return self._answer(run(self._stories.start(self._posted())))

    def _callback(self) -> AnyResponse:
        reply, result = run(self._stories.callback(self._visit()))
        if result is not None and self._on_login is not None:
            self._on_login(result)
        return self._answer(reply)

    def _disconnect(self) -> AnyResponse:
        return self._answer(run(self._stories.disconnect(self._posted())))

    def _sign_out(self) -> AnyResponse:
        return self._answer(self._stories.sign_out(self._posted()))

    def _webhook(self) -> AnyResponse:
        request.max_content_length = LONGEST_BODY
        visit = Visit(headers=_headers(), body=request.get_data(cache=False))
        event = run(self._stories.webhook(visit))
        if self._on_webhook is not None:
            self._on_webhook(event)
        return Response()

    def _posted(self) -> Visit:
        visit = self._visit()
        signing.check_form(_signer(), self._address, visit)
        return visit

    def _visit(self) -> Visit:
        known = session.get(_VISITOR)
        return Visit(
            query=request.query_string.decode("latin-1"),
            cookies={**request.cookies, **g.get("tiktok_cookies", {})},
            headers=_headers(),
            form=request.form.to_dict(),
            user_id=None if self._user is None else self._user(),
            visitor=None if known is None else Visitor(*known),
        )

    def _answer(self, reply: Reply) -> AnyResponse:
        if reply.sign_in is not None:
            _begin_session(reply.sign_in)
        if reply.sign_out:
            session.pop(_VISITOR, None)
        response = redirect(reply.location or self._home, reply.status)
        response.headers.update(NO_STORE)
        return _with_cookies(response, reply.cookies)

    def _path(self, path: str) -> str:
        return path.removeprefix(self._root)


def _begin_session(visitor: Visitor) -> None:
    """Remember who is here. Sessions that are kept on the server get a new name for it."""
    regenerate = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:
        regenerate(session)
    session[_VISITOR] = [visitor.client_key, visitor.open_id]


def _signer() -> signing.Signer:
    """Signs with the app's own secret, and knows the work of those it replaced."""
    keys = [current_app.secret_key, *(current_app.config.get("SECRET_KEY_FALLBACKS") or ())]
    if not any(keys):
        message = "The app has no SECRET_KEY: sessions and forms are signed with it."
        raise RuntimeError(message)
    given = [key.encode() if isinstance(key, str) else key for key in keys if key]
    return signing.Signer([hashlib.sha256(b"tiktok-oauth" + key).hexdigest() for key in given])


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}


def _with_cookies(response: R, cookies: Iterable[Cookie]) -> R:
    for cookie in cookies:
        response.headers.add("Set-Cookie", cookie.header)
    return response
