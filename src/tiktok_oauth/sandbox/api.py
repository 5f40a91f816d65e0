"""TikTok's own endpoints: each one's path, method, scopes and limits, and the answers' form.

Facts from https://developers.tiktok.com/docs/en/oauth-user-access-token-management and
https://developers.tiktok.com/doc/tiktok-api-v2-error-handling (read 2026-11-22); the headers are
those of recorded answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from tiktok_oauth.sandbox import oauth, posting, qr, videos
from tiktok_oauth.sandbox.http import FORM_TYPE, Answer, encode_json
from tiktok_oauth.sandbox.profile import missing_scope, user_info
from tiktok_oauth.sandbox.visit import ApiRefusal, Visit
from tiktok_oauth.sandbox.world import OAuthRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.sandbox.grants import Grant

OAuthHandler: TypeAlias = "Callable[[Visit], oauth.Fields]"
DataHandler: TypeAlias = "Callable[[Visit, Grant], dict[str, object] | None]"

_HEADERS = (
    (b"content-type", b"application/json; charset=utf-8"),
    (b"cache-control", b"max-age=0, no-cache, no-store"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
    (b"server-timing", b"inner; dur=1"),
    (b"x-parent-response-time", b"1,127.0.0.1"),
    (b"x-origin-response-time", b"1,127.0.0.1"),
    (b"x-janus-info", b"sandbox"),
    (b"x-tt-trace-host", b"sandbox"),
    (b"x-tt-trace-tag", b"id=16;cdn-cache=miss;type=dyn"),
    (b"x-tt-origin-idc", b"u1"),
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-allow-headers", b"Content-Type, Authorization"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-origin", b"https://www.tiktok.com"),
    (b"access-control-expose-headers", b"x-tt-traceflag,x-tt-logid"),
)


@dataclass(frozen=True, slots=True)
class OAuthEndpoint:
    """An endpoint that takes a form and answers flat JSON."""

    name: str
    handle: OAuthHandler
    method: str = "POST"

    def answer(self, visit: Visit) -> Answer:
        """Answer a call, in TikTok's words when it is refused."""
        status = 200
        try:
            _check_content_type(visit)
            fields: Mapping[str, object] = self.handle(visit)
        except OAuthRefusal as no:
            visit.outcome = no.error
            status = oauth.refusal_status(visit.world, no.error)
            fields = {
                "error": no.error,
                "error_description": no.description,
                "log_id": visit.log_id,
            }
        return json_answer(visit, status, fields)


@dataclass(frozen=True, slots=True)
class DataEndpoint:
    """An endpoint that takes a bearer token and answers in an envelope.

    Attributes:
        name: what faults and the ledger call it.
        handle: returns the answer's ``data``; None where TikTok documents none.
        method: the one method that is not a 404.
        scopes: any one of them opens it.
        per_user: calls a minute for each person; None counts calls for each app.
    """

    name: str
    handle: DataHandler
    method: str = "POST"
    scopes: frozenset[str] = frozenset()
    per_user: int | None = None

    def answer(self, visit: Visit) -> Answer:
        """Answer a call, in TikTok's words when it is refused."""
        try:
            data = self.handle(visit, self._admit(visit))
        except ApiRefusal as no:
            visit.outcome = no.code
            return refusal_answer(visit, no)
        error = {"code": "ok", "message": "", "log_id": visit.log_id}
        envelope = {"error": error} if data is None else {"data": data, "error": error}
        return json_answer(visit, 200, envelope)

    def _admit(self, visit: Visit) -> Grant:
        grant = visit.world.bearer(visit.now, visit.call.bearer)
        if grant is None:
            raise ApiRefusal(
                401,
                "access_token_invalid",
                "The access token is invalid or not found in the request.",
            )
        most = self.per_user if self.per_user and visit.world.knobs.rate_limit else None
        visit.client_key, visit.person_id = grant.client_key, grant.person_id
        visit.grant_id = grant.grant_id
        caller = (self.name, grant.client_key if most is None else grant.grant_id)
        most = most or visit.world.knobs.rate_limit
        if most and visit.world.limits.wait(visit.now, caller, most):
            raise ApiRefusal(429, "rate_limit_exceeded", "The rate limit is exceeded.")
        if self.scopes and not self.scopes & set(grant.scopes):
            raise missing_scope()
        return grant


