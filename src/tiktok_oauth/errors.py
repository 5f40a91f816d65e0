"""The exception tree.

    TikTokAPIError
    ├── NetworkError              TikTok could not be reached, or the answer broke off
    ├── RequestTimeoutError       no whole answer in time
    ├── RateLimitError            too many requests
    ├── ServerError               TikTok failed, or answered in a shape nobody knows
    ├── InvalidCredentialsError   client key, secret or redirect URI are wrong
    ├── InvalidTokenError         the grant is gone: the person must consent again
    │   └── ScopeError            ... because a scope was not granted
    ├── TokenExpiredError         the access token is dead: refresh it
    ├── ValidationError           an argument is wrong, or TikTok refused the request as it stands
    ├── LoginError                a callback did not belong to the login that it claims
    ├── StoreError                the token store could not be read or written
    └── VaultKeyError             a stored token cannot be decrypted with the keys at hand

Catch ``TikTokAPIError`` and branch on ``error.action``, or catch the class you can act upon.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tiktok_oauth.login import LoginStart

LoginReason = Literal["missing", "expired", "replayed", "other_browser", "denied"]


class TikTokErrorCode(StrEnum):
    """What went wrong, in eight words."""

    NETWORK_ERROR = "NETWORK_ERROR"
    TIMEOUT_ERROR = "TIMEOUT_ERROR"
    RATE_LIMIT = "RATE_LIMIT"
    API_ERROR = "API_ERROR"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - the name of a code, not a password
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - as above
    VALIDATION_ERROR = "VALIDATION_ERROR"


class ErrorAction(StrEnum):
    """What the caller should do about it."""

    RETRY = "retry"
    """The same call may succeed later."""
    REFRESH = "refresh"
    """Refresh the access token, then call again."""
    FAIL = "fail"
    """Nothing will change until somebody changes something: read ``hint``."""


_STATUS = {
    TikTokErrorCode.NETWORK_ERROR: 503,
    TikTokErrorCode.TIMEOUT_ERROR: 504,
    TikTokErrorCode.RATE_LIMIT: 429,
    TikTokErrorCode.API_ERROR: 502,
    TikTokErrorCode.INVALID_CREDENTIALS: 500,
    TikTokErrorCode.INVALID_TOKEN: 401,
    TikTokErrorCode.TOKEN_EXPIRED: 401,
    TikTokErrorCode.VALIDATION_ERROR: 400,
}


class TikTokAPIError(Exception):
    """Any failure of this library. No token, secret, code or verifier is ever in it.

    Args:
        code: one of the eight codes.
        message: what happened, in one sentence.
        correlation_id: the ID of the call, on all of its log lines.
        retryable: whether the same call may succeed later.
        status_code: the HTTP status to answer with in a web application; the code's own
            when not given.
        log_id: TikTok's log ID, for a support request.
        hint: what to do next, as plain text.
        tiktok_code: TikTok's own error string, when it sent one.
        http_status: the HTTP status TikTok really answered with.

    Attributes:
        method: the public method that failed.
        attempts: how many attempts were made; 0 when nothing was sent.
        never_sent: none of the attempts can have reached TikTok.
        retry_after: seconds TikTok asked us to wait, or None.
        lost_in_flight: an earlier attempt of the same call went unanswered and TikTok then
            refused the grant: it was probably spent by the answer we never received.
    """

    def __init__(  # noqa: PLR0913 - six fixed by the public contract, three more by keyword
        self,
        code: TikTokErrorCode,
        message: str,
        correlation_id: str,
        retryable: bool,  # noqa: FBT001 - positional by the public contract
        status_code: int | None = None,
        log_id: str | None = None,
        *,
        hint: str = "",
        tiktok_code: str | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code: TikTokErrorCode = TikTokErrorCode(code)
        self.message = message
        self.correlation_id = correlation_id
        self.retryable = retryable
        self.status_code: int = _STATUS[self.code] if status_code is None else status_code
        self.log_id = log_id
        self.hint = hint
        self.tiktok_code = tiktok_code
        self.http_status = http_status
        self.method = ""
        self.attempts = 0
        self.never_sent = False
        self.retry_after: float | None = None
        self.lost_in_flight = False

    @property
    def action(self) -> ErrorAction:
        """What to do about it: retry, refresh or fail."""
        if self.code is TikTokErrorCode.TOKEN_EXPIRED:
            return ErrorAction.REFRESH
        return ErrorAction.RETRY if self.retryable else ErrorAction.FAIL

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())

    def __str__(self) -> str:
        where = [f"correlation ID {self.correlation_id}"] if self.correlation_id else []
        if self.log_id:
            where.append(f"TikTok log ID {self.log_id}")
        text = f"{self.code}: {self.message}"
        if self.hint:
            text += f" {self.hint}"
        return f"{text} [{', '.join(where)}]" if where else text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


def _restore(
    kind: type[TikTokAPIError], args: tuple[object, ...], state: dict[str, object]
) -> TikTokAPIError:
    """Rebuild a pickled error without going through its constructor."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class NetworkError(TikTokAPIError):
    """TikTok could not be reached, or the answer broke off. Try again later."""


