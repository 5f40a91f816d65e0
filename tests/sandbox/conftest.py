"""One running sandbox for all tests here, and somebody to talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import Visitor
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def visitor(sandbox: Sandbox) -> Visitor:
    """An HTTP client for it."""
    return Visitor(sandbox)


@pytest.fixture(scope="session")
def other_sandbox() -> Iterator[Sandbox]:
    """A second one, which begins again for each test that asks for its own."""
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture
def own_sandbox(other_sandbox: Sandbox) -> Sandbox:
    """A running sandbox with a world that nobody else has touched."""
    other_sandbox.reset()
    return other_sandbox


@pytest.fixture
def guest(own_sandbox: Sandbox) -> Visitor:
    """An HTTP client for it."""
    return Visitor(own_sandbox)
