"""The site as readers see it, built once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path


def built(folder: Path, kind: str) -> Path:
    """Build the documentation; a warning is an error."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "sphinx", "--builder", kind),
            *("--fail-on-warning", "--keep-going", "--quiet"),
            *(str(DOCS), str(folder)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as HTML."""
    return built(tmp_path_factory.mktemp("site"), "html")


@pytest.fixture(scope="session")
def plain_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as plain text."""
    return built(tmp_path_factory.mktemp("plain"), "text")
