"""Probes: what they say, and what they say nothing of."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from tiktok_oauth import KeyRing, Progress
from tiktok_oauth.service.clock import room_of
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.health import Health
from tiktok_oauth.service.figures.values import Limits
from tiktok_oauth.vault.sealing.cipher import Cipher
from tiktok_oauth.vault.stores.sqlstore import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.vault.stores.database import Database

GOOD = {"database": "ok", "keys": "ok", "refresher": "ok", "lag": "ok"}


@contextmanager
def refresher(office: Office, progress: Progress | None) -> Iterator[None]:
    """A process whose refresher has said how it gets on."""
    directory = office.settings.runtime_directory / "board"
    airlock = Board(directory, "airlock", limits=Limits(), progress=lambda: progress)
    airlock.publish()
    yield
    airlock.close()


async def checks(office: Office, **changes: object) -> dict[str, str]:
    """What the probe finds, with another store or cipher in the vault."""
    site = msgspec.structs.replace(room_of(office.vault).site, **changes)
    return await Health(site, office.board, patience=0.2).checks()


class HangingStore(SqlStore):
    """A store that answers when told to."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.released = threading.Event()

    def setting(self, name: str) -> bytes | None:
        """Hangs."""
        self.released.wait(10)
        return super().setting(name)


async def test_all_is_well_with_a_store_its_keys_and_a_refresher(office: Office) -> None:
    """Four checks, each named."""
    with refresher(office, Progress(0.0, lag=12.0)):
        assert await checks(office) == GOOD


@pytest.mark.parametrize(
    ("progress", "wrong"),
    [
        (None, {"refresher": "None has reported within five seconds.", "lag": "?"}),
        (Progress(0.0, lag=301.0), {"lag": "301 s, and 300 s at most are well."}),
    ],
)
async def test_a_refresher_that_is_late_or_missing_is_told(
    office: Office, progress: Progress | None, wrong: dict[str, str]
) -> None:
    """With how late it is."""
    with refresher(office, progress):
        assert await checks(office) == {**GOOD, **wrong}


async def test_other_keys_than_the_stores_are_told(office: Office) -> None:
    """By their ids; nothing else of them is known."""
    store = office.store
    ring = KeyRing.generate()
    store.put_setting("key " + ring.active_id, b"not the check value of this key")
    found = await checks(office, cipher=Cipher(ring))

    assert found["database"] == "ok"
    assert "Keys of the ring are not those the store was sealed with" in found["keys"]


@pytest.mark.slow
async def test_a_store_that_hangs_is_told_within_its_patience(office: Office) -> None:
    """The probe answers all the same."""
    store = HangingStore(office.store.database)
    found = await checks(office, store=store)
    store.released.set()

    assert found["database"] == "It did not answer within 0.2 s."


def test_probes_answer_whatever_host_they_ask_for(visitor: TestClient) -> None:
    """They ask by address; one says only that the process lives, the other one what is missing."""
    healthy = visitor.get("/healthz", headers={"host": "10.1.2.3:8000"})
    ready = visitor.get("/readyz", headers={"host": "10.1.2.3:8000"})

    assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert ready.json()["checks"]["refresher"] == "None has reported within five seconds."


def test_a_ready_service_says_so(visitor: TestClient, unclosed_office: Office) -> None:
    """With 200, once a refresher has reported."""
    with refresher(unclosed_office, Progress(0.0)):
        ready = visitor.get("/readyz")

    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "checks": GOOD})
