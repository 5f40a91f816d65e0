"""The service under load for a while: no error, no growth, and tokens that are never too old."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.arena import Arena, as_tokens
from tests.service.api.conftest import SCOPES
from tests.service.site import served

if TYPE_CHECKING:
    from tiktok_oauth.service.office import Office

SECONDS = 60 * float(os.environ.get("SOAK_MINUTES", "1"))
PEOPLE = 200
LIFETIME = 20
"""Seconds an access token lives, so that all of them are refreshed again and again."""
CALLERS = 8
GROWTH = 24 << 20
"""Bytes by which memory may grow once everything has happened a few times: SQLite's cache grows to
16 MiB with the timelines."""


async def _furnish(office: Office, tiktok: Arena) -> tuple[str, list[str]]:
    """A key, and the accounts of many people."""
    wanted = {"new_people": PEOPLE, "scopes": [*SCOPES]}
    for fields in tiktok.control("grants", wanted)["grants"]:
        await office.vault.adopt(as_tokens(fields))
    made = await office.registry.create_key("soak", "token")
    return made.secret.reveal(), [account.open_id async for account in office.vault.accounts()]


def _resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _call(
    address: tuple[str, int], key: str, people: list[str], stop: threading.Event
) -> list[str]:
    """Ask for tokens until it is over; what was wrong with the answers."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    wrong = []
    for person in itertools.cycle(people):
        if stop.is_set():
            break
        headers = {"Authorization": f"Bearer {key}"}
        connection.request("GET", f"/api/v1/accounts/{person}/token", headers=headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != 200 or told["expires_in"] <= 0:
            wrong.append(f"{answer.status} {told.get('detail', told.get('expires_in'))}")
    connection.close()
    return wrong


@pytest.mark.slow
@pytest.mark.bench
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to read memory")
def test_nothing_goes_wrong_for_a_while(tmp_path: Path) -> None:
    """Every answer is a token that lives, through refreshes of all accounts; memory stays flat."""
    # The sandbox is a process of its own: it remembers every request.
    tiktok = Arena(tmp_path, "", 1, f"--access-ttl={LIFETIME}")
    with tiktok, served(tiktok, tmp_path) as office:
        key, people = asyncio.run(_furnish(office, tiktok))
        port = int(office.settings.public_url.rpartition(":")[2])
        stop = threading.Event()
        with ThreadPoolExecutor(CALLERS) as callers:
            under_way = [
                callers.submit(
                    _call, ("localhost", port), key, people[place:] + people[:place], stop
                )
                for place in range(0, PEOPLE, PEOPLE // CALLERS)
            ]
            began = time.monotonic()
            stop.wait(min(SECONDS / 2, 120))
            settled = _resident()
            stop.wait(began + SECONDS - time.monotonic())
            grown = _resident() - settled
            stop.set()
            wrong = [one for caller in under_way for one in caller.result()]
        refreshes = sum(1 for _ in tiktok.calls())
    sys.stdout.write(f"{refreshes:,} refreshes; memory grew by {grown / 2**20:.1f} MiB\n")

    assert wrong == []
    assert refreshes >= min(PEOPLE, 100)
    assert grown < GROWTH