@dataclass(frozen=True, slots=True)
class UploadEndpoint:
    """Where the bytes of a video go."""

    name: str = "upload"
    method: str = "PUT"

    def answer(self, visit: Visit) -> Answer:
        """Count the bytes; none of them is kept."""
        return posting.upload(visit)


Endpoint: TypeAlias = OAuthEndpoint | DataEndpoint | UploadEndpoint

_LIST, _UPLOAD = frozenset({"video.list"}), frozenset({"video.upload"})
_PUBLISH = frozenset({"video.publish"})

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        "/v2/oauth/token/": OAuthEndpoint("token", oauth.token),
        "/v2/oauth/revoke/": OAuthEndpoint("revoke", oauth.revoke),
        "/v2/oauth/get_qrcode/": OAuthEndpoint("qr_get", qr.get_qrcode),
        "/v2/oauth/check_qrcode/": OAuthEndpoint("qr_check", qr.check_qrcode),
        "/v2/user/info/": DataEndpoint("user_info", user_info, "GET"),
        "/v2/video/list/": DataEndpoint("video_list", videos.video_list, scopes=_LIST),
        "/v2/video/query/": DataEndpoint("video_query", videos.video_query, scopes=_LIST),
        "/v2/post/publish/creator_info/query/": DataEndpoint(
            "creator_info", posting.creator_info, scopes=_PUBLISH, per_user=20
        ),
        "/v2/post/publish/video/init/": DataEndpoint(
            "video_init", posting.video_init, scopes=_PUBLISH, per_user=6
        ),
        "/v2/post/publish/inbox/video/init/": DataEndpoint(
            "inbox_init", posting.inbox_init, scopes=_UPLOAD, per_user=6
        ),
        "/v2/post/publish/content/init/": DataEndpoint(
            "content_init", posting.content_init, scopes=_PUBLISH | _UPLOAD, per_user=6
        ),
        "/v2/post/publish/status/fetch/": DataEndpoint(
            "status_fetch", posting.status_fetch, scopes=_PUBLISH | _UPLOAD, per_user=30
        ),
        "/v2/post/publish/cancel/": DataEndpoint(
            "cancel", posting.cancel, scopes=_PUBLISH | _UPLOAD
        ),
        "/video/": UploadEndpoint(),
    }
)
"""Path -> endpoint. A wrong method is a 404, as an unknown path is."""

GRANT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "authorization_code": "exchange",
        "client_credentials": "client_token",
        "refresh_token": "refresh",
    }
)
"""grant_type -> what the call on the token endpoint is then called."""


def json_answer(visit: Visit, status: int, fields: object) -> Answer:
    """Return JSON under the headers that TikTok was seen to send."""
    log_id = visit.log_id.encode()
    trace = b"00-%s-%s-01" % (log_id[2:].ljust(32, b"0").lower(), log_id[-16:].lower())
    own = ((b"x-tt-logid", log_id), (b"x-tt-trace-id", trace))
    return Answer(status, (*_HEADERS, *own), encode_json(fields))


def refusal_answer(visit: Visit, no: ApiRefusal) -> Answer:
    """Return a data endpoint's refusal in its envelope."""
    error = {"code": no.code, "message": no.message, "log_id": visit.log_id}
    envelope: dict[str, object] = {"data": {}, "error": error} if no.with_data else {"error": error}
    return json_answer(visit, no.status, envelope)


def _check_content_type(visit: Visit) -> None:
    """Refuse JSON, and a content type that was sent twice.

    Raises:
        OAuthRefusal: in the words that were seen, with status 200.
    """
    types = visit.call.values(b"content-type")
    if [value.partition(";")[0].strip().lower() for value in types] != [FORM_TYPE]:
        raise OAuthRefusal(
            "invalid_request",
            "Only `application/x-www-form-urlencoded` is accepted as Content-Type.",
        )
