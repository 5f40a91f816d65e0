"""Everything the pages say about scopes and errors, in one place."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tiktok_oauth.errors import LoginError, TikTokErrorCode

if TYPE_CHECKING:
    from tiktok_oauth.errors import TikTokAPIError

SCOPES = MappingProxyType(
    {
        "user.info.basic": "Name and picture",
        "user.info.profile": "Bio, user name and profile links",
        "user.info.stats": "Counts of likes, followers and videos",
        "video.list": "Public videos",
        "video.publish": "Posting to the profile",
        "video.upload": "Drafts in the inbox",
    }
)
"""Scope -> what it opens."""

_LOGINS = MappingProxyType(
    {
        "missing": (
            "We do not know this login",
            "It may be older than a day, or the service was restarted. Start again from here.",
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
            "This login began in another browser",
            "Finish it where you started it, or start again in this one.",
        ),
        "denied": (
            "You chose not to connect",
            "Nothing was connected and nothing was stored. You can change your mind any time.",
        ),
    }
)

_CODES = MappingProxyType(
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


def explain(error: TikTokAPIError) -> tuple[str, str]:
    """Return a title and what to do, for the person in front of the page."""
    if isinstance(error, LoginError):
        return _LOGINS[error.reason]
    advice = "Wait a moment and start again from here." if error.retryable else error.message
    return _CODES[error.code], advice
