"""User info: fields by scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.catalog import FIELD_SCOPES
from tiktok_oauth.sandbox.mint import open_id, union_id
from tiktok_oauth.sandbox.visit import ApiRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.sandbox.catalog import Person
    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.visit import Visit


def missing_scope() -> ApiRefusal:
    """Return what TikTok says when a scope was not granted: 401, like a dead token."""
    return ApiRefusal(
        401,
        "scope_not_authorized",
        "The user did not authorize the scope required for completing this request.",
        with_data=False,
    )


def read_fields(visit: Visit, known: Mapping[str, object]) -> set[str]:
    """Return the fields that the query asks for.

    Raises:
        ApiRefusal: none, or one that there is not.
    """
    wanted = set(visit.call.params().get("fields", "").split(",")) - {""}
    if not wanted:
        raise ApiRefusal(
            400, "invalid_params", "Fields is required, please provide fields in the request"
        )
    if unknown := sorted(wanted - known.keys()):
        raise ApiRefusal(400, "invalid_params", f"Fields {','.join(unknown)} are not valid")
    return wanted


def user_info(visit: Visit, grant: Grant) -> dict[str, object]:
    """Answer ``GET /v2/user/info/``: the fields asked for, sorted, or none at all.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    wanted = read_fields(visit, FIELD_SCOPES)
    if not {FIELD_SCOPES[name] for name in wanted} <= set(grant.scopes):
        raise missing_scope()
    person = visit.world.people[grant.person_id]
    values = _values(person, open_id(grant.client_key, grant.person_id), visit.call.origin)
    return {"user": {name: values[name] for name in FIELD_SCOPES if name in wanted}}


def avatar_url(person: Person, origin: str) -> str:
    """Return where the sandbox shows somebody's picture."""
    return f"{origin}/_sandbox/avatars/{person.person_id}.svg"


def _values(person: Person, user_open_id: str, origin: str) -> dict[str, str | int | bool]:
    avatar = avatar_url(person, origin)
    profile = f"https://www.tiktok.com/@{person.username}"
    return {
        "avatar_large_url": avatar,
        "avatar_url": avatar,
        "avatar_url_100": avatar,
        "bio_description": person.bio,
        "display_name": person.display_name,
        "follower_count": person.followers,
        "following_count": person.following,
        "is_verified": person.is_verified,
        "likes_count": person.likes,
        "open_id": user_open_id,
        "profile_deep_link": profile,
        "profile_web_link": profile,
        "union_id": union_id(person.person_id),
        "username": person.username,
        "video_count": person.videos,
    }
