"""What the API is asked and what it answers. Routes, checks and the description come from these.

All times are Unix seconds, whole ones, by the clock that tokens age by: TikTok's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Status = Literal["active", "refresh_due", "needs_login", "disconnected", "blocked"]

ClientKey = Annotated[
    str, Meta(min_length=1, max_length=255, description="The app, where there are several.")
]
Name = Annotated[
    str, Meta(min_length=1, max_length=255, description="Your own name for the person.")
]
Seconds = Annotated[int, Meta(description="Unix seconds.")]

DAY = 86_400


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What callers send: nothing beyond what is described."""


class AppQuery(Asked, frozen=True, kw_only=True):
    """Which app is meant."""

    client_key: ClientKey | None = None


class AccountsQuery(AppQuery, frozen=True, kw_only=True):
    """Which accounts to list."""

    status: Annotated[Status, Meta(description="Only these.")] | None = None
    user_id: Name | None = None
    prefix: (
        Annotated[
            str,
            Meta(min_length=1, max_length=255, description="How open_id or user_id begins."),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=200, description="How many at most.")] = 50
    cursor: (
        Annotated[str, Meta(max_length=1024, description="The page before said it as next.")] | None
    ) = None


class UserQuery(AppQuery, frozen=True, kw_only=True):
    """Which fields of a profile."""

    fields: (
        Annotated[
            str,
            Meta(
                max_length=1024,
                description="A comma list of TikTok's field names; the basic ones by default.",
            ),
        ]
        | None
    ) = None


class DisconnectQuery(AppQuery, frozen=True, kw_only=True):
    """How to disconnect."""

    erase: Annotated[
        bool, Meta(description="Delete all that is known of the person afterwards, too.")
    ] = False


class MetricsQuery(Asked, frozen=True, kw_only=True):
    """How much of the figures."""

    history: Annotated[bool, Meta(description="With the last ten minutes, by second.")] = False


class EventsQuery(Asked, frozen=True, kw_only=True):
    """Where to begin."""

    after: (
        Annotated[
            int,
            Meta(ge=0, lt=10**18, description="As the header Last-Event-ID, which wins."),
        ]
        | None
    ) = None


class NoQuery(Asked, frozen=True):
    """Nothing is asked for."""


class NewLogin(Asked, frozen=True, kw_only=True):
    """A login for somebody to follow."""

    client_key: ClientKey | None = None
    scopes: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z_.]+$")]],
            Meta(min_length=1, max_length=50, description="The app's own when left out."),
        ]
        | None
    ) = None
    user_id: Name | None = None
    next_url: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=1024,
                description="Where to go afterwards: a path of the service, or below one of its"
                " return addresses.",
            ),
        ]
        | None
    ) = None
    open_id: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=255,
                description="Connect this account again, and no other.",
            ),
        ]
        | None
    ) = None
    expires_in: Annotated[
        int, Meta(ge=60, le=30 * DAY, description="Seconds that the link is good for.")
    ] = DAY


class Login(msgspec.Struct, frozen=True):
    """A link that connects an account."""

    url: str
    expires_at: Seconds


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A connected account."""

    open_id: str
    client_key: str
    user_id: str | None
    status: Status
    reason: Annotated[
        str | None, Meta(description="Why it needs a login or is blocked, in one word.")
    ]
    scopes: list[str]
    connected_at: Seconds
    refreshed_at: Seconds
    expires_at: Annotated[int, Meta(description="When the access token ends.")]
    refresh_expires_at: Annotated[int, Meta(description="When the person has to consent again.")]
    trouble: Annotated[str | None, Meta(description="What went wrong last, if anything did since.")]


class Accounts(msgspec.Struct, frozen=True):
    """A page of accounts. It may be short; the last one has no next."""

    accounts: list[Account]
    next: Annotated[str | None, Meta(description="The cursor of the page after this one.")]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An access token that is valid now."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a password
    expires_at: Annotated[int, Meta(description="When it ends.")]
    expires_in: Annotated[int, Meta(description="Seconds from now, whatever your clock says.")]
    open_id: str
    client_key: str
    scopes: list[str]

    def __repr__(self) -> str:
        return f"<token of {self.open_id}>"


class Data(msgspec.Struct, frozen=True):
    """What TikTok answered."""

    data: dict[str, Any]
