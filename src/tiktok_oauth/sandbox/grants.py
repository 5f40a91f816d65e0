"""Who allowed what: one small row for a grant, and no row at all for its tokens."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from tiktok_oauth.sandbox.catalog import Count  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


# A struct, since a million of them are made and changed in a second's work; and without gc, since
# none of them can be part of a cycle.
class Grant(Struct, frozen=True, gc=False):
    """What one exchange created.

    Attributes:
        grant_id: its number.
        client_key: the app that holds it.
        person_id: who allowed it.
        scopes: what it allows.
        dies: when it ends.
        generation: the number of the refresh token that lives; those before it were rotated.
        rotated: when that one was issued.
        serial: how many access tokens were issued.
        floor: the first of them that may still live.
        access_dies: when the latest of them ends, unless the grant does before.
    """

    grant_id: Count
    client_key: str
    person_id: str
    scopes: tuple[str, ...]
    dies: float
    generation: Count = 0
    rotated: float = 0.0
    serial: Count = 0
    floor: Count = 0
    access_dies: float = 0.0


class Grants:
    """All grants, by number and by who is connected to which app.

    Args:
        rows: those to begin with.
        last: the highest number that was ever given.
    """

    def __init__(self, rows: Iterable[Grant] = (), last: int = 0) -> None:
        self.last: int = last
        self._rows: dict[int, Grant] = {}
        # Most people connect an app once: a bare number is a fifth of a set.
        self._connections: dict[tuple[str, str], int | set[int]] = {}
        self._round: deque[int] = deque()
        for row in rows:
            self.add(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Grant]:
        return iter(self._rows.values())

    def __reversed__(self) -> Iterator[Grant]:
        return reversed(self._rows.values())

    def get(self, grant_id: int) -> Grant | None:
        """Return a grant that has not ended."""
        return self._rows.get(grant_id)

    def between(self, client_key: str, person_id: str) -> list[Grant]:
        """Return the grants between an app and a person."""
        found = self._connections.get((client_key, person_id), ())
        numbers = (found,) if isinstance(found, int) else found
        return [self._rows[number] for number in numbers]

    def add(self, grant: Grant) -> None:
        """Keep a new grant."""
        self.last = max(self.last, grant.grant_id)
        self._rows[grant.grant_id] = grant
        self._round.append(grant.grant_id)
        connection = grant.client_key, grant.person_id
        known = self._connections.get(connection)
        if known is None:
            self._connections[connection] = grant.grant_id
        elif isinstance(known, int):
            self._connections[connection] = {known, grant.grant_id}
        else:
            known.add(grant.grant_id)

    def put(self, grant: Grant) -> None:
        """Keep a grant that has changed."""
        self._rows[grant.grant_id] = grant

    def end(self, grant: Grant) -> None:
        """Forget a grant, and with it all its tokens."""
        del self._rows[grant.grant_id]
        connection = grant.client_key, grant.person_id
        known = self._connections[connection]
        if isinstance(known, set):
            known.remove(grant.grant_id)
        if not known or isinstance(known, int):
            del self._connections[connection]

    def sweep(self, now: float) -> None:
        """Look at the two grants not looked at for longest, and forget them if they are over.

        Two for each new grant are enough to keep memory flat.
        """
        for _ in range(min(2, len(self._round))):
            grant = self._rows.get(number := self._round.popleft())
            if grant is None:
                continue
            if now >= grant.dies:
                self.end(grant)
            else:
                self._round.append(number)
