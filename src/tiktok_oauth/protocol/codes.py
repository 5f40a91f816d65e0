"""TikTok's code table: its error strings, and what they mean for the caller.

TikTok's string decides, not the HTTP status: OAuth errors come with HTTP 200, and 401 means
both "dead token" and "scope not granted". Sources: developers.tiktok.com/doc/oauth-error-handling
and /doc/tiktok-api-v2-error-handling (before November 2026), the OAuth pages of 2 and 5 November
2026, and recorded answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from tiktok_oauth.errors import ScopeError, TikTokAPIError, TikTokErrorCode, error_class

Code = TikTokErrorCode


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one of TikTok's strings means.

    Attributes:
        code: our code.
        hint: what to do next.
        error: the class to raise.
    """

    code: TikTokErrorCode
    hint: str
    error: type[TikTokAPIError]


def _verdict(code: Code, hint: str, error: type[TikTokAPIError] | None = None) -> Verdict:
    return Verdict(code, hint, error or error_class(code))


_BUSY = "TikTok is busy or failing: try again later."
_KEY = (
    "Check client key and secret for the right environment (sandbox and production have their "
    "own), that the app is approved, and that Login Kit is added to it."
)
_CONSENT = "Send the person through consent again, asking for the scope."

TABLE: dict[str, Verdict] = {
    # OAuth endpoints
    "invalid_client": _verdict(Code.INVALID_CREDENTIALS, _KEY),
    "unauthorized_client": _verdict(Code.INVALID_CREDENTIALS, _KEY),
    "invalid_grant": _verdict(
        Code.INVALID_TOKEN,
        "The code or token is spent, expired or revoked: send the person through consent again.",
    ),
    "access_denied": _verdict(
        Code.INVALID_TOKEN,
        "The person declined, or is not a target user of this sandbox app.",
    ),
    "invalid_request": _verdict(
        Code.VALIDATION_ERROR, "Compare the parameters with what the app has registered."
    ),
    "invalid_scope": _verdict(
        Code.VALIDATION_ERROR,
        "One scope that is not approved for the app makes TikTok refuse all of them.",
    ),
    "unsupported_grant_type": _verdict(Code.VALIDATION_ERROR, "TikTok knows no such grant type."),
    "unsupported_response_type": _verdict(
        Code.VALIDATION_ERROR, "TikTok knows the response type 'code' only."
    ),
    "server_error": _verdict(Code.API_ERROR, _BUSY),
    "temporarily_unavailable": _verdict(Code.API_ERROR, _BUSY),
    # data endpoints
    "access_token_invalid": _verdict(
        Code.TOKEN_EXPIRED, "Refresh the access token and call again with the new one."
    ),
    "scope_not_authorized": _verdict(Code.INVALID_TOKEN, _CONSENT, ScopeError),
    "scope_permission_missed": _verdict(Code.INVALID_TOKEN, _CONSENT, ScopeError),
    "rate_limit_exceeded": _verdict(
        Code.RATE_LIMIT, "TikTok allows 600 calls a minute to its data endpoints: slow down."
    ),
    "internal_error": _verdict(Code.API_ERROR, _BUSY),
    "invalid_params": _verdict(Code.VALIDATION_ERROR, "Correct the arguments of the call."),
    # Content Posting says it in the singular
    "invalid_param": _verdict(Code.VALIDATION_ERROR, "Correct the arguments of the call."),
    "invalid_file_upload": _verdict(Code.VALIDATION_ERROR, "Check the uploaded file's format."),
    "invalid_publish_id": _verdict(Code.VALIDATION_ERROR, "Use the publish_id TikTok answered."),
    "token_not_authorized_for_specified_publish_id": _verdict(
        Code.VALIDATION_ERROR, "Use the token of the account that started this post."
    ),
    "app_version_check_failed": _verdict(
        Code.VALIDATION_ERROR, "The person has to update the TikTok app."
    ),
    "spam_risk_too_many_posts": _verdict(
        Code.VALIDATION_ERROR, "The account reached its daily number of posts: post tomorrow."
    ),
    "spam_risk_user_banned_from_posting": _verdict(
        Code.VALIDATION_ERROR, "TikTok banned this account from posting."
    ),
    "spam_risk_too_many_pending_share": _verdict(
        Code.VALIDATION_ERROR, "Too many drafts wait in the person's inbox: let them publish some."
    ),
    "reached_active_user_cap": _verdict(
        Code.VALIDATION_ERROR, "The app reached its number of posting accounts in 24 hours."
    ),
    "unaudited_client_can_only_post_to_private_accounts": _verdict(
        Code.VALIDATION_ERROR, "Until TikTok audited the app, it can post to private accounts only."
    ),
    "url_ownership_unverified": _verdict(
        Code.VALIDATION_ERROR, "Verify the domain of the video's URL in the developer portal."
    ),
    "privacy_level_option_mismatch": _verdict(
        Code.VALIDATION_ERROR, "Use a privacy level that creator_info/query offers."
    ),
}

_BY_DESCRIPTION: tuple[tuple[str, str], ...] = (
    (
        "Redirect_uri is not matched",
        "The redirect URI of the exchange must equal the one of the authorization URL exactly.",
    ),
    (
        "Code verifier or code challenge",
        "Pass the code_verifier that came with the authorization URL.",
    ),
    ("Client secret is missed", "The client secret did not arrive: check TIKTOK_CLIENT_SECRET."),
    (
        "Authorization code is expired",
        "A code works once, for a few minutes: start a new login.",
    ),
    (
        "Refresh token is invalid",
        "Use the newest one you stored; if that is it, send the person through consent again.",
    ),
    ("Client info is illegal", f"Look for a stray newline or space in it. {_KEY}"),
)

_UNKNOWN = Verdict(
    Code.VALIDATION_ERROR,
    "TikTok refused the request; its message says why.",
    error_class(Code.VALIDATION_ERROR),
)
_RATE = TABLE["rate_limit_exceeded"]
_SERVER = TABLE["server_error"]
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500


def classify(tiktok_code: str, description: str, status: int) -> Verdict:
    """What an error string of TikTok's means.

    Args:
        tiktok_code: TikTok's string, known or not.
        description: TikTok's sentence, which narrows the hint down.
        status: the HTTP status, which only decides about strings nobody knows.
    """
    verdict = TABLE.get(tiktok_code)
    if verdict is None:
        if status == _TOO_MANY_REQUESTS:
            return _RATE
        return _SERVER if status >= _SERVER_ERRORS else _UNKNOWN
    for beginning, hint in _BY_DESCRIPTION:
        if beginning.lower() in description.lower():
            return Verdict(verdict.code, hint, verdict.error)
    return verdict
