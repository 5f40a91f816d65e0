"""What was called, and what came of it: the latest calls, without any secret."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Literal, TypeAlias

from msgspec import Struct

KEPT = 100_000

Delivered: TypeAlias = Literal["whole", "late", "changed", "partial", "nothing"]
"""``late`` is slowly, so that the app may have hung up before; ``changed`` has a fault in it."""


class Entry(Struct, frozen=True, gc=False):
    """One call.

    Attributes:
        number: counts up from 1, over all calls there were.
        time: the sandbox's, in Unix seconds.
        endpoint: what faults call it.
        method: of HTTP.
        path: without its query.
        status: the HTTP status; 0 when nothing was sent.
        outcome: TikTok's error string, or ``ok``.
        fault: the fault that was played, or "".
        client_key: the app, as far as it is known.
        person_id: the person, as far as they are known.
        log_id: TikTok's.
        grant_id: the grant's number, 0 when there is none.
        sent: the generation of the refresh token that was sent: 0 is that of the exchange, and
            each rotation counts up by one. None when none was, or it was not made here.
        issued: the generation of the refresh token that was issued. Where it is not ``sent``, the
            token was rotated, whether or not the app ever heard of it.
        delivered: how much of the answer went out, as far as a server can know.
    """

    number: int
    time: float
    endpoint: str
    method: str
    path: str
    status: int
    outcome: str
    fault: str
    client_key: str
    person_id: str
    log_id: str
    grant_id: int
    sent: int | None
    issued: int | None
    delivered: Delivered


class Ledger:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self.count: int = 0
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> None:
        """Keep one more, and forget the oldest when there are too many."""
        self.count = entry.number
        self._entries.append(entry)

    @property
    def forgotten(self) -> int:
        """How many entries were dropped to make room for later ones."""
        return self.count - len(self._entries)

    def after(self, number: int, *, endpoint: str = "", limit: int = KEPT) -> list[Entry]:
        """Return the entries after this number, oldest first.

        Args:
            number: the last one that is known already.
            endpoint: whose, "" for all.
            limit: how many at most.
        """
        entries = islice(self._entries, max(0, number - self.forgotten), None)
        return list(islice((e for e in entries if endpoint in ("", e.endpoint)), limit))

    def latest(self, limit: int, *, endpoint: str = "") -> list[Entry]:
        """Return the latest entries, oldest first."""
        entries = (e for e in reversed(self._entries) if endpoint in ("", e.endpoint))
        return list(islice(entries, limit))[::-1]
