"""What is told of each of TikTok's error strings beside what the code itself knows of it.

The verdict (our code, class, action, what to do) comes from ``tiktok_oauth.protocol.codes``. Here
stands what a reader wants to know and a program does not: what it means and why it happens.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """One error string, told to a person.

    Attributes:
        means: what TikTok says by it.
        why: the causes, the most frequent first.
        sentences: TikTok's own ``error_description`` or ``message``, as documented or recorded.
    """

    means: str
    why: tuple[str, ...]
    sentences: tuple[str, ...] = ()


OAUTH: dict[str, Story] = {
    "invalid_client": Story(
        "TikTok does not know this app, or does not believe that you are it.",
        (
            (
                "The secret of the sandbox with the key of production, or the other way round: "
                "each has its own pair. Sandbox keys begin with `sbaw`, production keys with `aw`."
            ),
            "A newline, a space or a quotation mark was copied along with key or secret.",
            "The secret was rotated in the portal and not here.",
            "On Android: the app is signed with a certificate that is not registered (10033).",
        ),
        (
            "Client key or secret is incorrect.",
            "Client info is illegal or malformed.",
            "App certificate does not match configurations.",
        ),
    ),
    "unauthorized_client": Story(
        "The app exists, and may not do this; or its key is unknown to Login Kit.",
        (
            "The app is a draft, in review or rejected. Outside a sandbox nobody can log in then.",
            "Login Kit is not among the products of this app version.",
            "The key is from the Business or Marketing portal, which is another platform.",
        ),
    ),
    "invalid_grant": Story(
        "The code, the refresh token or the access token that came is spent, expired or unknown.",
        (
            (
                "A refresh token was used twice. Each refresh kills the one before: two programs, "
                "two workers or two tabs refreshed at once, or the new token was not saved."
            ),
            "A code was exchanged twice (a reloaded callback page), or too late.",
            "The person disconnected the app in TikTok's settings, or the account is gone.",
            "The grant reached the end of its life, which does not start again at a refresh.",
            "A revoke with an access token that had already ended.",
        ),
        (
            "Authorization code is expired.",
            "Refresh token is invalid or expired.",
            "Access token is invalid or expired.",
        ),
    ),
    "access_denied": Story(
        "The person said no, or may not say yes.",
        (
            "The person declined on the consent page.",
            (
                "The app is a sandbox app and the person is not among its target users. The "
                "callback then has `error_type=non_sandbox_target`."
            ),
        ),
        ("User cancelled authorization",),
    ),
    "invalid_request": Story(
        "A parameter is missing, malformed or not what was said before.",
        (
            (
                "The redirect URI of the exchange differs from the one of the authorization URL, "
                "if only by a slash at its end."
            ),
            (
                "The code verifier is missing, or the challenge was base64url: TikTok wants the "
                "hex digits of the SHA-256. The consent page accepts a wrong challenge; the "
                "exchange does not."
            ),
            "The body was JSON. OAuth endpoints read forms only.",
            "The code was decoded twice or not at all: it contains `*` and `!`.",
        ),
        (
            "Redirect_uri is not matched with the uri when requesting code.",
            "The request parameters are malformed.",
            "Client secret is missed in request.",
            "Only `application/x-www-form-urlencoded` is accepted as Content-Type.",
            "Code verifier or code challenge is invalid.",
        ),
    ),
    "invalid_scope": Story(
        "At least one scope cannot be asked for; TikTok refuses the whole request for it.",
        (
            "The scope is not approved for this app version, or its product is not added.",
            "The scope is misspelt, of the Business API, or no longer handed out to new apps.",
            "Scopes were joined by spaces. TikTok wants commas.",
        ),
    ),
    "unsupported_grant_type": Story(
        "The token endpoint knows `authorization_code`, `refresh_token` and `client_credentials`.",
        ("A request of your own named another one. The client never sends another.",),
    ),
    "unsupported_response_type": Story(
        "The authorization page knows `code` only.",
        ("A URL of your own asked for `token` or `id_token`. There is no implicit flow.",),
    ),
    "server_error": Story(
        "TikTok failed while it handled an OAuth request.",
        (
            "A passing failure at TikTok.",
            "On Android: Login Kit is not added to the app (10004).",
        ),
    ),
    "temporarily_unavailable": Story(
        "TikTok cannot handle an OAuth request right now.",
        ("Load or maintenance at TikTok.",),
    ),
}
"""Strings of the OAuth endpoints and the callback, which say ``error`` and
``error_description``."""

DATA: dict[str, Story] = {
    "access_token_invalid": Story(
        "The access token is dead or missing. HTTP 401, the same status as a missing scope.",
        (
            "It ended: two hours after it was issued, since November 2026.",
            "The person disconnected the app, or the app revoked the grant.",
            "A refresh token, or a token of another app, was sent instead.",
        ),
        ("The access token is invalid or not found in the request.",),
    ),
    "scope_not_authorized": Story(
        "The token is good, but the person did not grant a scope that the call needs. HTTP 401.",
        (
            (
                "One field of `fields` needs a scope outside the grant. The whole call fails then; "
                "there is no partial answer."
            ),
            "The person unchecked the scope on the consent page.",
            (
                "The scope was added to the app after this person had consented: old grants do not "
                "grow."
            ),
            "The scope is in the token, and its product is not enabled for the app.",
        ),
        ("The user did not authorize the scope required for completing this request.",),
    ),
    "scope_permission_missed": Story(
        "Some of the asked fields need further scopes. HTTP 400.",
        ("As `scope_not_authorized`. When TikTok uses which of the two is not documented.",),
    ),
    "rate_limit_exceeded": Story(
        "Too many calls within a minute. HTTP 429.",
        (
            "More than 600 calls a minute to user info or the video endpoints.",
            (
                "Posting has lower limits for each person: 6 inits, 20 creator queries and 30 "
                "status queries a minute."
            ),
        ),
    ),
    "internal_error": Story(
        "TikTok failed while it handled a data call. HTTP 500.", ("A passing failure at TikTok.",)
    ),
    "invalid_params": Story(
        "An argument of the call is missing or wrong. HTTP 400.",
        (
            "`fields` is missing or names a field that does not exist.",
            "A number is out of its range, such as `max_count` over 20.",
        ),
        ("Fields is required, please provide fields in the request",),
    ),
    "invalid_param": Story(
        "The same from Content Posting, in the singular. HTTP 400.",
        ("A value of the init call that TikTok does not accept.",),
    ),
    "invalid_file_upload": Story(
        "The bytes that came are no file TikTok can use. HTTP 400.",
        ("The format, the length or a chunk does not fit what the init call announced.",),
    ),
    "invalid_publish_id": Story(
        "There is no post with this `publish_id`. HTTP 400.",
        ("It is not one that TikTok answered to this app.",),
    ),
    "token_not_authorized_for_specified_publish_id": Story(
        "The post was started by another account. HTTP 400.",
        ("Accounts were mixed up between the init and the status call.",),
    ),
    "app_version_check_failed": Story(
        "The person's TikTok app is too old for this kind of post. HTTP 400.",
        ("They have not updated it.",),
    ),
    "spam_risk_too_many_posts": Story(
        "The account has posted as much as it may today. HTTP 403.",
        ("Too many posts of this account within a day.",),
    ),
    "spam_risk_user_banned_from_posting": Story(
        "TikTok does not let this account post. HTTP 403.",
        ("A decision of TikTok's about the account, not about your app.",),
    ),
    "spam_risk_too_many_pending_share": Story(
        "Too many drafts lie in the person's inbox. HTTP 403.",
        ("They were uploaded and never published.",),
    ),
    "reached_active_user_cap": Story(
        "As many people as the app may serve have posted in the last 24 hours. HTTP 403.",
        ("Apps that TikTok has not audited may serve five.",),
    ),
    "unaudited_client_can_only_post_to_private_accounts": Story(
        "TikTok has not audited the app, and the post would have been public. HTTP 403.",
        ("The account is public. `SELF_ONLY` alone does not help; the account has to be private.",),
    ),
    "url_ownership_unverified": Story(
        "TikTok does not fetch videos from this address. HTTP 403.",
        ("Its domain is not verified in the portal.",),
    ),
    "privacy_level_option_mismatch": Story(
        "The account does not offer this privacy level. HTTP 403.",
        ("It was not read from creator_info/query, or changed since.",),
    ),
}
"""Strings of the data endpoints, which say ``error.code`` and ``error.message``."""


@dataclass(frozen=True, slots=True)
class PortalError:
    """A refusal that TikTok shows on a page of its own, and that never comes back to you.

    Attributes:
        query: what the address of the page says.
        shown: the word the page asks you to correct.
        why: the causes.
        mend: what to change.
        in_sandbox: whether the sandbox shows the same page.
    """

    query: str
    shown: str
    why: str
    mend: str
    in_sandbox: bool = True


PORTAL: tuple[PortalError, ...] = (
    PortalError(
        "error=unauthorized_client&error_type=client_key",
        "client_key",
        "The key is unknown; or the app is a draft, in review or rejected; or Login Kit is not "
        "added; or the key is of another portal.",
        "Compare the key with the portal's, for the right environment. Until the app is approved, "
        "use a sandbox of the portal and its own key and secret.",
    ),
    PortalError(
        "error=param_error&errCode=10003&error_type=client_key",
        "client_key",
        "The parameter is missing. A general OAuth library has sent `client_id`.",
        "TikTok calls it `client_key`. `get_authorization_url` does.",
    ),
    PortalError(
        "error=param_error&errCode=10007&error_type=code_challenge",
        "code_challenge",
        "The redirect URI is of the desktop kind, which needs PKCE, and no challenge came.",
        "Leave `pkce` at `None`: loopback redirects get a challenge. Keep `code_verifier`.",
    ),
    PortalError(
        "error=param_error&errCode=10008&error_type=code_challenge_method",
        "code_challenge_method",
        "The method is `plain`; one report says that web apps are refused any method.",
        "Use `S256`, and PKCE for desktop redirects only, which is the default here.",
    ),
    PortalError(
        "error=invalid_request&error_type=redirect_uri",
        "redirect_uri",
        "The redirect URI is not one of the registered ones, to the character; or it is "
        "registered for the other environment, or under the other platform (Web, Desktop).",
        "Copy it from the portal. `localhost` and `127.0.0.1` are different, and so are two "
        "addresses of which one ends with a slash.",
    ),
    PortalError(
        "error=invalid_scope&error_type=scope",
        "scope",
        "One scope is not approved for the app, misspelt, or separated by something else than a "
        "comma. All are refused for it.",
        "Ask for `user.info.basic` alone. If that works, add the others one by one.",
    ),
    PortalError(
        "error=access_denied&error_type=non_sandbox_target",
        "non_sandbox_target",
        "A sandbox app of the portal serves its target users only, and this person is none. Seen "
        "on the callback as well.",
        "Add the person under Target Users of the sandbox, and let them accept.",
        in_sandbox=False,
    ),
)
"""Read from public reports until November 2026; TikTok documents none of these pages."""
