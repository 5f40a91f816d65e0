"""A running sandbox, and other people's clients to use it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.foreign.node import HERE, find_node, install_packages
from tests.foreign.program import Program
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def settings(sandbox: Sandbox) -> dict[str, str]:
    """Where the sandbox is, and who we are to it."""
    return {
        "TIKTOK_BASE_URL": sandbox.base_url,
        "TIKTOK_CLIENT_KEY": sandbox.client_key,
        "TIKTOK_CLIENT_SECRET": sandbox.client_secret,
    }


@pytest.fixture(scope="session")
def node(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]
) -> Callable[..., Program]:
    """Runs one of our Node programs beside the packages that it imports."""
    found = find_node()
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(install_packages(found))
    for program in HERE.glob("*.mjs"):
        shutil.copy(program, folder)

    def run(program: str, **more: str) -> Program:
        return Program([found.node, program], folder, {**settings, **more})

    return run
