"""What a website tells a person when something failed: what happened, and what to do now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from tiktok_oauth.errors import (
    ErrorAction,
    InvalidTokenError,
    LoginError,
    ScopeError,
    TikTokErrorCode,
    ValidationError,
)

if TYPE_CHECKING:
    from tiktok_oauth.errors import LoginReason, TikTokAPIError
    from tiktok_oauth.login import LoginStart

Remedy = Literal["reload", "connect", "consent", "none"]


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """An error, for the person in front of the page.

    Attributes:
        status: of the answer.
        advice: what to do, in a sentence or two.
        action: what a program would do about it.
        remedy: the button to offer: load the page again, connect (again), allow more at
            TikTok's page, or none.
        reason: of a login that failed.
        retry_after: seconds to wait, where TikTok named some.
        details: what to quote when asking for help.
        consent: a login that asks for the missing scopes, begun already.
    """

    status: int
    title: str
    advice: str
    action: ErrorAction
    remedy: Remedy
    reason: LoginReason | None = None
    retry_after: int | None = None
    details: tuple[tuple[str, str], ...] = ()
    consent: LoginStart | None = None


_LOGINS: MappingProxyType[LoginReason, tuple[str, str]] = MappingProxyType(
    {
        "missing": (
            "We do not know this login",
            "It may be older than a day, or its address was cut short. Start again from here.",
        ),
        "expired": (
            "That took a little long",
            "A login has to be finished within ten minutes. Start again from here.",
        ),
        "replayed": (
            "This login is already done",
            "The page was probably loaded twice. If the account is not connected, start again.",
        ),
        "other_browser": (
            "This login began somewhere else",
            "In another browser, as another user, or over ten minutes ago. Start again from here.",
        ),
        "denied": (
            "You chose not to connect",
            "Nothing was connected and nothing was stored. You can change your mind any time.",
        ),
    }
)
_CODES: MappingProxyType[TikTokErrorCode, str] = MappingProxyType(
    {
        TikTokErrorCode.NETWORK_ERROR: "TikTok could not be reached",
        TikTokErrorCode.TIMEOUT_ERROR: "TikTok took too long to answer",
        TikTokErrorCode.RATE_LIMIT: "TikTok asks us to slow down",
        TikTokErrorCode.API_ERROR: "TikTok has a problem",
        TikTokErrorCode.INVALID_CREDENTIALS: "This site is not set up right",
        TikTokErrorCode.INVALID_TOKEN: "TikTok wants you to allow this again",
        TikTokErrorCode.TOKEN_EXPIRED: "The access has expired",
        TikTokErrorCode.VALIDATION_ERROR: "That did not work",
    }
)


def explain(error: TikTokAPIError, *, in_login: bool = False) -> ErrorPage:
    """The page for an error.

    Args:
        error: what was raised.
        in_login: whether it was raised by a login: its code is spent, so loading the page again
            would help nobody.
    """
    title, advice = _say(error)
    wait = error.retry_after
    return ErrorPage(
        status=error.status_code,
        title=title,
        advice=advice,
        action=error.action,
        remedy=_remedy(error, in_login=in_login),
        reason=error.reason if isinstance(error, LoginError) else None,
        retry_after=None if wait is None else math.ceil(wait),
        details=_details(error),
        consent=error.login if isinstance(error, ScopeError) else None,
    )


def not_connected() -> InvalidTokenError:
    """The error for a page that needs an account where none is connected."""
    return _nobody("No TikTok account is connected.", "Connect one first.")


def not_signed_in() -> InvalidTokenError:
    """The error for a login where the site does not know its own user."""
    return _nobody("Nobody is signed in to this site.", "Sign in first: the account will be yours.")


def _nobody(message: str, hint: str) -> InvalidTokenError:
    return InvalidTokenError(TikTokErrorCode.INVALID_TOKEN, message, "", retryable=False, hint=hint)


def taken() -> ValidationError:
    """The error for an account that another user of the site has connected."""
    return ValidationError(
        TikTokErrorCode.VALIDATION_ERROR,
        "This TikTok account is connected by another user of this site.",
        "",
        retryable=False,
        status_code=409,
        hint="Disconnect it there first, or choose another account.",
    )


def _say(error: TikTokAPIError) -> tuple[str, str]:
    if isinstance(error, LoginError):
        return _LOGINS[error.reason]
    title = _CODES[error.code]
    if error.retryable:
        return title, "Nothing is lost. Wait a moment and try again."
    if error.code is TikTokErrorCode.TOKEN_EXPIRED:
        return title, "Load the page again."
    return title, f"{error.message} {error.hint}".strip()


def _remedy(error: TikTokAPIError, *, in_login: bool) -> Remedy:
    if isinstance(error, ScopeError) and error.login is not None:
        return "consent"
    if in_login or isinstance(error, InvalidTokenError | LoginError):
        return "connect"
    return "none" if error.action is ErrorAction.FAIL else "reload"


def _details(error: TikTokAPIError) -> tuple[tuple[str, str], ...]:
    told = {
        "Error": error.reason if isinstance(error, LoginError) else error.tiktok_code,
        "Correlation ID": error.correlation_id,
        "TikTok log ID": error.log_id,
    }
    return tuple((name, value) for name, value in told.items() if value)
