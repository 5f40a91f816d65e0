"""After the last kill: what the store has, what TikTok knows, and what each account says."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.arena import held
from tests.chaos.losses import why
from tests.chaos.marks import name_of
from tiktok_oauth import TikTokAPIError
from tiktok_oauth.vault.opening import open_vault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.chaos.arena import Arena
    from tests.chaos.losses import Evidence, Why
    from tiktok_oauth.vault.site import Site
    from tiktok_oauth.vault.stores.rows import Grant

_STEPS = (26 * 3600, 3 * 3600, 61, 3601, 1801, 3601, 1801, 3601, 3601)
"""Seconds between tries: the ladder comes to its end, even after a clock was a day off."""

_AT_ONCE = 16


class Stock(NamedTuple):
    """What there is.

    Attributes:
        lost: open_id -> why.
        confessed: how many of them say so themselves.
        silent: accounts that say something else than what is so.
    """

    lost: Mapping[str, Why]
    confessed: int
    silent: Sequence[str]


def take_stock(arena: Arena, evidence: Evidence) -> Stock:
    """Compare, then let accounts in doubt be used until they say themselves how they are."""
    arena.control("faults", method="DELETE")
    arena.control("clock", {"rate": 1})
    _use(arena, [])  # Opens the store, and so brings in what the dead have left.
    kept, truth = _held(arena), arena.truth()
    lost = {
        open_id: why(evidence, open_id, tokens, truth[open_id])
        for open_id, (_, tokens) in kept.items()
        if name_of(truth[open_id].sha256) not in tokens
    }
    for seconds in _STEPS:
        arena.control("clock", {"advance": seconds})
        _use(arena, [grant.open_id for grant, _ in _held(arena).values() if _is_in_doubt(grant)])
    said = {open_id: (grant.status, grant.reason) for open_id, (grant, _) in _held(arena).items()}
    confessed = sum(said[open_id] == ("needs_login", "lost_in_flight") for open_id in lost)
    silent = [
        f"{open_id}: {what}, lost: {lost.get(open_id)}"
        for open_id, what in said.items()
        if what != (("needs_login", "lost_in_flight") if open_id in lost else ("active", None))
    ]
    return Stock(lost, confessed, silent)


@contextmanager
def judges_site(arena: Arena) -> Iterator[Site]:
    """The store, seen from a host of its own."""
    site = open_vault(arena.store, arena.ring, arena.folder / "answers-judge")
    try:
        yield site
    finally:
        site.close(settled=True)


def _held(arena: Arena) -> dict[str, tuple[Grant, set[bytes]]]:
    """Every account's row, with the names of the refresh tokens the store has for it."""
    with judges_site(arena) as site:
        return {
            open_id: (grant, {name_of(sha256) for sha256 in tokens})
            for open_id, (grant, tokens) in held(site.store, arena.ring).items()
        }


def _is_in_doubt(grant: Grant) -> bool:
    is_open = grant.boot is not None or grant.doubt_at is not None
    return grant.status == "active" and (is_open or grant.refusals + grant.failures > 0)


def _use(arena: Arena, open_ids: Sequence[str]) -> None:
    """Ask for a token of each: with a new vault, which asks the sandbox for its time at once."""
    with arena.client() as client, arena.vault(client) as vault:
        next(vault.accounts())

        def use(open_id: str) -> None:
            with suppress(TikTokAPIError):
                vault.account(open_id).access_token()

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            deque(threads.map(use, open_ids), maxlen=0)
