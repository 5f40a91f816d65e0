"""Where other programs keep their TikTok tokens: the names of columns, and what is odd about them.

A name is the same in any case, with or without underscores: ``accessToken`` is ``access_token``.
A dot leads into an object, or into an object in JSON in a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIMPORTANT = re.compile(r"[\s_-]")
_NOTHING = frozenset({"", "null", "none", r"\n"})
"""How dumps write that there is nothing."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One program's table of tokens.

    Attributes:
        name: as ``--from`` takes it.
        columns: our names, each with the names it goes by there, the best first.
        provider: the column that names the provider of a row, and what it says for TikTok; rows
            that say something else are passed over.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]]
    provider: tuple[str, frozenset[str]] | None = None

    def is_other(self, record: Mapping[str, object]) -> bool:
        """Whether a record is about another provider."""
        if self.provider is None:
            return False
        column, ours = self.provider
        found = find(record, column)
        # Whatever else a dump may have in this place: it is no name of ours.
        return found is not None and not (isinstance(found, str) and found in ours)

    def get(self, record: Mapping[str, object], name: str) -> object:
        """What a record says under one of our names; None when it says nothing."""
        for column in self.columns.get(name, ()):
            found = find(record, column)
            if found is not None:
                return found
        return None


PLAIN = Layout(
    "plain",
    {
        "open_id": ("open_id", "tiktok_open_id", "provider_account_id", "uid"),
        "access_token": ("access_token", "token"),
        "refresh_token": ("refresh_token",),
        "expires_in": ("expires_in",),
        "expires_at": ("expires_at", "access_expires_at", "access_token_expires_at", "expiry"),
        "refresh_expires_in": ("refresh_expires_in", "refresh_token_expires_in"),
        "refresh_expires_at": ("refresh_expires_at", "refresh_token_expires_at"),
        "issued_at": ("issued_at", "refreshed_at"),
        "scope": ("scope", "scopes"),
        "client_key": ("client_key", "client_id"),
        "user_id": ("user_id",),
    },
)
"""Our own names, as ``accounts export`` writes them, and what comes close."""

ALLAUTH = Layout(
    "allauth",
    {
        "open_id": ("uid", "extra_data.open_id"),
        "access_token": ("token",),
        "refresh_token": ("token_secret",),
        "expires_at": ("expires_at",),
        "client_key": ("client_id",),
        "user_id": ("user_id",),
    },
    ("provider", frozenset({"tiktok"})),
)
"""django-allauth: ``socialaccount_socialtoken`` joined with ``socialaccount_socialaccount`` (and,
for ``client_id``, ``socialaccount_socialapp``). ``token_secret`` is the refresh token of OAuth 2;
scopes and the refresh token's end are not kept. Read in allauth/socialaccount/models.py and
providers/tiktok/provider.py of release 65.21.1, 2026-11-22."""

AUTHJS = Layout(
    "authjs",
    {
        "open_id": ("provider_account_id", "id_token"),
        "access_token": ("access_token",),
        "refresh_token": ("refresh_token",),
        "expires_at": ("expires_at",),
        "scope": ("scope",),
        "user_id": ("user_id",),
    },
    ("provider", frozenset({"tiktok"})),
)
"""Auth.js (NextAuth): its ``accounts`` table. Its TikTok provider writes the lifetime, e.g. 86400,
where the time should be (``expires_at: res.expires_in``), so that the end is not known; the
open_id is also in ``id_token``. Read in packages/core/src/providers/tiktok.ts of nextauthjs/
next-auth and at authjs.dev/reference/drizzle-adapter/lib/pg, 2026-11-22."""

NANGO = Layout(
    "nango",
    {
        "open_id": ("credentials.raw.open_id", "raw.open_id"),
        "access_token": ("credentials.access_token",),
        "refresh_token": ("credentials.refresh_token", "credentials.raw.refresh_token"),
        "expires_at": ("credentials.expires_at",),
        "scope": ("credentials.raw.scope",),
        "user_id": ("end_user.id", "connection_id"),
    },
    ("provider", frozenset({"tiktok", "tiktok-personal"})),
)
"""Nango: what ``GET /connections/{connectionId}`` answers, one connection a line. Its database
holds the same, but encrypted. Read in packages/types/lib/connection/api/get.ts of NangoHQ/nango
and at nango.dev/docs, under reference/backend/http-api and integrations/all/tiktok-personal,
2026-11-22."""

LAYOUTS = {layout.name: layout for layout in (PLAIN, ALLAUTH, AUTHJS, NANGO)}


def find(record: Mapping[str, object], column: str) -> object:
    """What a record says in a column; None when it says nothing."""
    found: object = record
    for part in column.split("."):
        if isinstance(found, str):
            found = _decoded(found)
        if not isinstance(found, dict):
            return None
        found = folded(found).get(folded_name(part))
    return None if isinstance(found, str) and found.strip().lower() in _NOTHING else found


def folded(record: Mapping[str, object]) -> dict[str, object]:
    """A record by names without case and underscores."""
    return {folded_name(name): value for name, value in record.items()}


@lru_cache(1024)
def folded_name(name: object) -> str:
    """A name without case and underscores."""
    return _UNIMPORTANT.sub("", str(name)).lower()


def _decoded(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
