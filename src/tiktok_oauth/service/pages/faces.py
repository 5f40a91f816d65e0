"""How an account is shown: a name, a picture, a letter where there is no picture."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.service.pages.names import clean_name, clean_text, safe_picture
from tiktok_oauth.service.words import common

if TYPE_CHECKING:
    from tiktok_oauth.service.pages.profiles import Profile
    from tiktok_oauth.service.settings import ServiceSettings
    from tiktok_oauth.vault.stores.rows import Ref

_TINTS = 6


@dataclass(frozen=True, slots=True)
class Face:
    """A person as pages show them, made harmless.

    Attributes:
        is_named: whether the name is theirs.
        handle: their user name, or nothing.
        letter: what stands where there is no picture.
        tint: its colour, always the same for the same account.
    """

    name: str
    is_named: bool
    handle: str
    bio: str
    picture: str | None
    letter: str
    tint: int


def face_of(ref: Ref, profile: Profile | None, settings: ServiceSettings) -> Face:
    """The face of an account, by what is known of it."""
    name = clean_name(profile.display_name) if profile else ""
    return Face(
        name=name or common.NAMELESS,
        is_named=bool(name),
        handle=clean_name(profile.username) if profile else "",
        bio=clean_text(profile.bio) if profile else "",
        picture=safe_picture(profile.avatar_url, settings) if profile else None,
        letter=name[:1].upper() or "?",
        tint=zlib.crc32(ref.open_id.encode("utf-8", "replace")) % _TINTS,
    )
