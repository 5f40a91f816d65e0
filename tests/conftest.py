"""What holds for every test: the event loop's backend, and how far property tests go."""

from __future__ import annotations

import gc
from importlib.util import find_spec

import pytest
from hypothesis import settings

# No deadline per example: a busy machine is not a wrong answer.
settings.register_profile("quick", max_examples=20, deadline=None, print_blob=True)
settings.register_profile("usual", max_examples=100, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=20_000, deadline=None, print_blob=True)
settings.register_profile("fuzz", max_examples=250_000, deadline=None, print_blob=True)
settings.load_profile("usual")


def pytest_collection() -> None:
    """Collecting makes thousands of tests and next to no garbage: no need to search for any."""
    gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The newer SQLite is tried where it can be installed, which is not everywhere."""
    if find_spec("pysqlite3") is None:
        without = [item for item in items if "pysqlite3" in item.name]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run: it is not searched again either."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop our awaiting transports run on."""
    return "asyncio"
