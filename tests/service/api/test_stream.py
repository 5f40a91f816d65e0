"""Figures, and the stream of what happens to accounts."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.service.api.conftest import problem_of
from tests.vault.made import ANNA, event
from tiktok_oauth.service.api.stream import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.service.api.conftest import Caller
    from tiktok_oauth.service.office import Office


async def some(stream: AsyncIterator[bytes], count: int) -> list[bytes]:
    """The next few pieces of a stream."""
    async with asyncio.timeout(10):
        return [await anext(stream) for _ in range(count)]


@pytest.mark.slow
async def test_what_happens_is_told_as_it_happens(office: Office) -> None:
    """With an id to come back with; what was missed comes first."""
    office.store.add_events(ANNA, [event("connected")])
    stream = told(office, 0)

    begin, first = await some(stream, 2)
    assert begin == b"retry: 2000\n\n"
    lines = dict(line.split(": ", 1) for line in first.decode().strip().split("\n"))
    assert lines["event"] == "connected"
    item = json.loads(lines["data"])
    assert (item["open_id"], str(item["id"])) == ("anna", lines["id"])
    office.store.add_events(ANNA, [event("refreshed")])
    [second] = await some(stream, 1)
    assert b"event: refreshed\n" in second


async def test_a_quiet_stream_says_that_it_lives(office: Office) -> None:
    """Proxies close connections that are silent."""
    stream = told(office, None, keep_alive=0.01)

    assert await some(stream, 3) == [b"retry: 2000\n\n", b":\n\n", b":\n\n"]
    await stream.aclose()


async def test_a_stream_ends_with_the_service(office: Office) -> None:
    """Whoever listens does not keep it from stopping."""
    stream = told(office, None)
    await some(stream, 1)
    waiting = asyncio.create_task(anext(stream, None))
    await asyncio.sleep(0)
    await office.news.close()

    assert await waiting is None


@pytest.mark.slow
def test_an_id_of_nobodys_is_refused(caller: Caller) -> None:
    """As the header of an EventSource that comes back, or as a parameter."""
    for number in ("x", "-1", "9" * 5_000, "²"):
        headers = {"last-event-id": number.encode()}
        problem_of(caller.get("/events", headers=headers), 400)
    problem_of(caller.get("/events?after=-1"), 400)


def test_figures_are_told(caller: Caller) -> None:
    """Of this host, with the last minutes where they are asked for."""
    caller.connect()
    figures = caller.get("/metrics", "read").json()

    assert set(figures) >= {"calls", "failures", "refresher", "processes", "history"}
    assert figures["calls"]["requests"] >= 0
    assert figures["history"] == []
    assert isinstance(caller.get("/metrics?history=true").json()["history"], list)
