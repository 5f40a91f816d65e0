"""The stores that every contract is tried on."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.postgres import shared_server
from tiktok_oauth.vault.stores.memory import memory_store
from tiktok_oauth.vault.stores.postgres import postgres_store
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from tiktok_oauth.vault.stores.sqlstore import SqlStore

    Opener = Callable[[Path], AbstractContextManager[SqlStore]]


def backends() -> list[ParameterSet]:
    """Parameters, each of which opens an empty store, given a directory for its files."""
    return [
        pytest.param(_memory, id="memory"),
        pytest.param(_sqlite, id="sqlite", marks=pytest.mark.slow),
        pytest.param(_newer_sqlite, id="pysqlite3", marks=pytest.mark.slow),
        pytest.param(_postgres, id="postgres", marks=pytest.mark.slow),
    ]


def _memory(_: Path) -> AbstractContextManager[SqlStore]:
    return closing(memory_store())


def _sqlite(room: Path) -> AbstractContextManager[SqlStore]:
    return closing(sqlite_store(room / "tokens.db"))


def _newer_sqlite(room: Path) -> AbstractContextManager[SqlStore]:
    return closing(sqlite_store(f"sqlite+pysqlite3:///{room / 'tokens.db'}"))


def _postgres(_: Path) -> AbstractContextManager[SqlStore]:
    return closing(postgres_store(shared_server().new_database()))
