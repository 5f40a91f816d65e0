"""The authorization request and its callback: the two halves that go through the browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, quote_plus, urlencode

from tiktok_oauth.errors import TikTokAPIError, invalid_argument
from tiktok_oauth.protocol import codes
from tiktok_oauth.protocol.envelope import clean
from tiktok_oauth.types import Secret, split_scopes

_MAX_QUERY = 16 * 1024
_MAX_VALUE = 4096


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What goes into an authorization URL.

    Attributes:
        authorize_url: TikTok's page, without a query.
        client_key: the app.
        scopes: what to ask for; TikTok separates them by comma, not by space.
        redirect_uri: exactly as registered.
        state: comes back unchanged.
        code_challenge: hex SHA-256 of the code verifier, when PKCE is on.
        disable_auto_auth: true always shows the consent page, false skips it when possible.
    """

    authorize_url: str
    client_key: str
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str
    code_challenge: str | None = None
    disable_auto_auth: bool | None = None


def build_authorization_url(request: AuthorizationRequest) -> str:
    """The URL that starts a login. TikTok calls the client ID ``client_key``."""
    head = _head(request.client_key, request.scopes, request.redirect_uri)
    url = f"{request.authorize_url}?{head}&state={quote_plus(request.state)}"
    if request.code_challenge is not None:
        url += f"&code_challenge={request.code_challenge}&code_challenge_method=S256"
    if request.disable_auto_auth is not None:
        url += f"&disable_auto_auth={int(request.disable_auto_auth)}"
    return url


@lru_cache(maxsize=64)
def _head(client_key: str, scopes: tuple[str, ...], redirect_uri: str) -> str:
    """What every authorization URL of an app begins with; none of it is secret."""
    return urlencode(
        {
            "client_key": client_key,
            "response_type": "code",
            "scope": ",".join(scopes),
            "redirect_uri": redirect_uri,
        }
    )


@dataclass(frozen=True, slots=True)
class Callback:
    """What TikTok sent back through the browser. Believe it only after checking ``state``.

    Attributes:
        state: as we sent it, if this is an answer to us.
        code: the authorization code, decoded once.
        scopes: the granted scopes; the callback says ``scopes``, the token answer ``scope``.
        error: TikTok's error string, when the login failed.
        description: TikTok's sentence about it.
    """

    state: str = field(repr=False)
    code: Secret | None = None
    scopes: tuple[str, ...] = ()
    error: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Query:
    """A query's fields, unseen by tracebacks, or what is wrong with it."""

    fields: dict[str, str] = field(default_factory=dict, repr=False)
    problem: str | None = None


def parse_callback(query: str | Mapping[str, str]) -> Callback:
    """Read a callback's query.

    Args:
        query: the raw query string (decoded here, once), or the mapping a web framework made.

    Raises:
        ValidationError: the query is no callback of TikTok's: too long, fields given twice,
            neither code nor error.
    """
    read = _read_query(query)
    del query  # the code is in it
    if read.problem is not None:
        raise invalid_argument(
            read.problem, "Pass the query string of the request that TikTok's redirect made."
        )
    get = read.fields.get
    error = get("error")
    return Callback(
        state=get("state", ""),
        code=None if error else Secret(get("code", "")),
        scopes=split_scopes(get("scopes", "")),
        error=(clean(error, 80) or "?") if error else None,
        description=clean(get("error_description") or get("error_type")),
    )


def _read_query(query: object) -> _Query:
    """Never raises: a traceback through here would show the code."""
    if isinstance(query, str):
        if len(query) > _MAX_QUERY:
            return _Query(problem="The callback's query is too long.")
        pairs: Iterable[tuple[object, object]] = parse_qsl(
            query.removeprefix("?"), keep_blank_values=True
        )
    elif isinstance(query, Mapping):
        pairs = query.items()
    else:
        return _Query(problem="The callback's query must be a string or a mapping of strings.")
    fields: dict[str, str] = {}
    for key, value in pairs:
        name = clean(key, 40)
        if not isinstance(key, str) or not isinstance(value, str) or len(value) > _MAX_VALUE:
            return _Query(problem=f"The callback's {name!r} is no text of sane length.")
        if key in fields:
            return _Query(problem=f"The callback has {name!r} twice.")
        fields[key] = value
    if not fields.get("code") and not fields.get("error"):
        return _Query(problem="The callback has neither code nor error.")
    return _Query(fields)


def callback_error(callback: Callback) -> TikTokAPIError:
    """The typed error for a callback that brought one."""
    error = callback.error or "server_error"
    verdict = codes.classify(error, callback.description, 0)
    message = callback.description or f"TikTok sent the person back with {error}."
    retryable = verdict.code is codes.Code.API_ERROR
    return verdict.error(verdict.code, message, "", retryable, hint=verdict.hint, tiktok_code=error)
