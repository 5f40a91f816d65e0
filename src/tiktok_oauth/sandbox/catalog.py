"""What TikTok offers, and who lives in the sandbox: scopes, profile fields, one app, some people.

Facts from https://developers.tiktok.com/docs/en/tiktok-api-scopes and
https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info (read 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

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


Name: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Text: TypeAlias = Annotated[str, Meta(max_length=2_000)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**62)]
Status: TypeAlias = Literal["active", "deleted", "banned"]


@dataclass(frozen=True, slots=True)
class App:
    """An app as its developer registered it.

    Attributes:
        client_key: its public name on the wire.
        client_secret: what it proves itself by, and signs webhooks with.
        name: what people see.
        kind: a ``sandbox`` app serves its target users only.
        target_users: whom a sandbox app serves, by person_id; None for everybody.
        redirect_uris: where it may send browsers, to the character, ``http://localhost:*/...``
            being any port; None for anywhere that could be registered.
        scopes: what was approved for it.
        webhook_url: where it hears of events: an address of this machine.
        approved: False while it is a draft or in review.
        audited: False lets it post to private accounts only.
    """

    client_key: Name
    client_secret: Annotated[str, Meta(min_length=1, max_length=200)] = field(repr=False)
    name: Text = "App"
    kind: Literal["production", "sandbox"] = "production"
    target_users: tuple[Name, ...] | None = None
    redirect_uris: tuple[Text, ...] | None = None
    scopes: tuple[str, ...] = tuple(SCOPES)
    webhook_url: Text | None = None
    approved: bool = True
    audited: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    Attributes:
        person_id: what they are called here; nobody sees it on TikTok's endpoints.
        display_name: as in their profile.
        username: without the @.
        bio: as in their profile.
        is_verified: as in their profile.
        followers: how many there are.
        following: how many they follow.
        likes: how many their videos got.
        videos: how many they have; they are made up when somebody asks.
        is_private: whether only followers see them.
        longest_video: the seconds of video that they may post.
        status: who is banned or deleted can no longer log in.
    """

    person_id: Name
    display_name: Annotated[str, Meta(min_length=1, max_length=200)]
    username: Name
    bio: Text = ""
    is_verified: bool = False
    followers: Count = 0
    following: Count = 0
    likes: Count = 0
    videos: Annotated[int, Meta(ge=0, le=100_000)] = 0
    is_private: bool = False
    longest_video: Annotated[int, Meta(ge=1, le=86_400)] = 3_600
    status: Status = "active"


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
