"""Connecting: who leaves for TikTok, who comes back, and where they go then."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.service.pages.accounts import account_path
from tiktok_oauth.service.pages.invitations import (
    DAY,
    RETURN_PATH,
    Invitation,
    Return,
    make_invitation,
    next_path,
)
from tiktok_oauth.service.pages.stage import RefusalError
from tiktok_oauth.service.settings import origin_of
from tiktok_oauth.service.signin.sessions import host_cookie
from tiktok_oauth.service.signin.signing import Signed, Signer
from tiktok_oauth.service.words import connect as words
from tiktok_oauth.service.words.errors import Story
from tiktok_oauth.service.words.scopes import explain
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.service.airlock.port import Finished
    from tiktok_oauth.service.pages.stage import Stage

_LOGIN_LIFETIME = 600
_MOST_LOGINS = 5
_NOBODYS = "none"
_DONE_PATH = "/connect/done"
_DONE_LIFETIME = 3_600.0


class Done(Signed, frozen=True, kw_only=True):
    """What somebody who was invited sees in the end. It names nobody."""

    granted: tuple[str, ...]
    missing: tuple[str, ...]


def routes(stage: Stage) -> list[Route]:
    """The pages of connecting."""
    views = _Views(stage)
    return [
        Route("/connect", stage.private(views.offer), methods=["GET"]),
        Route("/connect", stage.private(views.leave), methods=["POST"]),
        Route(f"{_DONE_PATH}/{{done}}", views.done, methods=["GET"]),
        Route(f"{RETURN_PATH}/{{address}}", views.lead_on, methods=["GET"]),
        Route("/connect/{invitation}", views.invited, methods=["GET"]),
        Route("/connect/{invitation}", views.leave_invited, methods=["POST"]),
        *(
            Route(path, stage.public(views.come_back), methods=["GET"])
            for path in stage.office.settings.callback_paths
        ),
    ]


class _Views:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._settings = stage.office.settings
        key = stage.office.session_key
        self._invitations = Signer(key, Invitation)
        self._returns = Signer(key, Return)
        self._dones = Signer(key, Done)

    async def offer(self, request: Request) -> Response:
        """Offer to connect, and explain what is asked for."""
        app = self._settings.apps[0]
        invitation = Invitation(until=time.time() + DAY, client_key=app.client_key)
        link = make_invitation(self._settings, self._stage.office.session_key, invitation)
        return self._stage.page(
            request,
            "connect",
            apps=[
                (app, [(scope, explain(scope)) for scope in app.scopes])
                for app in self._settings.apps
            ],
            link=link,
        )

    async def leave(self, request: Request) -> Response:
        """Begin a login for whoever has signed in."""
        form = await self._stage.form(request)
        # Without this TikTok would silently connect the account of the last time again.
        start = await self._stage.office.vault.begin_login(
            client_key=form.get("app") or self._settings.apps[0].client_key,
            disable_auto_auth=True,
        )
        return self._leave(request, start)

    async def invited(self, request: Request) -> Response:
        """Explain to somebody who was invited what they are asked for."""
        invitation = self._invitation(request)
        return self._stage.page(
            request,
            "invited",
            scopes=[(scope, explain(scope)) for scope in self._scopes(invitation)],
            is_again=invitation.open_id is not None,
        )

    async def leave_invited(self, request: Request) -> Response:
        """Begin a login for somebody who was invited."""
        await self._stage.form(request)
        invitation = self._invitation(request)
        start = await self._stage.office.vault.begin_login(
            self._scopes(invitation),
            user_id=invitation.user_id,
            next_url=next_path(
                self._settings,
                self._stage.office.session_key,
                invitation.next_url,
                time.time() + _DONE_LIFETIME,
            ),
            client_key=invitation.client_key,
            open_id=invitation.open_id,
            disable_auto_auth=True,
        )
        return self._leave(request, start)

    async def come_back(self, request: Request) -> Response:
        """Finish a login; a second callback leads where the first one did."""
        query = Secret(request.scope["query_string"].decode("latin-1"))
        state = request.query_params.get("state", "")
        # With none at all the vault could not tell another browser's login from an unknown one.
        binding = Secret(request.cookies.get(self._cookie(state)) or _NOBODYS)
        finish = self._stage.office.airlock.finish_login
        finished = await finish(query.reveal(), binding.reveal())
        target = finished.next_url or self._result(request, finished)
        # The address with the code in it is left at once, and is in nobody's history.
        return RedirectResponse(target, 303, background=BackgroundTask(self._look, finished))

    async def done(self, request: Request) -> Response:
        """Tell somebody who was invited that it worked."""
        done = self._dones.read(request.path_params["done"])
        if done is None:
            raise RefusalError(404, Story(words.EXPIRED, words.EXPIRED_DETAIL))
        return self._stage.page(
            request,
            "connected",
            granted=[(scope, explain(scope)) for scope in done.granted],
            missing=[(scope, explain(scope)) for scope in done.missing],
        )

    async def lead_on(self, request: Request) -> Response:
        """Lead to where the inviting program wants people to be.

        By a page, not by a redirect: browsers hold a form to the addresses that our policy
        names through every redirect that follows it.
        """
        address = self._returns.read(request.path_params["address"])
        if address is None:
            raise RefusalError(404, Story(words.FORGED, words.FORGED_DETAIL))
        return self._stage.page(request, "return", url=address.url, host=origin_of(address.url))

    def _invitation(self, request: Request) -> Invitation:
        text = request.path_params["invitation"]
        invitation = self._invitations.read(text)
        if invitation is not None and self._settings.app(invitation.client_key) is not None:
            return invitation
        if self._invitations.is_late(text):
            raise RefusalError(410, Story(words.EXPIRED, words.EXPIRED_DETAIL, "close"))
        raise RefusalError(404, Story(words.FORGED, words.FORGED_DETAIL, "close"))

    def _scopes(self, invitation: Invitation) -> tuple[str, ...]:
        app = self._settings.app(invitation.client_key)
        return invitation.scopes or (() if app is None else app.scopes)

    def _leave(self, request: Request, start: LoginStart) -> Response:
        response = RedirectResponse(start.url, 303)
        # One a login, so that tabs do not undo each other; not any number of them.
        others = [name for name in request.cookies if name.startswith(self._cookie(None))]
        for name in others[: max(0, len(others) - _MOST_LOGINS + 1)]:
            response.delete_cookie(name, path="/", secure=self._settings.is_https, httponly=True)
        [state] = parse_qs(urlsplit(start.url).query)["state"]
        response.set_cookie(
            self._cookie(state),
            start.binding,
            max_age=_LOGIN_LIFETIME,
            path="/",
            secure=self._settings.is_https,
            httponly=True,
            samesite="lax",
        )
        return response

    def _cookie(self, state: str | None) -> str:
        """The name of a login's cookie, which tells nothing of the state; or how all begin."""
        digest = (
            b""
            if state is None
            else hashlib.sha256(state.encode("utf-8", "surrogatepass")).digest()
        )
        return host_cookie(f"login-{digest.hex()[:16]}", is_https=self._settings.is_https)

    def _result(self, request: Request, finished: Finished) -> str:
        if request.state.visitor is not None:
            return f"{account_path(finished.client_key, finished.open_id)}?done=connected"
        done = Done(
            until=time.time() + _DONE_LIFETIME,
            granted=tuple(sorted(finished.granted)),
            missing=tuple(sorted(finished.missing)),
        )
        return f"{_DONE_PATH}/{self._dones.sign(done)}"

    async def _look(self, finished: Finished) -> None:
        """Read the new account's profile, so that lists know its name."""
        try:
            account = await self._stage.office.vault.account(
                finished.open_id, client_key=finished.client_key
            )
            await self._stage.profiles.read(account)
        except TikTokAPIError:
            # It is read again when somebody opens the account's page.
            return
