"""The public names, each with the first line of its docstring."""

from __future__ import annotations

import inspect

import tiktok_oauth
from docs._ext.text import table

PAGES = {
    "clients": ("AsyncTikTokOAuth", "RetryPolicy", "TikTokOAuth", "tiktok_oauth"),
    "values": (
        "QrAuthorization",
        "QrStatus",
        "TikTokAuthUrl",
        "TikTokClientToken",
        "TikTokRefreshResponse",
        "TikTokTokens",
        "TikTokUserInfo",
        "WebhookEvent",
    ),
    "exceptions": (
        "ErrorAction",
        "InvalidCredentialsError",
        "InvalidTokenError",
        "LoginError",
        "NetworkError",
        "RateLimitError",
        "RequestTimeoutError",
        "ScopeError",
        "ServerError",
        "StoreError",
        "TikTokAPIError",
        "TikTokErrorCode",
        "TokenExpiredError",
        "ValidationError",
        "VaultKeyError",
    ),
    "vault": (
        "AccessToken",
        "Account",
        "AccountState",
        "AsyncAccount",
        "AsyncTokenVault",
        "LoginResult",
        "LoginStart",
        "TokenVault",
        "VaultEvent",
    ),
    "keys-and-stores": ("KeyRing", "ResealReport", "Store"),
    "refresher": ("Progress", "Refresher"),
    "observing": ("CallMetrics", "MetricsSnapshot", "configure_logging", "correlation_id"),
    "sandbox-in-python": ("Sandbox",),
}
"""Page under ``reference/api/`` -> the public names it explains."""


def names() -> str:
    """Every public name, where it is explained, and what it is."""
    page_of = {name: page for page, names_ in PAGES.items() for name in names_}
    rows = [
        (f"[`{name}`](api/{page_of[name]}.md)", _fact(getattr(tiktok_oauth, name)))
        for name in sorted(tiktok_oauth.__all__, key=str.lower)
    ]
    return table(("name", "what it is"), rows)


def _fact(value: object) -> str:
    text = inspect.getdoc(value) or ""
    if value is tiktok_oauth.tiktok_oauth:
        text = inspect.getdoc(type(value)) or ""
    return text.partition("\n\n")[0].replace("``", "`")
