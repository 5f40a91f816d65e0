"""The controls against their own description, by a tool that reads nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.sandbox.serve import Sandbox


@pytest.mark.slow
def test_schemathesis_finds_nothing(own_sandbox: Sandbox, tmp_path: Path) -> None:
    """No 500, no answer that the file does not describe, no wrong body that is taken.

    Bodies of the right form may still be refused: the file cannot know who lives in the world.
    """
    pytest.importorskip("schemathesis", reason="needs the package schemathesis")
    url = f"{own_sandbox.base_url}/_sandbox/openapi.json"
    program = "from schemathesis.cli import schemathesis; schemathesis()"
    options = ["--exclude-checks=positive_data_acceptance", "--max-examples=20", "--seed=1"]

    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", program, "run", url, *options],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        text=True,
        timeout=120,
    )

    own_sandbox.reset()
    assert done.returncode == 0, done.stdout[-5_000:]
