"""The pytest plugin costs nothing where it is not used, and starts the same for each test."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tiktok_oauth import Sandbox


@pytest.mark.slow
def test_the_plugin_imports_nothing_by_itself() -> None:
    """Neither a client nor a server nor an HTTP library, until a test wants one."""
    program = "import tiktok_oauth.pytest_plugin, sys; print(*sys.modules)"

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    modules = set(done.stdout.split())
    assert not modules & {"aiohttp", "msgspec", "tiktok_oauth.client", "urllib3", "uvicorn"}


def test_pytest_finds_the_plugin() -> None:
    """By its entry point, where the package is installed."""
    found = entry_points(group="pytest11", name="tiktok_oauth.pytest_plugin")
    if not found:
        pytest.skip("the package is not installed, only on the path")

    assert [point.value for point in found] == ["tiktok_oauth.pytest_plugin"]


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_begins_in_the_same_world(tiktok_sandbox: Sandbox, _again: int) -> None:
    """The same tokens, the machine's time, no grants of others."""
    before = len(tiktok_sandbox.world.grants)
    offset = tiktok_sandbox.world.pace.offset
    number = tiktok_sandbox.world.mint.drawn
    tiktok_sandbox.grant()
    tiktok_sandbox.advance(60)

    assert (before, offset, number) == (0, 0, 0)
