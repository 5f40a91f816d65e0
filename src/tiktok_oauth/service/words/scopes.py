"""What each scope opens, for people who have never heard of scopes."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Scope(NamedTuple):
    """One scope in plain words.

    Attributes:
        title: what it opens.
        detail: what that means, and what it does not mean.
    """

    title: str
    detail: str


_KNOWN = MappingProxyType(
    {
        "user.info.basic": Scope(
            "See name and picture",
            "The display name and the profile picture. Every connection has this.",
        ),
        "user.info.profile": Scope(
            "See the profile",
            "The bio, the user name, links to the profile, and whether it is verified.",
        ),
        "user.info.stats": Scope(
            "See the counts",
            "How many followers, likes and videos there are. Not who they are.",
        ),
        "video.list": Scope(
            "See public videos",
            "Titles, covers and figures of videos that everybody can see.",
        ),
        "video.upload": Scope(
            "Put drafts into the inbox",
            "A draft waits in the TikTok app until its owner posts or drops it.",
        ),
        "video.publish": Scope(
            "Post to the profile",
            "Videos and photos are posted directly, as the account's owner.",
        ),
        "share.sound.create": Scope(
            "Share sounds",
            "Original sounds can be shared to TikTok, as the account's owner.",
        ),
    }
)


def explain(scope: str) -> Scope:
    """What a scope opens; one that is not known is told by its own name."""
    return _KNOWN.get(scope) or Scope(scope, "TikTok's own name for it; its pages explain it.")
