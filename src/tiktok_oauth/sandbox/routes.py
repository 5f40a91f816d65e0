"""The sandbox over HTTP: TikTok's paths, and a few of its own under ``/_sandbox/``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tiktok_oauth.sandbox import oauth
from tiktok_oauth.sandbox.authorize import AuthorizeError, allow, deny, read_request
from tiktok_oauth.sandbox.avatar import draw
from tiktok_oauth.sandbox.catalog import BASIC_SCOPE, DEFAULT_APP, SCOPES
from tiktok_oauth.sandbox.pages import REMEDIES, STATIC, page
from tiktok_oauth.sandbox.profile import ApiRefusal, user_info
from tiktok_oauth.sandbox.world import OAuthRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tiktok_oauth.sandbox.authorize import AuthorizationRequest
    from tiktok_oauth.sandbox.live import LiveWorld
    from tiktok_oauth.sandbox.world import World

AUTHORIZE_PATH = "/v2/auth/authorize/"
_ERROR_PATH = "/v2/auth/error/"
_FORM = "application/x-www-form-urlencoded"
_BODY_LIMIT = 64 * 1024
_FIELD_LIMIT = 100


def create_app(live: LiveWorld) -> ASGIApp:
    """Return the sandbox as an ASGI app over one world."""
    views = _Views(live)
    app = Starlette(
        routes=[
            Route("/", views.home),
            Route(AUTHORIZE_PATH, views.authorize, methods=["GET", "POST"]),
            Route(_ERROR_PATH, views.authorize_error),
            Route("/v2/oauth/token/", views.token, methods=["POST"]),
            Route("/v2/oauth/revoke/", views.revoke, methods=["POST"]),
            Route("/v2/user/info/", views.user_info),
            Route("/_sandbox/state", views.state),
            Route("/_sandbox/avatars/{person_id}.svg", views.avatar),
            Mount("/_sandbox/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers={405: _not_found},
    )
    return _announce_time(app, live)


class _Views:
    """One method per path; each asks the world once."""

    def __init__(self, live: LiveWorld) -> None:
        self._live = live

    async def home(self, request: Request) -> Response:
        """Tell a visitor what this is and how to point a client here."""
        return page("home", app=DEFAULT_APP, origin=_origin(request), authorize=AUTHORIZE_PATH)

    async def authorize(self, request: Request) -> Response:
        """Ask the person, or act on what the person decided."""
        # The state has to go back as it came, even when it is no text.
        params = _query(request, errors="surrogateescape")
        form = await _read_form(request) if request.method == "POST" else None
        with self._live as (world, now):
            try:
                asked = read_request(world, params)
            except AuthorizeError as refused:
                return RedirectResponse(f"{_ERROR_PATH}?{refused.query(world.log_id(now))}", 302)
            if form is None:
                return _ask(world, asked, params)
            if _field(form, "decision") != "allow":
                return RedirectResponse(deny(asked), 303)
            person_id = _field(form, "person")
            if person_id not in world.people:
                return _ask(world, asked, params)
            scopes = [value for name, value in form if name == "scope"]
            return RedirectResponse(allow(world, now, asked, person_id, scopes), 303)

    async def authorize_error(self, request: Request) -> Response:
        """Show what TikTok would show, and what to correct."""
        params = _query(request)
        error, error_type = params.get("error", ""), params.get("error_type", "")
        remedy = REMEDIES.get((error, error_type), "Nothing is known about this error.")
        return page(
            "error",
            error=error,
            error_type=error_type,
            err_code=params.get("errCode", ""),
            log_id=params.get("logid", ""),
            remedy=remedy,
        )

    async def token(self, request: Request) -> Response:
        """Exchange a code, refresh, or give a client token."""
        return await self._oauth(request, oauth.token)

    async def revoke(self, request: Request) -> Response:
        """Disconnect the app from a person."""
        return await self._oauth(request, oauth.revoke)

    async def _oauth(
        self,
        request: Request,
        answer: Callable[[World, float, Mapping[str, str]], oauth.Fields],
    ) -> Response:
        form = dict(await _read_form(request))
        with self._live as (world, now):
            log_id = world.log_id(now)
            try:
                status = 200
                _check_content_type(request)
                fields: Mapping[str, object] = answer(world, now, form)
            except OAuthRefusal as no:
                status = oauth.refusal_status(world, no.error)
                fields = {
                    "error": no.error,
                    "error_description": no.description,
                    "log_id": log_id,
                }
        return _json(status, fields, log_id)

    async def user_info(self, request: Request) -> Response:
        """Give the profile fields that were asked for and granted."""
        if request.method != "GET":
            return _not_found(request, None)
        scheme, _, access_token = request.headers.get("authorization", "").partition(" ")
        bearer = access_token if scheme.lower() == "bearer" else ""
        with self._live as (world, now):
            log_id = world.log_id(now)
            envelope: dict[str, object] = {}
            status, code, message = 200, "ok", ""
            try:
                fields = _query(request).get("fields", "")
                envelope["data"] = user_info(world, now, bearer, fields, origin=_origin(request))
            except ApiRefusal as no:
                status, code, message = no.status, no.code, no.message
                if no.with_data:
                    envelope["data"] = {}
        envelope["error"] = {"code": code, "message": message, "log_id": log_id}
        return _json(status, envelope, log_id)

    async def state(self, _request: Request) -> Response:
        """Tell the time and how much there is of everything; no secrets."""
        with self._live as (world, now):
            clock = {"now": int(now), "offset": int(world.offset)}
            return JSONResponse({"clock": clock, "counts": world.counts()})

    async def avatar(self, request: Request) -> Response:
        """Draw somebody."""
        with self._live as (world, _):
            person = world.people.get(request.path_params["person_id"])
        if person is None:
            return _not_found(request, None)
        policy = {"content-security-policy": "default-src 'none'", "cache-control": "max-age=3600"}
        return Response(draw(person), media_type="image/svg+xml", headers=policy)


def _announce_time(app: ASGIApp, live: LiveWorld) -> ASGIApp:
    """Put the sandbox's time on every answer, so that our own processes can age tokens by it."""

    async def stamped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-sandbox-time", b"%d" % live.now()))
            await send(message)

        await app(scope, receive, send_stamped)

    return stamped


