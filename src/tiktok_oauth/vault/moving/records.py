"""One record of a dump, read: what is in it, what is missing, and what is assumed then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tiktok_oauth.types import TikTokTokens
from tiktok_oauth.vault.moving.dumps import is_text
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.vault.moving.mappings import Layout

_DAY = 86400.0
_REFRESH_LIFETIME = 30 * _DAY
"""Seconds a refresh token is taken to be good for when nobody says. TikTok's live for at least
180 days; this one may be old, and a refresher renews it within a third of the time."""
_LONGEST_ACCESS = _DAY
"""No access token of TikTok's lives longer: it was issued at most so long before its end."""
_EARLIEST, _LATEST = 1e9, 1e11
"""Numbers between are seconds since 1970; greater ones are milliseconds, smaller ones no time."""
_TIMES = ("expires_at", "refresh_expires_at", "issued_at")
_LONGEST = 10 * 365 * _DAY

_OPEN_ID = re.compile(r"[\x21-\x7e]{1,255}")
_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_LONGEST_NAME = 255


class Found(msgspec.Struct, frozen=True, gc=False):
    """One record's tokens.

    Attributes:
        since: the earliest time the tokens can have been issued; None when nobody knows.
        assumes_access: nobody says when the access token ends: it counts as ended.
        assumes_refresh: nobody says when the refresh token ends: thirty days are assumed.
        misses_time: there is a time that is not understood: it counts as not said.
    """

    ref: Ref
    user_id: str | None
    tokens: TikTokTokens
    since: float | None
    assumes_access: bool
    assumes_refresh: bool
    misses_time: bool


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What goes for records that do not say it.

    Attributes:
        client_key: the app.
        scope: what was granted, as TikTok's comma list.
    """

    client_key: str | None = None
    scope: str = "user.info.basic"


class UnusableError(Exception):
    """A record cannot be used. Its text is a reason, and nothing of the record's."""


def parse_record(
    record: Mapping[str, object], layout: Layout, assumptions: Assumptions, now: float
) -> Found:
    """Read one record, by names without case and underscores.

    Raises:
        UnusableError: there are no tokens in it that could be used.
    """
    open_id = _text(layout.get(record, "open_id"), _OPEN_ID, "open_id")
    client_key = _text(
        layout.get(record, "client_key") or assumptions.client_key, _KEY, "client_key"
    )
    refresh = _text(layout.get(record, "refresh_token"), _TOKEN, "refresh_token")
    access = layout.get(record, "access_token")
    scope = layout.get(record, "scope")
    issued = _moment(layout.get(record, "issued_at"))
    ends = _end(layout, record, "", issued or now)
    if ends is not None and ends > now + _LONGEST_ACCESS:
        ends = None  # No access token of TikTok's lives as long: it is some other time.
    refresh_ends = _end(layout, record, "refresh_", issued or now)
    left = 0.0 if access is None or ends is None else max(0.0, ends - now)
    refresh_left = _REFRESH_LIFETIME if refresh_ends is None else max(0.0, refresh_ends - now)
    tokens = TikTokTokens(
        access_token="" if access is None else _text(access, _TOKEN, "access_token"),
        refresh_token=refresh,
        expires_in=int(left),
        refresh_expires_in=int(refresh_left),
        open_id=open_id,
        scope=_scope(scope) or assumptions.scope,
    )
    return Found(
        Ref(client_key, open_id),
        _user_id(layout.get(record, "user_id")),
        tokens,
        _since(issued, ends if layout.get(record, "expires_at") is not None else None, now),
        access is None or ends is None,
        refresh_ends is None,
        any(_is_misread(layout.get(record, name)) for name in _TIMES),
    )


def _is_misread(value: object) -> bool:
    """Whether a time is written in a way that is not understood; a lifetime in its place is."""
    if value is None or _moment(value) is not None:
        return False
    seconds = _number(value)
    return seconds is None or not 0 <= seconds < _EARLIEST


def _end(layout: Layout, record: Mapping[str, object], which: str, start: float) -> float | None:
    """When a token ends, if the record says so."""
    moment = _moment(layout.get(record, f"{which}expires_at"))
    if moment is not None:
        return moment
    seconds = _number(layout.get(record, f"{which}expires_in"))
    return None if seconds is None or not 0 <= seconds <= _LONGEST else start + seconds


def _since(issued: float | None, ends: float | None, now: float) -> float | None:
    if issued is not None:
        return issued if issued <= now else None
    return None if ends is None else ends - _LONGEST_ACCESS


def _text(value: object, pattern: re.Pattern[str], name: str) -> str:
    if value is None:
        raise UnusableError(f"no {name}")
    if not isinstance(value, str) or not pattern.fullmatch(value.strip()):
        raise UnusableError(f"{name} is malformed")
    return value.strip()


def _user_id(value: object) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    if not is_text(text):
        raise UnusableError("user_id is not UTF-8")
    if isinstance(value, int | str) and 0 < len(text) <= _LONGEST_NAME and text.isprintable():
        return text
    raise UnusableError("user_id is malformed")


def _scope(value: object) -> str | None:
    """Scopes as TikTok's comma list, from a list or from a text with commas or spaces."""
    names = value if isinstance(value, list) else re.split(r"[\s,]+", str(value or ""))
    return ",".join(name for name in names if isinstance(name, str) and _OPEN_ID.fullmatch(name))


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LATEST * 1000 else None


def _moment(value: object) -> float | None:
    """Unix seconds of a time that is written as seconds, as milliseconds or by ISO 8601."""
    number = _number(value)
    if number is None and isinstance(value, str):
        number = _iso(value.strip())
    if number is None:
        return None
    number = number / 1000 if number >= _LATEST else number
    return number if _EARLIEST <= number < _LATEST else None


def _iso(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
