"""What each of TikTok's error strings must become, written down apart from the code table."""

from __future__ import annotations

from tests.protocol.answers import Facts
from tiktok_oauth.errors import (
    ErrorAction,
    InvalidCredentialsError,
    InvalidTokenError,
    RateLimitError,
    ScopeError,
    ServerError,
    TikTokErrorCode,
    TokenExpiredError,
    ValidationError,
)

CREDENTIALS = Facts(
    InvalidCredentialsError, TikTokErrorCode.INVALID_CREDENTIALS, False, 500, ErrorAction.FAIL
)
TOKEN = Facts(InvalidTokenError, TikTokErrorCode.INVALID_TOKEN, False, 401, ErrorAction.FAIL)
SCOPE = Facts(ScopeError, TikTokErrorCode.INVALID_TOKEN, False, 401, ErrorAction.FAIL)
EXPIRED = Facts(TokenExpiredError, TikTokErrorCode.TOKEN_EXPIRED, False, 401, ErrorAction.REFRESH)
RATE = Facts(RateLimitError, TikTokErrorCode.RATE_LIMIT, True, 429, ErrorAction.RETRY)
SERVER = Facts(ServerError, TikTokErrorCode.API_ERROR, True, 502, ErrorAction.RETRY)
UNKNOWN_SUCCESS = Facts(ServerError, TikTokErrorCode.API_ERROR, False, 502, ErrorAction.FAIL)
VALIDATION = Facts(ValidationError, TikTokErrorCode.VALIDATION_ERROR, False, 400, ErrorAction.FAIL)

BY_STRING: dict[str, Facts] = {
    "invalid_client": CREDENTIALS,
    "unauthorized_client": CREDENTIALS,
    "invalid_grant": TOKEN,
    "access_denied": TOKEN,
    "scope_not_authorized": SCOPE,
    "scope_permission_missed": SCOPE,
    "access_token_invalid": EXPIRED,
    "rate_limit_exceeded": RATE,
    "internal_error": SERVER,
    "server_error": SERVER,
    "temporarily_unavailable": SERVER,
    "invalid_request": VALIDATION,
    "invalid_scope": VALIDATION,
    "unsupported_grant_type": VALIDATION,
    "unsupported_response_type": VALIDATION,
    "invalid_params": VALIDATION,
    "invalid_param": VALIDATION,
    "invalid_file_upload": VALIDATION,
    "invalid_publish_id": VALIDATION,
    "token_not_authorized_for_specified_publish_id": VALIDATION,
    "app_version_check_failed": VALIDATION,
    "spam_risk_too_many_posts": VALIDATION,
    "spam_risk_user_banned_from_posting": VALIDATION,
    "spam_risk_too_many_pending_share": VALIDATION,
    "reached_active_user_cap": VALIDATION,
    "unaudited_client_can_only_post_to_private_accounts": VALIDATION,
    "url_ownership_unverified": VALIDATION,
    "privacy_level_option_mismatch": VALIDATION,
}
"""The strings that mean the same at every HTTP status."""


def expected(tiktok_code: str, status: int) -> Facts:
    """What a string of TikTok's must become at an HTTP status, known or not."""
    known = BY_STRING.get(tiktok_code)
    if known is None:
        known = RATE if status == 429 else SERVER if status >= 500 else VALIDATION
    if known is SERVER and status >= 500:
        return known._replace(status_code=status)
    return known
