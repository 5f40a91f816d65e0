"""TikTok's v2 endpoints as values: path, method, size of answer, may it be repeated.

Read November 2026: developers.tiktok.com/docs/en/oauth-* (2 November 2026) for the OAuth
endpoints, /doc/tiktok-api-v2-get-user-info for fields and scopes.
"""

from __future__ import annotations

from dataclasses import dataclass

OAUTH_LIMIT = 64 * 1024
DATA_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        method: the HTTP method; TikTok answers any other with 404.
        path: below the base URL; the slash at the end is part of it.
        limit: bytes of answer we read at most.
        repeatable: whether the same request may be made twice.
        single_use: the request spends a code or token: after an unanswered attempt, a refusal
            of the grant may mean that TikTok had handled it.
    """

    method: str
    path: str
    limit: int = OAUTH_LIMIT
    repeatable: bool = True
    single_use: bool = False


TOKEN = Endpoint("POST", "/v2/oauth/token/", single_use=True)
CLIENT_TOKEN = Endpoint("POST", "/v2/oauth/token/")
REVOKE = Endpoint("POST", "/v2/oauth/revoke/")
QR_GET = Endpoint("POST", "/v2/oauth/get_qrcode/")
QR_CHECK = Endpoint("POST", "/v2/oauth/check_qrcode/")
USER_INFO = Endpoint("GET", "/v2/user/info/", limit=DATA_LIMIT)

REPEATABLE_POSTS = frozenset(
    {
        "/v2/video/list/",
        "/v2/video/query/",
        "/v2/post/publish/creator_info/query/",
        "/v2/post/publish/status/fetch/",
    }
)
"""POST endpoints that only read."""

FIELD_SCOPES: dict[str, str] = {
    "open_id": "user.info.basic",
    "union_id": "user.info.basic",
    "avatar_url": "user.info.basic",
    "avatar_url_100": "user.info.basic",
    "avatar_large_url": "user.info.basic",
    "display_name": "user.info.basic",
    "bio_description": "user.info.profile",
    "profile_deep_link": "user.info.profile",
    "profile_web_link": "user.info.profile",
    "is_verified": "user.info.profile",
    "username": "user.info.profile",
    "follower_count": "user.info.stats",
    "following_count": "user.info.stats",
    "likes_count": "user.info.stats",
    "video_count": "user.info.stats",
}
"""The scope each user-info field needs: one missing scope fails the whole call."""

ENDPOINT_SCOPES: dict[str, str] = {
    "/v2/video/list/": "video.list",
    "/v2/video/query/": "video.list",
    "/v2/post/publish/creator_info/query/": "video.publish",
    "/v2/post/publish/video/init/": "video.publish",
    "/v2/post/publish/inbox/video/init/": "video.upload",
}
"""The scope a data endpoint needs, where it is always the same (/doc/tiktok-api-v2-video-list,
/doc/content-posting-api-reference-direct-post and -upload-video, read November 2026)."""

DEFAULT_FIELDS = ("open_id", "union_id", "avatar_url", "display_name")
