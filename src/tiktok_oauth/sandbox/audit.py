"""What a test of a token store compares it with: each grant, and which refresh token lives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tiktok_oauth.sandbox.mint import open_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.sandbox.grants import Grant
    from tiktok_oauth.sandbox.world import World


@dataclass(frozen=True, slots=True)
class GrantAudit:
    """A grant as TikTok knows it, without its tokens.

    Attributes:
        grant_id: its number.
        client_key: the app that holds it.
        person_id: who allowed it.
        open_id: what the app calls them.
        scopes: what it allows.
        dies: when it ends, in Unix seconds.
        generation: the number of the refresh token that lives; 0 is that of the exchange.
        refresh_token_sha256: the SHA-256 of that token, in lower-case hex.
    """

    grant_id: int
    client_key: str
    person_id: str
    open_id: str
    scopes: tuple[str, ...]
    dies: float
    generation: int
    refresh_token_sha256: str


def audit(world: World, now: float, after: int, limit: int | None) -> list[GrantAudit]:
    """Return the grants that live, by number.

    Args:
        world: where they are.
        now: the time.
        after: the number of the last one that is known already.
        limit: how many at most, None for all.
    """
    return [_audited(world, grant) for grant in islice(_living(world, now, after), limit)]


def _living(world: World, now: float, after: int) -> Iterator[Grant]:
    for number in range(after + 1, world.grants.last + 1):
        grant = world.grants.get(number)
        if grant is not None and now < grant.dies:
            yield grant


def _audited(world: World, grant: Grant) -> GrantAudit:
    return GrantAudit(
        grant.grant_id,
        grant.client_key,
        grant.person_id,
        open_id(grant.client_key, grant.person_id),
        grant.scopes,
        grant.dies,
        grant.generation,
        hashlib.sha256(world.refresh_token(grant).encode()).hexdigest(),
    )
