"""A scene on each store, and a sandbox that is there for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.races.crowd import Scene
from tests.support.postgres import shared_server
from tiktok_oauth import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Sandbox:
    """A running sandbox that begins again for each test."""
    _sandbox.reset()
    return _sandbox


@pytest.fixture(params=[False, True], ids=["guarded", "control"])
def is_control(request: pytest.FixtureRequest) -> bool:
    """With single flight and claims, then without: the control has to fail."""
    return bool(request.param)


@pytest.fixture
def scene_on(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """Makes a scene on a store, by its name."""
    made: list[Scene] = []
    urls: dict[str, Callable[[], str]] = {
        "memory": lambda: "memory:",
        "sqlite": lambda: f"sqlite:///{tmp_path}/tokens.db",
        "pysqlite3": lambda: f"sqlite+pysqlite3:///{tmp_path}/tokens.db",
        "postgres": lambda: shared_server().new_database(),
    }

    def make(name: str) -> Scene:
        made.append(Scene(urls[name](), tmp_path, sandbox))
        return made[-1]

    yield make
    for scene in made:
        scene.close()
