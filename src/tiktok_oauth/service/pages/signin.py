"""Signing in, by link, password or API key; and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tiktok_oauth.service.pages.stage import SIGNIN_PATH
from tiktok_oauth.service.words import signin as words
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.pages.stage import Stage
    from tiktok_oauth.service.signin.sessions import Session


def routes(stage: Stage) -> list[Route]:
    """The door."""
    views = _Views(stage)
    return [
        Route(SIGNIN_PATH, views.door, methods=["GET"]),
        Route(SIGNIN_PATH, views.enter, methods=["POST"]),
        Route(f"{SIGNIN_PATH}/{{token}}", views.by_link, methods=["GET"]),
        Route("/signout", views.leave, methods=["POST"]),
    ]


class _Views:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._desk = stage.desk

    async def door(self, request: Request) -> Response:
        """Show the ways in; whoever is in already is led on."""
        if await self._desk.visitor(request) is not None:
            return RedirectResponse("/", 303)
        return self._door(request)

    async def enter(self, request: Request) -> Response:
        """Let somebody in who knows the password, or has a key."""
        form = await self._stage.form(request)
        wait = await self._desk.attempt(request)
        if wait:
            return self._busy(request, wait)
        session = await self._judge(Secret(form.get("key", "")), Secret(form.get("password", "")))
        if session is None:
            return self._door(request, 403, words.WRONG, words.WRONG_DETAIL)
        await self._desk.forgive(request)
        return self._let_in(session)

    async def by_link(self, request: Request) -> Response:
        """Let in whoever opens the one-time link first."""
        # Browsers and chat programs that only look ahead must not use it up.
        if request.method == "HEAD" or request.headers.get("sec-purpose"):
            return Response(status_code=204)
        wait = await self._desk.attempt(request)
        if wait:
            return self._busy(request, wait)
        session = await self._desk.by_link(Secret(request.path_params["token"]))
        if session is None:
            if await self._desk.visitor(request) is not None:
                return RedirectResponse("/", 303)
            return self._door(request, 403, words.LINK_USED, words.LINK_USED_DETAIL)
        await self._desk.forgive(request)
        return self._let_in(session)

    async def leave(self, request: Request) -> Response:
        """Sign out: the session is nobody's from now on, and the browser keeps nothing of it."""
        await self._stage.form(request)
        response = RedirectResponse(SIGNIN_PATH, 303, {"clear-site-data": '"cache", "storage"'})
        self._desk.sessions.keep(response, await self._desk.leave(request))
        return response

    async def _judge(self, key: Secret, password: Secret) -> Session | None:
        if key.reveal():
            return await self._desk.by_key(key)
        return await self._desk.by_password(password)

    def _let_in(self, session: Session) -> Response:
        response = RedirectResponse("/", 303)
        self._desk.sessions.keep(response, session)
        return response

    def _busy(self, request: Request, wait: int) -> Response:
        response = self._door(request, 429, words.TOO_MANY, words.TOO_MANY_DETAIL)
        response.headers["retry-after"] = str(wait)
        return response

    def _door(
        self, request: Request, status: int = 200, problem: str = "", detail: str = ""
    ) -> Response:
        return self._stage.page(
            request,
            "signin",
            status=status,
            problem=problem,
            detail=detail,
            takes_links=self._desk.takes_links,
            takes_passwords=self._desk.takes_passwords,
        )
