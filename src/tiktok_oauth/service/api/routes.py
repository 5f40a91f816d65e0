"""The API's routes: each request is let in by the guard, and every error becomes a problem."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from tiktok_oauth.errors import InvalidTokenError, ScopeError, TikTokAPIError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.finding import find
from tiktok_oauth.service.api.guard import Guard
from tiktok_oauth.service.api.openapi import DESCRIPTION_PATH, PREFIX, description
from tiktok_oauth.service.api.operations import OPERATIONS
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.pages.invitations import Invitation, make_invitation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from tiktok_oauth.service.api.operations import Operation
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.vault.account import AsyncAccount

_LINK_LIFETIME = 7 * 86_400
_MOST_ASKED = "/accounts/{open_id}/token"


def routes(office: Office) -> list[BaseRoute]:
    """Everything below ``/api/v1``."""
    guard = Guard(office.registry, office.settings.rate_limit)
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in OPERATIONS:
        by_path[operation.path][operation.method] = operation
    return [
        *(Route(PREFIX + path, Endpoint(office, guard, known)) for path, known in by_path.items()),
        Route(DESCRIPTION_PATH, _Description()),
        _Below(),
    ]


class Shortcut:
    """In front of an app: leads to the path that is asked for most, past everything between.

    An ``Endpoint`` answers whatever happens in it, so no router and no middleware is missed.

    Args:
        app: has a route for that path.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        [self._route] = [
            one for one in app.routes if isinstance(one, Route) and one.path == PREFIX + _MOST_ASKED
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = self._route.path_regex.match(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
        else:
            scope["path_params"] = found.groupdict()
            await self._route.app(scope, receive, send)


class _Below(BaseRoute):
    """Whatever else is below ``/api``: nothing, but said in the API's own form."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_below = scope["type"] == "http" and scope["path"].startswith("/api/")
        return (Match.FULL if is_below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"See {DESCRIPTION_PATH} for what is there."
        refusal = RefusalError(problems.NOTHING_HERE, detail)
        await problems.refused(refusal)(scope, receive, send)


class Endpoint:
    """One path: an ASGI app that does what the table says of each of its methods.

    Args:
        office: the worker's.
        guard: lets requests in.
        known: what the path does, by method.

    Attributes:
        known: as it was given.
    """

    def __init__(self, office: Office, guard: Guard, known: Mapping[str, Operation]) -> None:
        self._office = office
        self._guard = guard
        self.known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except RefusalError as error:
            response = problems.refused(error)
        except TikTokAPIError as error:
            response = problems.failed(error, await self._login_url(request, error))
        except Exception:  # noqa: BLE001 - whatever it is, it is told in the same form
            logger.exception("[TikTokOAuth] api - A request failed in a way nobody thought of")
            response = problems.refused(RefusalError(problems.BROKEN, "This is a defect."))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self.known.get(request.method)
        if operation is None:
            known = ", ".join(self.known)
            raise RefusalError(
                problems.WRONG_METHOD, f"This path knows {known}.", headers={"allow": known}
            )
        await self._guard.admit(request.scope, operation.scope)
        return await operation.handle(self._office, request)

    async def _login_url(self, request: Request, error: TikTokAPIError) -> str | None:
        """The link by which an account's owner can help, where only they can."""
        open_id = request.path_params.get("open_id")
        if open_id is None or not isinstance(error, InvalidTokenError):
            return None
        try:
            account = await find(self._office, open_id, request.query_params.get("client_key"))
            return login_url(self._office, account, error)
        except (RefusalError, TikTokAPIError):
            return None


def login_url(office: Office, account: AsyncAccount, error: InvalidTokenError) -> str:
    """A link that asks an account's owner for what is lost, or was never granted."""
    missing = error.missing if isinstance(error, ScopeError) else frozenset[str]()
    invitation = Invitation(
        until=int(time.time()) + _LINK_LIFETIME,
        client_key=account.client_key,
        scopes=tuple(sorted(account.scopes | missing)) if missing else (),
        user_id=account.user_id,
        open_id=account.open_id,
    )
    return make_invitation(office.settings, office.session_key, invitation).url


class _Description:
    """The API's description, for anybody."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = Response(description(), media_type="application/json")
        if scope["method"] not in {"GET", "HEAD"}:
            refusal = RefusalError(
                problems.WRONG_METHOD, "This path knows GET.", headers={"allow": "GET, HEAD"}
            )
            response = problems.refused(refusal)
        await response(scope, receive, send)
