"""Journals that are brought in: in any order they end in the same row, and once is enough."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fleet import KEY, FleetOfTests, StrictTikTok, tokens_of
from tests.support.scripted import NOW, FakeClock, answer
from tiktok_oauth.engine.run import run
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.freeze import ALIVE
from tiktok_oauth.vault.graves import Graves
from tiktok_oauth.vault.refresh.answers import Answer, encode
from tiktok_oauth.vault.refresh.journal import Journal
from tiktok_oauth.vault.refresh.place import replay
from tiktok_oauth.vault.stores.memory import MemoryDatabase
from tiktok_oauth.vault.stores.rows import Boot, Ref
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.protocol.http import HttpResponse
    from tiktok_oauth.vault.refresh.ports import Desk, Hands
    from tiktok_oauth.vault.stores.rows import Candidate, Grant, Renewed, Settled
    from tiktok_oauth.vault.stores.store import Store

ANNA = "anna"


class _StoreHands:
    """As much of a story's hands as a replay needs; they count how often a row is read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    async def get(self, ref: Ref) -> Grant | None:
        """One account."""
        self.reads += 1
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


def test_an_answer_without_scopes_changes_none() -> None:
    """RFC 6749, 5.1: what is not said is as it was."""
    fleet = FleetOfTests(StrictTikTok())
    fleet.connect(ANNA)
    before = fleet.row(ANNA)
    tokens = dataclasses.asdict(tokens_of(ANNA, 1))
    del tokens["scope"]

    run(replay(_desk(fleet), _answered(0, answer(tokens))))

    assert (fleet.row(ANNA).ver, fleet.row(ANNA).scope) == (2, before.scope)
    assert before.scope


# The dead of a host


class _Host:
    """A journal directory with what one dead boot has left, over a store that can be set back."""

    def __init__(self, directory: Path) -> None:
        clock = FakeClock()
        self.database = MemoryDatabase(clock.monotonic)
        self.fleet = FleetOfTests(
            StrictTikTok(), SqlStore(self.database), directory=directory, clock=clock
        )
        self.fleet.connect(ANNA)
        left = Journal(directory, "dead")
        left.append(encode(_answered(0), self.fleet.site.cipher))
        left.close(keep=True)
        self.fleet.store.begin_boot(Boot("dead", left.host, "", 0.0, ""))
        [self.file] = directory.glob("dead-*")

    def bury(self) -> int:
        """Begin anew and bury twice; how often rows were read for it."""
        hands: Any = _StoreHands(self.fleet.store)
        graves = Graves(self.fleet.site, {KEY: self.fleet.desk_for(KEY, cast("Hands", hands))})
        graves.bury()
        graves.bury()
        return cast("int", hands.reads)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[_Host]:
    """A host where one vault has died with an answer in its journal."""
    there = _Host(tmp_path)
    yield there
    there.fleet.site.close(settled=True)


def test_what_stands_in_the_store_is_not_replayed_at_the_next_start(host: _Host) -> None:
    """It is kept for a failover, and read once."""
    first, second = host.bury(), host.bury()

    assert host.fleet.row(ANNA).ver == 2
    assert (first > 0, second) == (True, 0)
    assert host.file.exists()


def test_a_failover_takes_back_the_end_with_what_was_replayed(host: _Host) -> None:
    """Whoever starts afterwards finds the dead boot open, and replays it again."""
    before = host.database.snapshot()
    host.bury()
    host.database.restore(before)
    assert host.fleet.row(ANNA).ver == 1

    host.bury()

    assert host.fleet.row(ANNA).ver == 2


def test_a_dead_journal_is_deleted_after_an_hour(host: _Host) -> None:
    """By whoever starts then, or buries again; before that by nobody."""
    host.bury()
    os.utime(host.file, (time.time() - 3601,) * 2)

    host.bury()

    assert not host.file.exists()


def test_what_was_brought_in_by_a_journal_that_is_gone_makes_copies_older(host: _Host) -> None:
    """A copy from before would lack it, and nothing could bring it in any more."""
    host.bury()
    before = host.fleet.store.setting(ALIVE)
    os.utime(host.file, (time.time() - 3601,) * 2)

    host.bury()

    assert (before, host.fleet.store.setting(ALIVE) is None) == (None, False)
