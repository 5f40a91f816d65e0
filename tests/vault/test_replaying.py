"""Journals that are brought in after a failover: in any order they end in the same row."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fleet import KEY, FleetOfTests, StrictTikTok, tokens_of
from tests.support.scripted import NOW, answer
from tiktok_oauth.engine.run import run
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.refresh.answers import Answer
from tiktok_oauth.vault.refresh.place import replay
from tiktok_oauth.vault.stores.rows import Ref

if TYPE_CHECKING:
    from tiktok_oauth.protocol.http import HttpResponse
    from tiktok_oauth.vault.refresh.ports import Desk, Hands
    from tiktok_oauth.vault.stores.rows import Candidate, Grant, Renewed, Settled
    from tiktok_oauth.vault.stores.store import Store

ANNA = "anna"


class _StoreHands:
    """As much of a story's hands as a replay needs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, ref: Ref) -> Grant | None:
        """One account."""
        return self._store.get(ref)

    async def renew(self, change: Renewed) -> bool:
        """New tokens."""
        return self._store.renew([change])[0]

    async def settle(self, change: Settled) -> bool:
        """None came."""
        return self._store.settle([change])[0]

    async def keep_candidate(self, candidate: Candidate) -> None:
        """One that cannot become current."""
        self._store.keep_candidate(candidate)


def _answered(turn: int, response: HttpResponse | None = None) -> Answer:
    """The answer that an account's refresh token of a turn brought: the next one, in whole."""
    sent = Secret(tokens_of(ANNA, turn).refresh_token)
    whole = answer(dataclasses.asdict(tokens_of(ANNA, turn + 1)))
    at, attempt = NOW + turn, f"attempt-{turn}"
    ver = turn + 1
    return Answer(
        Ref(KEY, ANNA), 1, ver, attempt, "tiktok-1-a", sent, sent, ver + 1, at, response or whole
    )


def _torn(turn: int) -> Answer:
    """The same, of which nothing but the refresh token can be read."""
    token = tokens_of(ANNA, turn + 1).refresh_token
    return _answered(turn, answer(b'{"refresh_token":"%s","expi' % token.encode()))


ANSWERS = (_answered(0), _answered(1), _torn(2))


def _replayed(order: list[Answer]) -> tuple[Grant, list[tuple[int, bool]]]:
    """What a row that has lost everything says after a replay, and what else is kept."""
    fleet = FleetOfTests(StrictTikTok())
    ref = fleet.connect(ANNA)
    desk = _desk(fleet)
    for one in order:
        run(replay(desk, one))
    kept = [(one.ver, one.tried) for one in fleet.store.candidates(ref)]
    grant = fleet.row(ANNA)
    fleet.store.close()
    return grant, kept


def _desk(fleet: FleetOfTests) -> Desk:
    hands: Any = _StoreHands(fleet.store)
    return fleet.desk_for(KEY, cast("Hands", hands))


@pytest.mark.slow
@given(st.lists(st.sampled_from(ANSWERS), max_size=4), st.permutations(ANSWERS))
def test_the_order_of_journals_does_not_matter(before: list[Answer], last: list[Answer]) -> None:
    """Each answer once or more, from any host first: the newest token stands, its child is kept."""
    grant, kept = _replayed([*before, *last])

    assert grant.ver == 3
    assert grant.issued_at == NOW + 1
    assert grant.doubt_at is not None
    assert kept == [(4, False)]
