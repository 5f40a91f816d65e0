"""Errors as problem documents (RFC 9457): what happened, and what a program should do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from starlette.responses import Response

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import (
    ErrorAction,
    ScopeError,
    StoreError,
    TikTokErrorCode,
    VaultKeyError,
)

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokAPIError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tiktok-oauth:problem:"


class Kind(NamedTuple):
    """One kind of problem.

    Attributes:
        slug: the end of its ``type``.
        status: the HTTP status it is answered with; for TikTok's errors the usual one.
        title: what it is, in a few words, always the same.
        code: the library's word for it.
    """

    slug: str
    status: int
    title: str
    code: TikTokErrorCode


_CODE = TikTokErrorCode

NO_KEY = Kind("api-key-refused", 401, "The API key is missing or wrong", _CODE.INVALID_CREDENTIALS)
WRONG_SCOPE = Kind("api-key-scope", 403, "The API key may not do this", _CODE.INVALID_CREDENTIALS)
TOO_OFTEN = Kind("too-many-requests", 429, "Too many requests to this service", _CODE.RATE_LIMIT)
BAD_REQUEST = Kind("bad-request", 400, "The request is not understood", _CODE.VALIDATION_ERROR)
UNKNOWN_ACCOUNT = Kind(
    "unknown-account", 404, "No such account is connected", _CODE.VALIDATION_ERROR
)
NOTHING_HERE = Kind("nothing-here", 404, "There is nothing at this path", _CODE.VALIDATION_ERROR)
WRONG_METHOD = Kind(
    "wrong-method", 405, "This path knows other methods only", _CODE.VALIDATION_ERROR
)
TWO_APPS = Kind(
    "ambiguous-account", 409, "The account is connected under two apps", _CODE.VALIDATION_ERROR
)
TOO_LARGE = Kind("body-too-large", 413, "The body is too large", _CODE.VALIDATION_ERROR)
NOT_JSON = Kind("not-json", 415, "The body is not JSON", _CODE.VALIDATION_ERROR)
WRONG_HOST = Kind("wrong-host", 421, "This host name is not served here", _CODE.VALIDATION_ERROR)
TOO_SLOW = Kind("body-too-slow", 408, "The body did not arrive in time", _CODE.VALIDATION_ERROR)
BROKEN = Kind("defect", 500, "This service failed", _CODE.API_ERROR)

OURS = (
    *(NO_KEY, WRONG_SCOPE, TOO_OFTEN, BAD_REQUEST, UNKNOWN_ACCOUNT, NOTHING_HERE, WRONG_METHOD),
    *(TWO_APPS, TOO_LARGE, NOT_JSON, TOO_SLOW, WRONG_HOST, BROKEN),
)
"""What this service refuses by itself."""

SCOPE = Kind("scope-missing", 401, "The person did not grant a scope", _CODE.INVALID_TOKEN)
STORE = Kind("store", 503, "The token store cannot be used now", _CODE.API_ERROR)
KEYS = Kind("vault-key", 500, "A stored token cannot be decrypted", _CODE.INVALID_CREDENTIALS)
_BY_CODE = {
    kind.code: kind
    for kind in (
        Kind("network-error", 503, "TikTok could not be reached", _CODE.NETWORK_ERROR),
        Kind("timeout-error", 504, "TikTok did not answer in time", _CODE.TIMEOUT_ERROR),
        Kind("rate-limit", 429, "TikTok asks for fewer requests", _CODE.RATE_LIMIT),
        Kind("api-error", 502, "TikTok failed", _CODE.API_ERROR),
        Kind(
            "invalid-credentials", 500, "The app's credentials are wrong", _CODE.INVALID_CREDENTIALS
        ),
        Kind("invalid-token", 401, "The person has to log in again", _CODE.INVALID_TOKEN),
        Kind("token-expired", 401, "TikTok refused the access token", _CODE.TOKEN_EXPIRED),
        Kind("validation-error", 400, "The request cannot be made so", _CODE.VALIDATION_ERROR),
    )
}
TIKTOKS = (*_BY_CODE.values(), SCOPE, STORE, KEYS)
"""What comes from TikTok, or from the vault on the way there."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document.

    Attributes:
        type: names the kind of problem; it is no address.
        title: the kind of problem in a few words.
        status: the HTTP status.
        detail: what happened this time.
        hint: what to do next.
        code: one of the library's eight codes.
        action: what a program should do: retry, refresh or fail.
        retryable: whether the same request may succeed later.
        retry_after: seconds to wait before.
        correlation_id: on all log lines of this request.
        log_id: TikTok's, for its support.
        tiktok_code: TikTok's own error string.
        missing: scopes that were not granted.
        login_url: a link for the account's owner, by which the way is free again.
    """

    type: str
    title: str
    status: int
    detail: str
    hint: str | msgspec.UnsetType = msgspec.UNSET
    code: TikTokErrorCode
    action: ErrorAction
    retryable: bool
    retry_after: int | msgspec.UnsetType = msgspec.UNSET
    correlation_id: str
    log_id: str | msgspec.UnsetType = msgspec.UNSET
    tiktok_code: str | msgspec.UnsetType = msgspec.UNSET
    missing: list[str] | msgspec.UnsetType = msgspec.UNSET
    login_url: str | msgspec.UnsetType = msgspec.UNSET


class RefusalError(Exception):
    """A request that this service refuses by itself.

    Args:
        kind: what is wrong.
        detail: what is wrong this time.
        hint: what to do.
        retry_after: seconds after which it may be made again.
        headers: what the answer carries besides.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        hint: str = "",
        *,
        retry_after: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.hint = hint
        self.retry_after = retry_after
        self.headers: dict[str, str] = headers or {}


