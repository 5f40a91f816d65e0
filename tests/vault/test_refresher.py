"""``Refresher``: started, stopped and watched, in a loop, a thread or a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.fleet import FleetOfTests, StrictTikTok, until
from tests.support.vault import HOUR, Town, World, in_memory
from tiktok_oauth.errors import StoreError, ValidationError, VaultKeyError, store_error
from tiktok_oauth.vault.fleet.refresher import Refresher

if TYPE_CHECKING:
    from tiktok_oauth.vault.fleet.fleetroom import FleetRoom

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vault() -> FleetOfTests:
    """A vault without accounts."""
    return FleetOfTests(StrictTikTok())


async def test_a_cancelled_run_loses_nothing(vault: FleetOfTests) -> None:
    """Cancelling the run ends it as stopping does: what was under way is written."""
    vault.connect("due")
    vault.tiktok.door.clear()
    run = asyncio.create_task(Refresher(_Vault(vault), "keep_warm").run_async())
    await until(lambda: vault.tiktok.asked == ["due"])

    run.cancel()
    await asyncio.sleep(0)
    vault.tiktok.door.set()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert vault.row("due").ver == 2


def test_a_thread_of_its_own() -> None:
    """In a plain program the refresher runs in a thread until it is stopped, and then again."""
    vault = FleetOfTests(StrictTikTok())
    refresher = Refresher(_Vault(vault), "keep_warm")
    for open_id in ("first", "second"):
        vault.connect(open_id)
        seen = threading.Event()
        vault.tiktok.watch = seen.set
        refresher.start()
        assert seen.wait(10)
        assert refresher.stop(10)
        assert vault.row(open_id).ver == 2
        assert refresher.progress().in_flight == 0


def test_what_keeps_it_from_starting_is_told_where_it_is_started() -> None:
    """Not in its thread, where nobody would hear of it; and it can be repeated."""
    vault = FleetOfTests(StrictTikTok())
    vault.connect("due")
    refresher = Refresher(_AwayVault(vault), "keep_warm")
    seen = threading.Event()
    vault.tiktok.watch = seen.set

    with pytest.raises(StoreError, match="away"):
        refresher.start()

    refresher.start()
    assert seen.wait(10)
    assert refresher.stop(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_starts_its_own() -> None:
    """The parent's thread stayed with the parent."""
    refresher = Refresher(_Vault(FleetOfTests(StrictTikTok())))
    refresher.start()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            refresher.start()
            status = 0 if refresher.stop(10) else 1
        os._exit(status)

    assert os.waitpid(child, 0)[1] == 0
    assert refresher.stop(10)


async def test_a_refresher_runs_once(vault: FleetOfTests) -> None:
    """Starting it while it runs is refused."""
    refresher = Refresher(_Vault(vault))
    run = asyncio.create_task(refresher.run_async())
    await until(lambda: refresher.progress().started_at > 0)

    with pytest.raises(ValidationError, match="running"):
        await refresher.run_async()
    with pytest.raises(ValidationError, match="running"):
        refresher.start()

    refresher.stop()
    await run


async def test_a_run_that_is_cancelled_while_it_opens_leaves_nothing_open() -> None:
    """The vault is opened in a thread, which nobody can stop: what it opened is closed."""
    vault = _SlowVault()
    run = asyncio.create_task(Refresher(vault).run_async())
    await until(vault.opening.is_set)

    run.cancel()
    await asyncio.sleep(0)
    vault.go.set()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert vault.closed.is_set()


def test_it_can_be_stopped_before_it_runs() -> None:
    """A run that was told to stop before it began ends at once."""
    refresher = Refresher(_Vault(FleetOfTests(StrictTikTok())))

    refresher.stop()
    refresher.run()


@pytest.mark.parametrize(
    "arguments",
    [
        *({"policy": "eager"}, {"policy": ["on_demand"]}),
        *({"at_once": at_once} for at_once in (0, "many", 1.5, True, None)),
        *({"rate": rate} for rate in (0.0, -1, "fast", math.nan, math.inf, None)),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(arguments: dict[str, object]) -> None:
    """A policy nobody knows, no refresh at once, and a rate that is none or endless."""
    with pytest.raises(ValidationError):
        Refresher(_Vault(FleetOfTests(StrictTikTok())), **arguments)  # type: ignore[arg-type]  # wrong ones
    with pytest.raises(ValidationError):
        Refresher(object())


def test_an_access_only_ring_refreshes_nothing() -> None:
    """A refresher with one does not start: no account hears of it, and others may refresh."""
    town = Town(World(None), in_memory())
    account = town.connect(town.vault())
    before = town.row(account)
    town.clock.advance(3 * HOUR)
    refresher = Refresher(town.vault(keys=town.keys.for_access_only()), "keep_warm")

    for begin in (refresher.start, refresher.run):
        with pytest.raises(VaultKeyError, match="access tokens only"):
            begin()

    refresher.stop()
    assert town.row(account) == before
    assert town.accepts(account.access_token())
    town.close()


class _Vault:
    """What a refresher is made with."""

    def __init__(self, room: FleetOfTests) -> None:
        self._room = room


class _AwayVault:
    """A vault whose store is away once."""

    def __init__(self, room: FleetOfTests) -> None:
        self._room = self
        self._rooms: list[FleetOfTests | None] = [None, room]

    def begin_fleet(self) -> FleetRoom:
        """Fail, the first time."""
        room = self._rooms.pop(0)
        if room is None:
            raise store_error("The store is away.", retryable=True)
        return room.begin_fleet()


class _SlowVault:
    """A vault that takes its time to open, and hears when that is closed."""

    def __init__(self) -> None:
        self._room = self
        self.opening, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()

    def begin_fleet(self) -> _SlowVault:
        """Open it."""
        self.opening.set()
        self.go.wait(10)
        return self

    def close(self) -> None:
        """Close it."""
        self.closed.set()