class RequestTimeoutError(TikTokAPIError):
    """No whole answer came in time. Try again later."""


class RateLimitError(TikTokAPIError):
    """Too many requests. Wait ``retry_after`` seconds when it is set."""


class ServerError(TikTokAPIError):
    """TikTok failed, or answered in a shape nobody knows. See ``retryable``."""


class InvalidCredentialsError(TikTokAPIError):
    """Client key, client secret or redirect URI are wrong. Fix the configuration."""


class InvalidTokenError(TikTokAPIError):
    """The grant is gone or was refused. The person must go through consent again."""


class ScopeError(InvalidTokenError):
    """The person did not grant a scope the call needs. Ask for it in a new consent.

    Attributes:
        missing: the scopes that are missing, where that is known.
        login: a login that asks for them, begun already, where a vault raised this. It is not
            pickled.
    """

    missing: frozenset[str] = frozenset()
    login: LoginStart | None = None

    def __reduce__(self) -> tuple[object, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "login"}
        return _restore, (type(self), self.args, state)


class TokenExpiredError(TikTokAPIError):
    """The access token is dead. Refresh it and call again."""


class ValidationError(TikTokAPIError):
    """An argument is wrong, or TikTok refused the request as it stands. Change the call."""


class LoginError(TikTokAPIError):
    """A callback did not belong to the login it claims, or the login was declined.

    Attributes:
        reason: ``missing``, ``expired``, ``replayed``, ``other_browser`` or ``denied``.
    """

    reason: LoginReason = "missing"


class StoreError(TikTokAPIError):
    """The token store could not be read or written. Nothing was changed; try again later."""


class VaultKeyError(TikTokAPIError):
    """A stored token cannot be decrypted with the keys at hand. Bring back the missing key."""


_CLASSES: dict[TikTokErrorCode, type[TikTokAPIError]] = {
    TikTokErrorCode.NETWORK_ERROR: NetworkError,
    TikTokErrorCode.TIMEOUT_ERROR: RequestTimeoutError,
    TikTokErrorCode.RATE_LIMIT: RateLimitError,
    TikTokErrorCode.API_ERROR: ServerError,
    TikTokErrorCode.INVALID_CREDENTIALS: InvalidCredentialsError,
    TikTokErrorCode.INVALID_TOKEN: InvalidTokenError,
    TikTokErrorCode.TOKEN_EXPIRED: TokenExpiredError,
    TikTokErrorCode.VALIDATION_ERROR: ValidationError,
}


def error_class(code: TikTokErrorCode) -> type[TikTokAPIError]:
    """The class that stands for a code."""
    return _CLASSES[code]


def invalid_argument(message: str, hint: str = "") -> ValidationError:
    """An argument the caller got wrong; the engine adds which call it was."""
    return ValidationError(
        TikTokErrorCode.VALIDATION_ERROR, message, "", retryable=False, hint=hint
    )


def invalid_credentials(message: str, hint: str = "") -> InvalidCredentialsError:
    """A configuration value nobody can log in with; the engine adds which call it was."""
    return InvalidCredentialsError(
        TikTokErrorCode.INVALID_CREDENTIALS, message, "", retryable=False, hint=hint
    )


def store_error(message: str, hint: str = "", *, retryable: bool = False) -> StoreError:
    """The token store failed, or is none we can use."""
    return StoreError(TikTokErrorCode.API_ERROR, message, "", retryable, 503, hint=hint)


def vault_key_error(message: str, hint: str = "") -> VaultKeyError:
    """A stored token and the keys at hand do not fit."""
    return VaultKeyError(
        TikTokErrorCode.INVALID_CREDENTIALS, message, "", retryable=False, hint=hint
    )


_LOGIN_STORIES: dict[LoginReason, str] = {
    "missing": "This callback belongs to no login that was started here.",
    "expired": "This login took longer than ten minutes.",
    "replayed": "This login was already finished.",
    "other_browser": "This login was started in another browser.",
    "denied": "Access was not allowed.",
}


def login_error(reason: LoginReason) -> LoginError:
    """A callback that is refused."""
    denied = reason == "denied"
    code = TikTokErrorCode.INVALID_TOKEN if denied else TikTokErrorCode.VALIDATION_ERROR
    error = LoginError(code, _LOGIN_STORIES[reason], "", retryable=False, hint="Start a new login.")
    error.reason = reason
    return error
