"""What TikTok offers, and who lives in the sandbox: scopes, profile fields, one app, some people.

Facts from https://developers.tiktok.com/docs/en/tiktok-api-scopes and
https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info (read 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

BASIC_SCOPE = "user.info.basic"
"""Comes with Login Kit: always granted, even when only another scope was asked for."""

SCOPES = MappingProxyType(
    {
        BASIC_SCOPE: "See your name and your picture",
        "user.info.profile": "See your user name, bio, profile links and whether you are verified",
        "user.info.stats": "See how many likes, followers and videos you have",
        "video.publish": "Post videos and photos to your profile",
        "video.upload": "Put drafts of videos and photos into your inbox",
        "video.list": "See your public videos",
    }
)
"""Scope -> what it lets the app do, for the person who decides.

The order is the server's own: whatever order an app asks in, TikTok answers in this one.
"""

FIELD_SCOPES = MappingProxyType(
    {
        "avatar_large_url": BASIC_SCOPE,
        "avatar_url": BASIC_SCOPE,
        "avatar_url_100": BASIC_SCOPE,
        "bio_description": "user.info.profile",
        "display_name": BASIC_SCOPE,
        "follower_count": "user.info.stats",
        "following_count": "user.info.stats",
        "is_verified": "user.info.profile",
        "likes_count": "user.info.stats",
        "open_id": BASIC_SCOPE,
        "profile_deep_link": "user.info.profile",
        "profile_web_link": "user.info.profile",
        "union_id": BASIC_SCOPE,
        "username": "user.info.profile",
        "video_count": "user.info.stats",
    }
)
"""Field of a profile -> the scope it needs. Sorted, as the fields are in an answer."""


@dataclass(frozen=True, slots=True)
class App:
    """An app as its developer registered it."""

    client_key: str
    client_secret: str = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    person_id: str
    display_name: str
    username: str
    bio: str = ""
    is_verified: bool = False
    followers: int = 0
    following: int = 0
    likes: int = 0
    videos: int = 0


DEFAULT_APP = App("sbawsandbox0000001", "sandbox-client-secret", "Demo app")

PEOPLE = (
    Person(
        "mina",
        "Mina Okafor",
        "mina.makes",
        bio="Pottery, slowly.",
        is_verified=True,
        followers=48_210,
        following=312,
        likes=1_204_377,
        videos=186,
    ),
    Person("jonas", "Jonas Lindqvist", "jonaslq", "Bread at five in the morning.", videos=24),
    Person("ayse", "Ayşe Yıldız", "ayse.yildiz", "İstanbul, by ferry.", followers=9_120, videos=77),
    Person("ha", "Đặng Thu Hà", "thuha.draws", "Cà phê sữa đá.", followers=640, likes=5_210),
)
