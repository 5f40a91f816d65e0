"""A refresher's rounds, over a store in memory and a clock that moves only when told."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from tests.support.fleet import FleetOfTests, StrictTikTok, rounds, until
from tiktok_oauth.vault.fleet.fleet import Fleet, Settings
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.vault.fleet.progress import Progress
    from tiktok_oauth.vault.stores.rows import Grant, Ref
    from tiktok_oauth.vault.stores.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tiktok() -> StrictTikTok:
    """The other end."""
    return StrictTikTok()


@pytest.fixture
async def vault(tiktok: StrictTikTok) -> FleetOfTests:
    """A vault without accounts."""
    return FleetOfTests(tiktok)


async def test_due_accounts_are_refreshed(vault: FleetOfTests) -> None:
    """What is due is refreshed, and what is not is left alone."""
    vault.connect("due")
    vault.connect("later", due_in=60.0)
    fleet = vault.fleet()

    await rounds(fleet)

    assert vault.tiktok.asked == ["due"]
    assert (vault.row("due").ver, vault.row("later").ver) == (2, 1)
    assert fleet.progress().refreshed == 1
    assert vault.told == [("due", "refreshed")]


async def test_another_apps_accounts_are_left_alone(vault: FleetOfTests) -> None:
    """A store may serve apps whose secret is not here: TikTok would refuse, and they would wait."""
    vault.connect("ours")
    strange = vault.connect("theirs", client_key="aw0anotherkey")

    await rounds(vault.fleet(), 2)

    left = vault.store.get(strange)
    assert vault.tiktok.asked == ["ours"]
    assert left is not None
    assert (left.ver, left.attempt, left.failures) == (1, None, 0)


async def test_the_most_urgent_comes_first(vault: FleetOfTests) -> None:
    """Accounts are refreshed in the order of their deadlines, one whose caller waits before all."""
    for number in (3, 1, 2):
        vault.connect(f"due{number}", due_in=-10.0 / number)
    wanted = vault.connect("wanted", due_in=500.0)
    vault.store.want(wanted, vault.clock.now())
    fleet = vault.fleet(at_once=1)

    for _ in range(4):
        vault.clock.advance(1.0)
        await rounds(fleet)

    assert vault.tiktok.asked == ["wanted", "due1", "due2", "due3"]


async def test_whoever_is_woken_looks_at_the_time_first(vault: FleetOfTests) -> None:
    """A sandbox's clock may have been moved by whoever waits: tokens count from there."""
    vault.connect("later", due_in=100.0)
    fleet = vault.fleet()
    await rounds(fleet)
    vault.found_at_once = lambda: vault.clock.advance(200.0)

    fleet.look_now()
    await rounds(fleet, 2)

    assert vault.tiktok.asked == ["later"]
    assert vault.row("later").issued_at == vault.clock.now()


async def test_what_is_claimed_before_anybody_rings_counts_from_the_moved_clock(
    vault: FleetOfTests,
) -> None:
    """A round of its own may find what somebody wants, a moment before it is woken."""
    wanted = vault.connect("wanted", due_in=500.0)
    began = vault.clock.now()
    vault.store.want(wanted, began)
    vault.found_at_once = lambda: vault.clock.advance(200.0)

    await rounds(vault.fleet())

    assert vault.tiktok.asked == ["wanted"]
    assert vault.row("wanted").issued_at == began + 200.0


async def test_on_demand_lets_access_tokens_end(vault: FleetOfTests) -> None:
    """On demand, only refresh tokens that would age out and callers who wait count."""
    vault.connect("unused", due_in=-100.0)
    vault.connect("ageing", due_in=-100.0, rest=-1.0)
    wanted = vault.connect("wanted", due_in=500.0)
    vault.store.want(wanted, vault.clock.now())

    await rounds(vault.fleet(warm=False))

    assert sorted(vault.tiktok.asked) == ["ageing", "wanted"]


async def test_who_waits_need_not_wait_for_the_next_look(vault: FleetOfTests) -> None:
    """An idle refresher looks less and less often, and at once when it is told to."""
    wanted = vault.connect("wanted", due_in=500.0)
    fleet = vault.fleet(warm=False)
    while await fleet.round() < 1.0:
        vault.clock.advance(1.0)
    vault.store.want(wanted, vault.clock.now())
    await rounds(fleet)
    assert vault.tiktok.asked == []

    fleet.look_now()
    await rounds(fleet)

    assert vault.tiktok.asked == ["wanted"]


