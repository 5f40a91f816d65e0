"""One harness over both vaults and two stores, so that each behaviour is told once."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.vault import Town, World, in_file, in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture(scope="session")
def _runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["blocking", "awaiting"])
def world(request: pytest.FixtureRequest, _runner: asyncio.Runner) -> World:
    """Each kind of vault in turn."""
    return World(None if request.param == "blocking" else _runner)


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
def town(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Town]:
    """Each kind of vault over each store."""
    place = Town(world, in_memory() if request.param == "memory" else in_file(tmp_path))
    yield place
    place.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """What is durable waits for the disk: tests on files are slow tests."""
    for item in items:
        if "file_town" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture
def file_town(world: World, tmp_path: Path) -> Iterator[Town]:
    """Each kind of vault over SQLite."""
    place = Town(world, in_file(tmp_path))
    yield place
    place.close()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings and directories of whoever runs the tests are not ours."""
    for name in [name for name in os.environ if name.startswith("TIKTOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
