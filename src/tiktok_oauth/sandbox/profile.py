"""User info: fields by scope, in TikTok's data envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.catalog import FIELD_SCOPES
from tiktok_oauth.sandbox.mint import open_id, union_id

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.catalog import Person
    from tiktok_oauth.sandbox.world import World


class ApiRefusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure of ours
    """A data endpoint says no.

    Attributes:
        status: the HTTP status.
        code: TikTok's string. Two of them share the status 401.
        with_data: whether the answer carries an empty ``data`` beside the error.
    """

    def __init__(self, status: int, code: str, message: str, *, with_data: bool = True) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.with_data = with_data


def user_info(
    world: World, now: float, access_token: str, fields: str, *, origin: str
) -> dict[str, object]:
    """Answer ``GET /v2/user/info/``: the fields asked for, sorted, or none at all.

    Args:
        world: who granted what.
        now: the sandbox's time.
        access_token: the bearer's token, "" for none.
        fields: the comma list asked for.
        origin: where the sandbox serves its avatars.

    Raises:
        ApiRefusal: TikTok would refuse.
    """
    grant = world.bearer(now, access_token)
    if grant is None:
        raise ApiRefusal(
            401,
            "access_token_invalid",
            "The access token is invalid or not found in the request.",
        )
    wanted = set(fields.split(",")) - {""}
    if not wanted:
        raise ApiRefusal(
            400, "invalid_params", "Fields is required, please provide fields in the request"
        )
    if unknown := sorted(wanted - FIELD_SCOPES.keys()):
        raise ApiRefusal(400, "invalid_params", f"Fields {','.join(unknown)} are not valid")
    if not {FIELD_SCOPES[name] for name in wanted} <= set(grant.scopes):
        raise ApiRefusal(
            401,
            "scope_not_authorized",
            "The user did not authorize the scope required for completing this request.",
            with_data=False,
        )
    person = world.people[grant.person_id]
    values = _values(person, open_id(grant.client_key, grant.person_id), origin)
    return {"user": {name: values[name] for name in FIELD_SCOPES if name in wanted}}


def _values(person: Person, user_open_id: str, origin: str) -> dict[str, str | int | bool]:
    avatar = f"{origin}/_sandbox/avatars/{person.person_id}.svg"
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