async def test_no_more_than_so_many_at_once(vault: FleetOfTests) -> None:
    """However many are due, no more requests are open than were allowed."""
    for number in range(10):
        vault.connect(f"due{number}")
    fleet = vault.fleet(at_once=4)

    for _ in range(3):
        vault.clock.advance(1.0)
        await rounds(fleet)

    assert len(set(vault.tiktok.asked)) == 10
    assert vault.tiktok.most == 4


async def test_a_frozen_store_is_waited_for(vault: FleetOfTests) -> None:
    """While the store is frozen nothing is asked, which is said once; then it goes on."""
    vault.connect("due")
    vault.store.put_setting("frozen", b"restored")
    fleet = vault.fleet()
    for _ in range(5):
        vault.clock.advance(1.0)
        await rounds(fleet)
    assert vault.tiktok.asked == []
    vault.store.put_setting("frozen", None)

    vault.clock.advance(1.0)
    await rounds(fleet)

    assert vault.tiktok.asked == ["due"]
    assert len([text for text in vault.said if "frozen" in text]) == 1


@pytest.mark.slow
async def test_two_refreshers_never_share_an_account(tiktok: StrictTikTok, tmp_path: Path) -> None:
    """Two refreshers on one database refresh every account exactly once between them."""
    path = tmp_path / "tokens.db"
    one = FleetOfTests(tiktok, sqlite_store(path))
    other = FleetOfTests(tiktok, sqlite_store(path), clock=one.clock)
    for number in range(60):
        one.connect(f"due{number}")
    fleets = [one.fleet(at_once=8), other.fleet(at_once=8)]

    for _ in range(10):
        one.clock.advance(1.0)
        await asyncio.gather(*(rounds(fleet) for fleet in fleets))

    assert sorted(tiktok.asked) == sorted(f"due{number}" for number in range(60))
    assert all(fleet.progress().refreshed for fleet in fleets)


async def test_a_dead_refreshers_accounts_are_taken_over(tiktok: StrictTikTok) -> None:
    """What a refresher held when it died is taken over when its boot has ended, and not before."""
    dead = FleetOfTests(tiktok)
    dead.connect("held")
    tiktok.door.clear()
    await dead.fleet().round()
    await until(lambda: bool(tiktok.asked))
    heir = FleetOfTests(tiktok, dead.store, clock=dead.clock)
    fleet = heir.fleet()
    dead.clock.advance(800.0)
    await fleet.round()
    assert tiktok.asked == ["held"]

    dead.store.end_boot(dead.site.boot, "")
    dead.clock.advance(200.0)
    await fleet.round()
    await until(lambda: len(tiktok.asked) == 2)

    assert heir.row("held").boot == heir.site.boot
    assert heir.row("held").doubt_at is not None
    tiktok.door.set()
    await fleet.drain()


async def test_stopping_waits_for_what_is_under_way(vault: FleetOfTests) -> None:
    """A refresher that is told to stop claims nothing more, and lets its requests come home."""
    vault.connect("first")
    vault.tiktok.door.clear()
    fleet = vault.fleet()
    work = asyncio.create_task(fleet.run())
    await until(lambda: vault.tiktok.asked == ["first"])

    fleet.stop()
    vault.connect("second")
    vault.clock.advance(5.0)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not work.done()
    vault.tiktok.door.set()
    await work

    assert vault.tiktok.asked == ["first"]
    assert vault.row("first").ver == 2


async def test_the_lag_is_reported(vault: FleetOfTests) -> None:
    """Twice a minute the store is asked what is due; it hears of the refresher, too."""
    vault.connect("due", due_in=-100.0)
    vault.tiktok.door.clear()
    fleet = vault.fleet()

    await fleet.round()
    await until(lambda: bool(vault.tiktok.asked))
    vault.connect("late", due_in=-50.0)
    vault.clock.advance(40.0)
    fleet.progress()
    await fleet.round()
    await until(lambda: fleet.progress().lag > 0)

    assert vault.buried >= 1
    assert fleet.progress().lag >= 90.0
    vault.tiktok.door.set()
    await fleet.drain()


