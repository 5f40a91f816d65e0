"""Every endpoint, once: its routes, its checks and its description all come from this table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from tiktok_oauth.service.api import accounts, problems, proxy, stream, values
from tiktok_oauth.types import TikTokUserInfo

if TYPE_CHECKING:
    from tiktok_oauth.service.api.problems import Kind
    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.registry.rows import Scope

Handler = Callable[["Office", Request], Awaitable[Response]]

_ACCOUNT = (problems.UNKNOWN_ACCOUNT, problems.TWO_APPS)
_BODY = (problems.NOT_JSON, problems.TOO_SLOW)
_STORE = (problems.STORE, problems.KEYS)


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint.

    Attributes:
        method: the HTTP method.
        path: below ``/api/v1``, as Starlette writes it.
        name: what a generated client calls it.
        scope: what its API key needs.
        text: the first line says what it does.
        handle: does it.
        query: the parameters it takes.
        body: the body it takes.
        status: of the answer when it worked.
        answer: its form; None for none, a string for another media type than JSON.
        problems: what else may be answered, besides what any request may be.
        any_query: whether other parameters are taken, and passed on.
    """

    method: str
    path: str
    name: str
    scope: Scope
    text: str
    handle: Handler
    query: type[values.Asked] = values.NoQuery
    body: type[values.Asked | dict[str, Any]] | None = None
    status: int = 200
    answer: Any = None
    problems: tuple[Kind, ...] = ()
    any_query: bool = False


_PROXY = """Call one of TikTok's data endpoints with the account's token.

The path goes on as TikTok's does, e.g. `/api/v1/accounts/{open_id}/proxy/v2/video/list/`. Query and
JSON body are passed on as they are, but for `client_key` in the query, which is for this service.
OAuth endpoints are not called. What TikTok refuses comes back as a problem."""

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/logins",
        "newLogin",
        "token",
        """Make a link by which somebody connects a TikTok account.

Send the person there: the page explains what is asked for, and its button leads to TikTok.""",
        accounts.new_login,
        body=values.NewLogin,
        status=201,
        answer=values.Login,
        problems=_BODY,
    ),
    Operation(
        "GET",
        "/accounts",
        "listAccounts",
        "read",
        """List accounts, a page at a time, in the order of their open_ids.

Go on with `cursor` as long as `next` is not null.""",
        accounts.list_accounts,
        query=values.AccountsQuery,
        answer=values.Accounts,
        problems=_STORE,
    ),
    Operation(
        "GET",
        "/accounts/{open_id}",
        "getAccount",
        "read",
        "Show an account.",
        accounts.show_account,
        query=values.AppQuery,
        answer=values.Account,
        problems=(*_ACCOUNT, *_STORE),
    ),
    Operation(
        "DELETE",
        "/accounts/{open_id}",
        "disconnectAccount",
        "admin",
        """Disconnect an account: revoke its access at TikTok, and forget its tokens.

Doing it again changes nothing. With `erase`, nothing that is known of the person is kept.""",
        accounts.disconnect_account,
        query=values.DisconnectQuery,
        status=204,
        problems=(*_ACCOUNT, *problems.TIKTOKS),
    ),
    Operation(
        "GET",
        "/accounts/{open_id}/token",
        "getToken",
        "token",
        """Give an access token that is valid now; it is refreshed before, when needed.

Do not keep it beyond `expires_at`: ask again, that is cheap.""",
        accounts.give_token,
        query=values.AppQuery,
        answer=values.Token,
        problems=(*_ACCOUNT, *problems.TIKTOKS),
    ),
    Operation(
        "POST",
        "/accounts/{open_id}/refresh",
        "refreshAccount",
        "token",
        "Refresh an account's tokens now, needed or not.",
        accounts.refresh_account,
        query=values.AppQuery,
        answer=values.Account,
        problems=(*_ACCOUNT, *problems.TIKTOKS),
    ),
    Operation(
        "GET",
        "/accounts/{open_id}/user",
        "getUser",
        "read",
        """Show an account's profile, as TikTok tells it now.

Only the fields that were asked for and granted are there.""",
        accounts.show_user,
        query=values.UserQuery,
        answer=TikTokUserInfo,
        problems=(*_ACCOUNT, *problems.TIKTOKS),
    ),
    *(
        Operation(
            method,
            "/accounts/{open_id}/proxy/{path:path}",
            f"call{method.capitalize()}",
            "token",
            _PROXY,
            proxy.call_tiktok,
            query=values.AppQuery,
            body=None if method == "GET" else dict,
            answer=values.Data,
            problems=(*_ACCOUNT, *_BODY, *problems.TIKTOKS),
            any_query=True,
        )
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    ),
    Operation(
        "GET",
        "/metrics",
        "getMetrics",
        "read",
        "Show the figures: calls, latencies, errors, accounts by status, the refresher.",
        stream.show_metrics,
        query=values.MetricsQuery,
        answer=dict[str, Any],
    ),
    Operation(
        "GET",
        "/events",
        "followEvents",
        "read",
        """Follow what happens to accounts, as server-sent events.

Each has an `id`, and JSON with `at`, `kind`, `client_key`, `open_id`, `detail` and
`correlation_id`. Come back with the header `Last-Event-ID`, and nothing is missed.""",
        stream.follow_events,
        query=values.EventsQuery,
        answer="text/event-stream",
        problems=_STORE,
    ),
)
