"""What happened to accounts: lines are added beside what they tell of, and the eldest dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from tiktok_oauth.vault.stores import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiktok_oauth.vault.stores.database import Transaction, Value
    from tiktok_oauth.vault.stores.rows import Event, Ref

KEPT = 200
"""Lines of an account."""
_TRIMMED_EVERY = 16


def tell(transaction: Transaction, told: Sequence[tuple[Ref, Event | None]]) -> None:
    """Add to timelines, and drop the ends of some of them: none grows far beyond its length."""
    lines = [
        {**ref._asdict(), **msgspec.structs.asdict(event), "kept": KEPT}
        for ref, event in told
        if event is not None
    ]
    if not lines:
        return
    transaction.change(sql.ADD_EVENT, lines)
    # As good as at random: a count would pass by accounts that always come in the same order.
    grown = [line for line in lines if crc32(_words(line)) % _TRIMMED_EVERY == 0]
    if grown:
        transaction.change(sql.TRIM_EVENTS, grown)


def _words(line: Mapping[str, Value]) -> bytes:
    return f"{line['kind']!s} {line['correlation_id']!s}".encode()