def refused(error: RefusalError) -> Response:
    """The answer to a request that is refused."""
    wait = error.retry_after
    problem = Problem(
        type=TYPE_PREFIX + error.kind.slug,
        title=error.kind.title,
        status=error.kind.status,
        detail=error.detail,
        hint=error.hint or msgspec.UNSET,
        code=error.kind.code,
        action=ErrorAction.FAIL if wait is None else ErrorAction.RETRY,
        retryable=wait is not None,
        retry_after=_whole(wait),
        correlation_id=current_correlation_id() or "",
    )
    return answer(problem, error.headers)


def failed(error: TikTokAPIError, login_url: str | None = None) -> Response:
    """The answer to a request that TikTok or the vault refused.

    Args:
        error: what it was.
        login_url: a link for the account's owner, where that helps.
    """
    kind = kind_of(error)
    missing = sorted(error.missing) if isinstance(error, ScopeError) else []
    # A vault's hint names a login that was begun for this browser; a program has none.
    hint = error.hint if login_url is None else "Send the account's owner to login_url."
    problem = Problem(
        type=TYPE_PREFIX + kind.slug,
        title=kind.title,
        status=error.status_code,
        detail=error.message,
        hint=hint or msgspec.UNSET,
        code=error.code,
        action=error.action,
        retryable=error.retryable,
        retry_after=_whole(error.retry_after),
        correlation_id=current_correlation_id() or error.correlation_id,
        log_id=error.log_id or msgspec.UNSET,
        tiktok_code=error.tiktok_code or msgspec.UNSET,
        missing=missing or msgspec.UNSET,
        login_url=login_url or msgspec.UNSET,
    )
    return answer(problem, {})


def kind_of(error: TikTokAPIError) -> Kind:
    """The kind of problem that an error is."""
    if isinstance(error, ScopeError):
        return SCOPE
    if isinstance(error, StoreError):
        return STORE
    return KEYS if isinstance(error, VaultKeyError) else _BY_CODE[error.code]


def answer(problem: Problem, headers: dict[str, str]) -> Response:
    """A problem as an answer."""
    headers = dict(headers)
    if problem.status == 401:  # noqa: PLR2004 - HTTP wants the scheme told with this status
        headers["www-authenticate"] = 'Bearer realm="tiktok-oauth"'
    if problem.retry_after is not msgspec.UNSET:
        headers["retry-after"] = str(problem.retry_after)
    return Response(msgspec.json.encode(problem), problem.status, headers, MEDIA_TYPE)


def _whole(seconds: float | None) -> int | msgspec.UnsetType:
    return msgspec.UNSET if seconds is None else max(1, math.ceil(seconds))
