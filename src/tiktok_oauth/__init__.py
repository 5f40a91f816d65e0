"""TikTok OAuth for Python: a client, a token vault, and a local TikTok to test against.

Everything public is here and loaded when it is first asked for, so that importing the package
costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktok_oauth.aio import AsyncTikTokOAuth
    from tiktok_oauth.client import TikTokOAuth, tiktok_oauth
    from tiktok_oauth.config import RetryPolicy
    from tiktok_oauth.correlation import correlation_id
    from tiktok_oauth.errors import (
        ErrorAction,
        InvalidCredentialsError,
        InvalidTokenError,
        LoginError,
        NetworkError,
        RateLimitError,
        RequestTimeoutError,
        ScopeError,
        ServerError,
        StoreError,
        TikTokAPIError,
        TikTokErrorCode,
        TokenExpiredError,
        ValidationError,
        VaultKeyError,
    )
    from tiktok_oauth.login import LoginStart
    from tiktok_oauth.observe.logs import configure_logging
    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.types import (
        CallMetrics,
        MetricsSnapshot,
        QrAuthorization,
        QrStatus,
        TikTokAuthUrl,
        TikTokClientToken,
        TikTokRefreshResponse,
        TikTokTokens,
        TikTokUserInfo,
        WebhookEvent,
    )
    from tiktok_oauth.vault.account import Account, AsyncAccount
    from tiktok_oauth.vault.aio import AsyncTokenVault
    from tiktok_oauth.vault.fleet.progress import Progress
    from tiktok_oauth.vault.fleet.refresher import Refresher
    from tiktok_oauth.vault.listeners import VaultEvent
    from tiktok_oauth.vault.logins import LoginResult
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.sealing.resealing import ResealReport
    from tiktok_oauth.vault.snapshot import AccountState
    from tiktok_oauth.vault.stores.store import Store
    from tiktok_oauth.vault.vault import TokenVault

_EXTRAS = {"Sandbox": "sandbox"}
_HOME = {
    "AccessToken": "types",
    "Account": "vault.account",
    "AccountState": "vault.snapshot",
    "AsyncAccount": "vault.account",
    "AsyncTikTokOAuth": "aio",
    "AsyncTokenVault": "vault.aio",
    "CallMetrics": "types",
    "ErrorAction": "errors",
    "InvalidCredentialsError": "errors",
    "InvalidTokenError": "errors",
    "KeyRing": "vault.sealing.keyring",
    "LoginError": "errors",
    "LoginResult": "vault.logins",
    "LoginStart": "login",
    "MetricsSnapshot": "types",
    "NetworkError": "errors",
    "QrAuthorization": "types",
    "QrStatus": "types",
    "Progress": "vault.fleet.progress",
    "RateLimitError": "errors",
    "Refresher": "vault.fleet.refresher",
    "RequestTimeoutError": "errors",
    "ResealReport": "vault.sealing.resealing",
    "RetryPolicy": "config",
    "Sandbox": "sandbox.serve",
    "ScopeError": "errors",
    "ServerError": "errors",
    "Store": "vault.stores.store",
    "StoreError": "errors",
    "TikTokAPIError": "errors",
    "TikTokAuthUrl": "types",
    "TikTokClientToken": "types",
    "TikTokErrorCode": "errors",
    "TikTokOAuth": "client",
    "TikTokRefreshResponse": "types",
    "TikTokTokens": "types",
    "TikTokUserInfo": "types",
    "TokenExpiredError": "errors",
    "TokenVault": "vault.vault",
    "ValidationError": "errors",
    "VaultEvent": "vault.listeners",
    "VaultKeyError": "errors",
    "WebhookEvent": "types",
    "configure_logging": "observe.logs",
    "correlation_id": "correlation",
    "tiktok_oauth": "client",
}

__all__ = [
    "AccessToken",
    "Account",
    "AccountState",
    "AsyncAccount",
    "AsyncTikTokOAuth",
    "AsyncTokenVault",
    "CallMetrics",
    "ErrorAction",
    "InvalidCredentialsError",
    "InvalidTokenError",
    "KeyRing",
    "LoginError",
    "LoginResult",
    "LoginStart",
    "MetricsSnapshot",
    "NetworkError",
    "Progress",
    "QrAuthorization",
    "QrStatus",
    "RateLimitError",
    "Refresher",
    "RequestTimeoutError",
    "ResealReport",
    "RetryPolicy",
    "Sandbox",
    "ScopeError",
    "ServerError",
    "Store",
    "StoreError",
    "TikTokAPIError",
    "TikTokAuthUrl",
    "TikTokClientToken",
    "TikTokErrorCode",
    "TikTokOAuth",
    "TikTokRefreshResponse",
    "TikTokTokens",
    "TikTokUserInfo",
    "TokenExpiredError",
    "TokenVault",
    "ValidationError",
    "VaultEvent",
    "VaultKeyError",
    "WebhookEvent",
    "configure_logging",
    "correlation_id",
    "tiktok_oauth",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        value: object = getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if name not in _EXTRAS:
            raise
        message = f"{name} needs an extra: pip install 'tiktok-oauth[{_EXTRAS[name]}]'"
        raise ImportError(message, name=error.name) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
