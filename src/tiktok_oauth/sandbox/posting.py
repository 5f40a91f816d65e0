"""Content posting: far enough for an app that logs people in and posts for them.

Facts from https://developers.tiktok.com/doc/content-posting-api-reference-direct-post and its
sister pages, and from recorded answers (read 2026-11-22).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from tiktok_oauth.sandbox.catalog import Count, Name  # noqa: TC001 - msgspec reads the types
from tiktok_oauth.sandbox.http import Answer, text_answer
from tiktok_oauth.sandbox.jsonbody import read_json
from tiktok_oauth.sandbox.notices import write_content
from tiktok_oauth.sandbox.profile import avatar_url, missing_scope
from tiktok_oauth.sandbox.visit import ApiRefusal

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import Person
    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.visit import Visit

PROCESSING_SECONDS = 10
_MEGABYTE = 1024 * 1024
_SMALLEST_CHUNK, _LARGEST_CHUNK = 5 * _MEGABYTE, 64 * _MEGABYTE
_MOST_POSTS = 10_000


@dataclass(frozen=True, slots=True)
class Post:
    """A post on its way.

    Attributes:
        publish_id: its id for the app.
        client_key: the app.
        person_id: whose profile or inbox it goes to.
        to_inbox: a draft, rather than a post.
        size: bytes to come, or to be fetched.
        received: bytes that have come.
        upload_token: what the upload proves itself by; "" when TikTok fetches the file.
        ready: when all bytes are there.
        cancelled: whether the app called it off before that.
    """

    publish_id: str
    client_key: Name
    person_id: Name
    to_inbox: bool
    size: Count
    received: Count = 0
    upload_token: str = field(default="", repr=False)
    ready: float | None = None
    cancelled: bool = False


class _Source(msgspec.Struct):
    source: Literal["FILE_UPLOAD", "PULL_FROM_URL"]
    video_size: Annotated[int, Meta(ge=1, le=4 * 1024**3)] = 0
    chunk_size: Count = 0
    total_chunk_count: Count = 0
    video_url: str = ""
    photo_images: list[str] = []


class _PostInfo(msgspec.Struct):
    privacy_level: str = ""


class _Init(msgspec.Struct):
    source_info: _Source
    post_info: _PostInfo = msgspec.field(default_factory=_PostInfo)
    post_mode: Literal["DIRECT_POST", "MEDIA_UPLOAD"] = "DIRECT_POST"


class _PublishId(msgspec.Struct):
    publish_id: str


def creator_info(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/post/publish/creator_info/query/``."""
    person = visit.world.people[grant.person_id]
    return {
        "comment_disabled": False,
        "creator_avatar_url": avatar_url(person, visit.call.origin),
        "creator_nickname": person.display_name,
        "creator_username": person.username,
        "duet_disabled": person.is_private,
        "max_video_post_duration_sec": person.longest_video,
        "privacy_level_options": _privacy_levels(person),
        "stitch_disabled": person.is_private,
    }


