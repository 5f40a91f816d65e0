"""TikTok OAuth for Python: a client, and a local TikTok to test against.

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

_EXTRAS = {"Sandbox": "sandbox"}
_HOME = {
    "AsyncTikTokOAuth": "aio",
    "CallMetrics": "types",
    "ErrorAction": "errors",
    "InvalidCredentialsError": "errors",
    "InvalidTokenError": "errors",
    "LoginError": "errors",
    "MetricsSnapshot": "types",
    "NetworkError": "errors",
    "QrAuthorization": "types",
    "QrStatus": "types",
    "RateLimitError": "errors",
    "RequestTimeoutError": "errors",
    "RetryPolicy": "config",
    "Sandbox": "sandbox.serve",
    "ScopeError": "errors",
    "ServerError": "errors",
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
    "ValidationError": "errors",
    "VaultKeyError": "errors",
    "WebhookEvent": "types",
    "configure_logging": "observe.logs",
    "correlation_id": "correlation",
    "tiktok_oauth": "client",
}

__all__ = [
    "AsyncTikTokOAuth",
    "CallMetrics",
    "ErrorAction",
    "InvalidCredentialsError",
    "InvalidTokenError",
    "LoginError",
    "MetricsSnapshot",
    "NetworkError",
    "QrAuthorization",
    "QrStatus",
    "RateLimitError",
    "RequestTimeoutError",
    "RetryPolicy",
    "Sandbox",
    "ScopeError",
    "ServerError",
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
    "ValidationError",
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
