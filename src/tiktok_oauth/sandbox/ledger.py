"""What was called, and what came of it: the latest calls, without any secret."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
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


class Ledger:
    """The latest calls, oldest first."""

    def __init__(self) -> None:
        self.count: int = 0
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> None:
        """Keep one more, and forget the oldest when there are too many."""
        self.count = entry.number
        self._entries.append(entry)

    def after(self, number: int, limit: int = KEPT) -> list[Entry]:
        """Return the entries after this number."""
        kept_before = self.count - len(self._entries)
        return list(islice(self._entries, max(0, number - kept_before), None))[:limit]
