"""A registry over each kind of database, with a clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.vault.stores import backends
from tiktok_oauth.service.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiktok_oauth.vault.stores.sqlstore import SqlStore


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    seconds: float = 1_795_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The registry's clock."""
    return Clock()


@pytest.fixture(params=backends())
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """Each store in turn, empty."""
    with request.param(tmp_path) as opened:
        yield opened


@pytest.fixture
def registry(store: SqlStore, clock: Clock) -> Registry:
    """The registry in it."""
    return Registry(store.database, clock)
