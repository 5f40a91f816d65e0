"""What the rooms of a web worker share."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.service.site import SCOPES, SESSION_KEY, settings_for
from tests.support.vault import tokens_of
from tiktok_oauth import KeyRing, VaultKeyError
from tiktok_oauth.service.airlock.local import LocalAirlock
from tiktok_oauth.service.office import open_office

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.service.office import Office

HOUR = 3_600.0


class Bell(LocalAirlock):
    """An airlock that tells when it was woken."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.vault)
        self.rung = asyncio.Event()

    async def wake(self) -> None:
        """Ring."""
        self.rung.set()


async def test_who_waits_wakes_the_refresher(office: Office) -> None:
    """What is there at once wakes nobody; what takes a while does, and then comes."""
    bell = Bell(office)
    rings = replace(office, airlock=bell)

    async def at_once() -> str:
        return "a token"

    async def when_woken() -> str:
        await bell.rung.wait()
        return "another token"

    assert await rings.hastened(at_once()) == "a token"
    assert not bell.rung.is_set()
    assert await rings.hastened(when_woken()) == "another token"


async def test_the_clock_is_the_sandboxs(office: Office, sandbox: Sandbox) -> None:
    """Pages show the time by which tokens end, also when it is moved."""
    sandbox.advance(3 * HOUR)

    await asyncio.to_thread(office.clock.look)

    assert abs(office.clock() - sandbox.now()) < 60


def test_another_stores_keys_are_refused_at_once(tmp_path: Path, sandbox: Sandbox) -> None:
    """Not when the first visitor comes."""
    settings = settings_for(tmp_path, f"sqlite:///{tmp_path / 'tokens.db'}")
    way = sandbox.async_transport
    first = open_office(settings, KeyRing.generate(), SESSION_KEY, transport=way)

    async def connect() -> None:
        await first.vault.adopt(tokens_of(sandbox.grant("mina", SCOPES)))
        await first.aclose()

    asyncio.run(connect())

    with pytest.raises(VaultKeyError):
        open_office(settings, KeyRing.generate(), SESSION_KEY, transport=way)