async def test_what_is_due_again_while_its_refresh_ends_is_not_forgotten(
    tiktok: StrictTikTok,
) -> None:
    """An account that is claimed before its last refresh has quite ended is let go, and comes."""
    inner = memory_store()
    reader = _LateReader(inner)
    vault = FleetOfTests(tiktok, cast("Store", reader))
    ref, fleet = vault.connect("busy"), vault.fleet()
    reader.door.clear()
    await fleet.round()
    await until(lambda: vault.told == [("busy", "refreshed")])

    inner.want(ref, vault.clock.now())
    vault.clock.advance(1.0)
    await fleet.round()
    reader.door.set()
    await rounds(fleet)
    assert vault.row("busy").boot is None

    vault.clock.advance(30.0)
    await rounds(fleet)
    assert vault.row("busy").ver == 3


class _LateReader:
    """A store that lets rows be read only while its door is open."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.door = threading.Event()
        self.door.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def get(self, ref: Ref) -> Grant | None:
        assert self.door.wait(10)
        return self._inner.get(ref)


@pytest.mark.slow
async def test_an_account_whose_key_is_missing_is_left_alone(tiktok: StrictTikTok) -> None:
    """A refresher without an account's key asks nothing and changes nothing.

    It tries once an hour in the end, and the timeline says so once.
    """
    full = FleetOfTests(tiktok)
    sealed = full.connect("sealed")
    before = full.row("sealed")
    poor = FleetOfTests(tiktok, full.store, clock=full.clock)
    cipher = Cipher(KeyRing.generate("another"))
    poor.site = msgspec.structs.replace(poor.site, cipher=cipher)
    fleet = poor.fleet()

    for _ in range(24 * 60):
        full.clock.advance(60.0)
        await rounds(fleet)

    row, told = full.row("sealed"), full.store.events(sealed)
    assert tiktok.asked == []
    assert (row.status, row.refresh, row.ver) == ("active", before.refresh, 1)
    assert 24 <= fleet.progress().unsent <= 27
    assert [event.kind for event in told] == ["refresh_not_sent", "connected"]


async def test_a_bug_is_one_accounts_trouble(vault: FleetOfTests) -> None:
    """Whatever a refresh raises, it is reported without its text, and the others go on."""
    vault.connect("unlucky")
    vault.tiktok.trouble = RuntimeError("CANARY")
    fleet = vault.fleet()
    await rounds(fleet)
    vault.tiktok.trouble = None
    vault.connect("lucky")
    vault.clock.advance(1.0)

    await rounds(fleet)

    assert vault.row("lucky").ver == 2
    assert fleet.progress().failed == 1
    assert any("RuntimeError" in text for text in vault.said)
    assert "CANARY" not in repr(vault.heard.events)


async def test_a_store_that_is_away_is_said_once(vault: FleetOfTests) -> None:
    """While the store cannot be used, nothing is asked, and one line says why."""
    vault.connect("due")
    fleet = vault.fleet()
    vault.store.close()

    for _ in range(5):
        await rounds(fleet)
        vault.clock.advance(1.0)

    assert vault.tiktok.asked == []
    assert len([text for text in vault.said if "Nothing can be claimed" in text]) == 1
    await fleet.drain()


async def test_a_stop_waits_for_an_answer(vault: FleetOfTests) -> None:
    """What TikTok answers after the stop is stored like any other."""
    vault.connect("slow")
    vault.tiktok.door.clear()
    fleet = vault.fleet()
    await fleet.round()
    await until(lambda: bool(vault.tiktok.asked))
    draining = asyncio.ensure_future(fleet.drain())
    await asyncio.sleep(0)
    vault.tiktok.door.set()

    await draining

    assert (vault.row("slow").ver, vault.cut) == (2, 0)


async def test_what_does_not_end_in_time_is_let_go(vault: FleetOfTests) -> None:
    """A stop does not wait for ever: what is cut off stays claimed, and its doubt is known."""
    vault.connect("slow")
    vault.tiktok.door.clear()
    fleet = Fleet(vault, Settings(warm=True, grace=-90.0))
    await fleet.round()
    await until(lambda: bool(vault.tiktok.asked))

    await fleet.drain()

    assert vault.row("slow").boot == vault.site.boot
    assert vault.cut == 1
    assert fleet.progress().doubtful == 1


async def test_progress_is_told(vault: FleetOfTests) -> None:
    """Whoever wants to know is told about once a second; if that fails, nothing else does."""
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told.append(progress)
        raise RuntimeError

    fleet = Fleet(vault, Settings(tell=tell))
    for _ in range(10):
        vault.clock.advance(1.0)
        await rounds(fleet)

    await until(lambda: len(told) >= 5)
    assert told[-1].rate == 10.0
    assert len([text for text in vault.said if "RuntimeError" in text]) == 1
    await fleet.drain()
