"""What went wrong, and what to do, for the person in front of the page."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from tiktok_oauth.errors import (
    ErrorAction,
    LoginError,
    StoreError,
    TikTokAPIError,
    TikTokErrorCode,
    VaultKeyError,
)


class Story(NamedTuple):
    """An error as a page tells it.

    Attributes:
        title: what happened.
        advice: what to do.
        action: the name of the button's text in ``ACTIONS``.
    """

    title: str
    advice: str
    action: str = "fail"


DETAILS = "For a support request"
ERROR = "Error"
HINT = "Hint"
WHEN = "When"

ACTIONS = MappingProxyType(
    {
        "retry": "Try again",
        "refresh": "Refresh and try again",
        "fail": "Back to the start",
        "again": "Start again",
    }
)
"""What to do -> the button that does it."""

_LOGINS = MappingProxyType(
    {
        "missing": Story(
            "We do not know this login",
            "It may be older than a day, or was begun somewhere else. Start again from here.",
            "again",
        ),
        "expired": Story(
            "That took a little long",
            "A login has to be finished within ten minutes. Start again from here.",
            "again",
        ),
        "replayed": Story(
            "This login is already done",
            "The page was probably loaded twice. If the account is not connected, start again.",
            "again",
        ),
        "other_browser": Story(
            "This login began in another browser",
            "Finish it where you started it, or start again in this one.",
            "again",
        ),
        "denied": Story(
            "You chose not to connect",
            "Nothing was connected and nothing was stored. You can change your mind any time.",
            "again",
        ),
    }
)

_TITLES = MappingProxyType(
    {
        TikTokErrorCode.NETWORK_ERROR: "TikTok could not be reached",
        TikTokErrorCode.TIMEOUT_ERROR: "TikTok took too long to answer",
        TikTokErrorCode.RATE_LIMIT: "TikTok asks us to slow down",
        TikTokErrorCode.API_ERROR: "TikTok has a problem",
        TikTokErrorCode.INVALID_CREDENTIALS: "This app is not set up right",
        TikTokErrorCode.INVALID_TOKEN: "TikTok wants you to allow this again",
        TikTokErrorCode.TOKEN_EXPIRED: "The access has expired",
        TikTokErrorCode.VALIDATION_ERROR: "TikTok did not accept the request",
    }
)

_ADVICE = MappingProxyType(
    {
        ErrorAction.RETRY: "Wait a moment and try again. Nothing was lost.",
        ErrorAction.REFRESH: "Refresh the account, then try again.",
    }
)

NOT_FOUND = Story(
    "There is nothing here", "It may have been an account that is no longer connected."
)
NOT_ALLOWED = Story("This page is read, not written to", "Go back, and use the page's own buttons.")
FORGED = Story(
    "That button did not come from this page",
    "The page was too old, or cookies are switched off. Please load it again and try once more.",
)
TOO_LARGE = Story("That was too much", "The form is larger than anything this page sends.")
CRASHED = Story(
    "Something is wrong on our side", "It was written to the log under this correlation ID."
)


def explain(error: TikTokAPIError) -> Story:
    """What happened, what to do, and by which button."""
    if isinstance(error, LoginError):
        return _LOGINS[error.reason]
    if isinstance(error, StoreError):
        return Story("The database does not answer", _ADVICE[ErrorAction.RETRY], "retry")
    if isinstance(error, VaultKeyError):
        return Story("A key is missing", error.message)
    advice = _ADVICE.get(error.action, error.message)
    return Story(_TITLES[error.code], advice, str(error.action))
