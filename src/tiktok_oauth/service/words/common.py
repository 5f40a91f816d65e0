"""What stands on every page."""

from __future__ import annotations

from types import MappingProxyType

PRODUCT = "tiktok-oauth"
SKIP = "Skip to the content"
NAVIGATION = "Main"
SANDBOX = "Sandbox"
SANDBOX_NOTE = "A local stand-in plays TikTok: nobody here is real."
DISCLAIMER = "Open source, not affiliated with TikTok."
SIGN_OUT = "Sign out"
CONNECT = "Connect an account"
COPY = "Copy"
COPIED = "Copied"
CORRELATION_ID = "Correlation ID"
LOG_ID = "TikTok log ID"
NEVER = "never"
NONE = "none"
NOT_TOLD = "not told"
LIVE = "Live"
LIVE_OFF = "Reload the page to see what is new"
LIVE_LOST = "The service does not answer"
BACK_TO_ACCOUNTS = "All accounts"
FIRST = "Back to the first"
MORE = "Show more"
PAGES = "Pages"
EXPIRED = "expired"
MOMENT_LEFT = "less than a minute"
JUST_NOW = "just now"
NAMELESS = "Without a name"
CLOSE = "Close"

ROOMS = MappingProxyType(
    {
        "dashboard": "Dashboard",
        "accounts": "Accounts",
        "webhooks": "Webhooks",
        "keys": "API keys",
        "settings": "Settings",
    }
)
"""Page -> its name in the navigation, in its order."""


def ago(span: str) -> str:
    """A length of time that lies behind."""
    return f"{span} ago"


def left(span: str) -> str:
    """A length of time that lies ahead."""
    return f"{span} left"


def several(count: int, one: str, many: str) -> str:
    """A number and what it counts."""
    return f"{count:,} {one if count == 1 else many}"
