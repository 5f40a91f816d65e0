"""What holds for every test: the event loop's backend, and how far property tests go."""

from __future__ import annotations

import gc

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


def pytest_collection_finish() -> None:
    """What was collected lives as long as the run: it is not searched again either."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop our awaiting transports run on."""
    return "asyncio"
