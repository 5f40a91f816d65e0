"""The videos of a person: made up on the spot, the same each time, and nowhere kept.

Facts from https://developers.tiktok.com/doc/tiktok-api-v2-video-list and
https://developers.tiktok.com/doc/tiktok-api-v2-video-query (read 2026-11-22).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from tiktok_oauth.sandbox.catalog import Count  # noqa: TC001 - msgspec reads the types
from tiktok_oauth.sandbox.jsonbody import read_json
from tiktok_oauth.sandbox.profile import avatar_url, read_fields

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import Person
    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.visit import Visit

_NEWEST = 1_790_000_000
_BETWEEN = 7_201
_FIELDS = dict.fromkeys(
    sorted(
        [
            "id",
            "create_time",
            "cover_image_url",
            "share_url",
            "video_description",
            "duration",
            "height",
            "width",
            "title",
            "embed_html",
            "embed_link",
            "like_count",
            "comment_count",
            "share_count",
            "view_count",
        ]
    )
)


class _List(msgspec.Struct):
    cursor: Count = 0
    max_count: Annotated[int, Meta(ge=1, le=20)] = 10


class _Filters(msgspec.Struct):
    video_ids: Annotated[list[str], Meta(min_length=1, max_length=20)]


class _Query(msgspec.Struct):
    filters: _Filters


def video_list(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/video/list/``: newest first; the cursor is a time in milliseconds.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    wanted = read_fields(visit, _FIELDS)
    asked = read_json(visit, _List)
    person = visit.world.people[grant.person_id]
    newest = _newest(person)
    first = 0
    if asked.cursor:
        first = max(0, (newest * 1_000 - asked.cursor) // (_BETWEEN * 1_000) + 1)
    last = min(first + asked.max_count, person.videos)
    videos = [_video(person, number, wanted, visit.call.origin) for number in range(first, last)]
    return {
        "cursor": _created(person, last - 1) * 1_000 if videos else 0,
        "has_more": last < person.videos,
        "videos": videos,
    }


def video_query(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``POST /v2/video/query/``: ids that are not this person's are left out.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    wanted = read_fields(visit, _FIELDS)
    person = visit.world.people[grant.person_id]
    ids = read_json(visit, _Query).filters.video_ids
    numbers = [number for number in (_number(person, video_id) for video_id in ids) if number >= 0]
    videos = [_video(person, number, wanted, visit.call.origin) for number in numbers]
    return {"cursor": 0, "has_more": False, "videos": videos}


def _newest(person: Person) -> int:
    return _NEWEST - _noise(person, -1) % 86_400


def _created(person: Person, number: int) -> int:
    return _newest(person) - number * _BETWEEN


def _video_id(person: Person, number: int) -> str:
    """Return an id as TikTok makes them: the time in its upper half."""
    return str(_created(person, number) << 32 | _noise(person, number) >> 32)


def _number(person: Person, video_id: str) -> int:
    """Return which of the person's videos has this id, -1 for none."""
    if not (video_id.isascii() and video_id.isdigit()) or len(video_id) > 20:  # noqa: PLR2004 - numbers of the rule itself
        return -1
    number = (_newest(person) - (int(video_id) >> 32)) // _BETWEEN
    known = 0 <= number < person.videos and _video_id(person, number) == video_id
    return number if known else -1


def _noise(person: Person, number: int) -> int:
    seed = f"{person.person_id}\0{number}".encode()
    return int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest(), "big")


def _video(person: Person, number: int, wanted: set[str], origin: str) -> dict[str, object]:
    video_id, noise = _video_id(person, number), _noise(person, number)
    page = f"https://www.tiktok.com/@{person.username}/video/{video_id}"
    embed = f"https://www.tiktok.com/player/v1/{video_id}"
    views = noise % 90_000
    values: dict[str, object] = {
        "comment_count": views // 90,
        "cover_image_url": avatar_url(person, origin),
        "create_time": _created(person, number),
        "duration": 8 + noise % 50,
        "embed_html": f'<iframe src="{embed}"></iframe>',
        "embed_link": embed,
        "height": 1_024,
        "id": video_id,
        "like_count": views // 12,
        "share_count": views // 400,
        "share_url": page,
        "title": f"Number {person.videos - number}",
        "video_description": f"Number {person.videos - number} #sandbox",
        "view_count": views,
        "width": 576,
    }
    return {name: values[name] for name in _FIELDS if name in wanted}