def video_init(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/post/publish/video/init/``: straight to the profile.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    asked = read_json(visit, _Init)
    _check_privacy(visit, grant, asked.post_info.privacy_level)
    return _begin_video(visit, grant, asked.source_info, to_inbox=False)


def inbox_init(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/post/publish/inbox/video/init/``: a draft.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    return _begin_video(visit, grant, read_json(visit, _Init).source_info, to_inbox=True)


def content_init(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/post/publish/content/init/``: photos, as a post or a draft.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    asked = read_json(visit, _Init)
    to_inbox = asked.post_mode == "MEDIA_UPLOAD"
    if ("video.upload" if to_inbox else "video.publish") not in grant.scopes:
        raise missing_scope()
    if not to_inbox:
        _check_privacy(visit, grant, asked.post_info.privacy_level)
    images = asked.source_info.photo_images
    if asked.source_info.source != "PULL_FROM_URL" or not images:
        raise _invalid("The photos have to be pulled from URLs")
    kind = "p_inbox_url~v2" if to_inbox else "p_pub_url~v2"
    return {"publish_id": _begin(visit, grant, kind, to_inbox=to_inbox, size=len(images))}


def status_fetch(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/post/publish/status/fetch/``.

    Raises:
        ApiRefusal: there is no such post, or it is somebody else's.
    """
    post = _own_post(visit, grant)
    if post.cancelled:
        return {"fail_reason": "publish_cancelled", "status": "FAILED"}
    if post.ready is None:
        return {"status": "PROCESSING_UPLOAD", "uploaded_bytes": post.received}
    if visit.now < post.ready:
        return {"downloaded_bytes": post.size, "status": "PROCESSING_DOWNLOAD"}
    return {"status": "SEND_TO_USER_INBOX" if post.to_inbox else "PUBLISH_COMPLETE"}


def cancel(visit: Visit, grant: Grant) -> None:
    """Answer ``POST /v2/post/publish/cancel/``, which has no data.

    Raises:
        ApiRefusal: there is no such post, it is somebody else's, or it is too late.
    """
    post = _own_post(visit, grant)
    if post.cancelled or (post.ready is not None and visit.now >= post.ready):
        raise ApiRefusal(
            400,
            "publish_not_cancellable",
            "The post is in its final state and cannot be cancelled",
            with_data=False,
        )
    visit.world.posts[post.publish_id] = replace(post, cancelled=True)
    visit.world.withdrawn.append(write_content(_details(post)))
    details = {**_details(post), "reason": "publish_cancelled"}
    visit.world.notify(visit.now, post.client_key, "post.publish.failed", post.person_id, details)


def upload(visit: Visit) -> Answer:
    """Answer ``PUT`` to an upload URL: 206 while bytes are missing, 201 with the last one."""
    params = visit.call.params()
    post = visit.world.posts.get(params.get("upload_id", ""))
    token = params.get("upload_token", "").encode()
    if post is None or not hmac.compare_digest(token, post.upload_token.encode() or b"-"):
        visit.outcome = "forbidden"
        return text_answer(403, "forbidden")
    received = post.received + visit.call.size
    expected = f"bytes {post.received}-{received - 1}/{post.size}"
    if post.ready is not None or post.cancelled or visit.call.header(b"content-range") != expected:
        visit.outcome = "range"
        return text_answer(416, "range not satisfiable")
    if received < post.size:
        visit.world.posts[post.publish_id] = replace(post, received=received)
        return Answer(206, ((b"content-range", expected.encode()),))
    visit.world.posts[post.publish_id] = replace(post, received=received, ready=visit.now)
    _announce(visit, post, 0)
    return Answer(201)


def _own_post(visit: Visit, grant: Grant) -> Post:
    """Return the post that the body names.

    Raises:
        ApiRefusal: there is none, or it is somebody else's.
    """
    post = visit.world.posts.get(read_json(visit, _PublishId).publish_id)
    if post is None:
        raise ApiRefusal(400, "invalid_publish_id", "The publish_id is invalid", with_data=False)
    if (post.client_key, post.person_id) != (grant.client_key, grant.person_id):
        raise ApiRefusal(
            400,
            "token_not_authorized_for_specified_publish_id",
            "The access_token is not authorized for the publish_id",
            with_data=False,
        )
    return post


def _privacy_levels(person: Person) -> list[str]:
    first = "FOLLOWER_OF_CREATOR" if person.is_private else "PUBLIC_TO_EVERYONE"
    return [first, "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]


def _check_privacy(visit: Visit, grant: Grant, level: str) -> None:
    person = visit.world.people[grant.person_id]
    # Even a post for nobody else's eyes was refused on a public account.
    if not visit.world.apps[grant.client_key].audited and not person.is_private:
        raise ApiRefusal(
            403,
            "unaudited_client_can_only_post_to_private_accounts",
            "Please review our integration guidelines at"
            " https://developers.tiktok.com/doc/content-sharing-guidelines/",
            with_data=False,
        )
    if level not in _privacy_levels(person):
        raise ApiRefusal(
            403,
            "privacy_level_option_mismatch",
            "The privacy_level is not one of the creator's options",
            with_data=False,
        )


def _begin_video(
    visit: Visit, grant: Grant, source: _Source, *, to_inbox: bool
) -> dict[str, object]:
    target = "inbox" if to_inbox else "pub"
    version = "v2" if to_inbox else "v2-1"
    if source.source == "PULL_FROM_URL":
        if not source.video_url:
            raise _invalid("The video_url is required")
        kind = f"v_{target}_url~{version}"
        return {"publish_id": _begin(visit, grant, kind, to_inbox=to_inbox, size=10_062_683)}
    if not _is_chunked_well(source):
        raise _invalid("The chunk size is invalid")
    token = visit.world.mint.draw(16).hex()
    publish_id = _begin(
        visit,
        grant,
        f"v_{target}_file~{version}",
        to_inbox=to_inbox,
        size=source.video_size,
        upload_token=token,
    )
    query = f"upload_id={publish_id}&upload_token={token}"
    return {"publish_id": publish_id, "upload_url": f"{visit.call.origin}/video/?{query}"}


def _is_chunked_well(source: _Source) -> bool:
    """Chunks have 5 to 64 MB; what is smaller goes in one, and the last takes the rest."""
    if source.video_size <= _SMALLEST_CHUNK and source.chunk_size == source.video_size > 0:
        return source.total_chunk_count == 1
    fits = _SMALLEST_CHUNK <= source.chunk_size <= min(_LARGEST_CHUNK, source.video_size)
    return fits and source.total_chunk_count == source.video_size // source.chunk_size


def _begin(
    visit: Visit, grant: Grant, kind: str, *, to_inbox: bool, size: int, upload_token: str = ""
) -> str:
    world = visit.world
    number = 7 * 10**18 + int.from_bytes(world.mint.draw(7), "big")
    post = Post(
        f"{kind}.{number}",
        grant.client_key,
        grant.person_id,
        to_inbox,
        size,
        upload_token=upload_token,
        ready=None if upload_token else visit.now + PROCESSING_SECONDS,
    )
    world.posts[post.publish_id] = post
    if len(world.posts) > _MOST_POSTS:
        world.posts.popitem(last=False)
    if not upload_token:
        _announce(visit, post, PROCESSING_SECONDS)
    return post.publish_id


def _announce(visit: Visit, post: Post, after: float) -> None:
    event = "post.publish.inbox_delivered" if post.to_inbox else "post.publish.complete"
    visit.world.notify(
        visit.now, post.client_key, event, post.person_id, _details(post), after=after
    )


def _details(post: Post) -> dict[str, str]:
    kind = "INBOX_SHARE" if post.to_inbox else "DIRECT_PUBLISH"
    return {"publish_id": post.publish_id, "publish_type": kind}


def _invalid(message: str) -> ApiRefusal:
    # In the plural, as it was seen; the documents of this API have invalid_param.
    return ApiRefusal(400, "invalid_params", message, with_data=False)