def _ask(world: World, asked: AuthorizationRequest, params: dict[str, str]) -> Response:
    return page(
        "consent",
        form_action=f"'self' {asked.redirect_origin}",
        app=asked.app,
        people=world.people.values(),
        scopes={name: SCOPES[name] for name in asked.scopes},
        basic_scope=BASIC_SCOPE,
        redirect_origin=asked.redirect_origin,
        query=urlencode(params, errors="surrogateescape"),
    )


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _query(request: Request, *, errors: str = "replace") -> dict[str, str]:
    return dict(_decode(request.scope["query_string"], errors))


async def _read_form(request: Request) -> list[tuple[str, str]]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise HTTPException(413)
    return _decode(bytes(body))


def _decode(encoded: bytes, errors: str = "replace") -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded.decode("utf-8", errors),
            keep_blank_values=True,
            errors=errors,
            max_num_fields=_FIELD_LIMIT,
        )
    except ValueError:
        raise HTTPException(400) from None


def _field(form: list[tuple[str, str]], name: str) -> str:
    return dict(form).get(name, "")


def _check_content_type(request: Request) -> None:
    """Refuse JSON, and a content type that was sent twice.

    Raises:
        OAuthRefusal: in the words that were seen, with status 200.
    """
    media_types = [
        value.partition(";")[0].strip().lower() for value in request.headers.getlist("content-type")
    ]
    if media_types != [_FORM]:
        raise OAuthRefusal(
            "invalid_request",
            "Only `application/x-www-form-urlencoded` is accepted as Content-Type.",
        )


def _json(status: int, fields: Mapping[str, object], log_id: str) -> Response:
    """Write JSON as TikTok's Go encoder does: compact, and with &, < and > escaped."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    for character in "&<>":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Response(
        text.encode("utf-8"),
        status_code=status,
        headers={
            "cache-control": "max-age=0, no-cache, no-store",
            "content-type": "application/json; charset=utf-8",
            "pragma": "no-cache",
            "x-tt-logid": log_id,
        },
    )


def _not_found(_request: Request, _error: Exception | None) -> Response:
    """Answer a wrong method as an unknown path, as TikTok does."""
    return PlainTextResponse("404 page not found", 404)
