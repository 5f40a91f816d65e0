"""What holds for every test: the event loop's backend, and how far property tests go."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

# No deadline per example: a busy machine is not a wrong answer.
settings.register_profile("fast", max_examples=100, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=20_000, deadline=None, print_blob=True)
settings.register_profile("fuzz", max_examples=250_000, deadline=None, print_blob=True)
settings.load_profile("fast")


def pytest_collection_finish() -> None:
    """Thousands of tests live as long as the run: no need to search them for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop our awaiting transports run on."""
    return "asyncio"
