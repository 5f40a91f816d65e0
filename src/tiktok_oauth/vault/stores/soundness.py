"""An account's row as it comes out of a file that somebody, or a failing disk, has altered.

SQLite keeps anything in any column. One such row is its account's trouble, and nobody else's.
"""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec

from tiktok_oauth.vault.stores.rows import Grant

_NEUTRAL: dict[type, object] = {NoneType: None, str: "", int: 0, float: 0.0}


def grant_of(*row: Any) -> Grant:  # noqa: ANN401 - whatever stands in the columns
    """A row's account; ``blocked``, for no reason, where a column holds what none ever does."""
    if _are_sound(tuple(map(type, row))):
        return Grant(*row)
    values = [
        value if type(value) in kinds else _NEUTRAL[kinds[0]]
        for value, kinds in zip(row, _KINDS, strict=True)
    ]
    return msgspec.structs.replace(Grant(*row[:2], *values[2:]), status="blocked", reason=None)


def is_altered(grant: Grant) -> bool:
    """Whether its row is not to be used: not every column is as it stands there."""
    return grant.status == "blocked" and grant.reason is None


@cache
def _are_sound(found: tuple[type, ...]) -> bool:
    return all(kind in kinds for kind, kinds in zip(found, _KINDS, strict=True))


def _kinds(hint: Any) -> tuple[type, ...]:  # noqa: ANN401 - as it is annotated
    """What a column may hold, what stands for nothing first."""
    parts = get_args(hint) if get_origin(hint) not in {None, Literal} else (hint,)
    kinds = {str if get_origin(part) is Literal else part for part in parts}
    if float in kinds:  # A driver may return a whole number as one.
        kinds.add(int)
    return tuple(sorted(kinds, key=(NoneType, float, int, str, bytes).index))


_KINDS = tuple(_kinds(field.type) for field in msgspec.structs.fields(Grant))
