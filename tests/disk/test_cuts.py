"""Short campaigns of power cuts; ``make powercut`` runs the long ones."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.disk.cuts import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disk.marks import Role

pytestmark = [
    pytest.mark.slow,
    # Linux alone has strace; there `make test` installs it first, and tells how many were skipped.
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: make programs"),
]


@pytest.mark.parametrize("role", ["vault", "refresher"])
@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite3"])
def test_no_power_cut_loses_what_was_journaled(scheme: str, role: Role, tmp_path: Path) -> None:
    """Whatever was not synced is lost, torn or kept: the next start has every token."""
    result = run(scheme, role, tmp_path, turns=2, every=15, seed=11)

    print(result)
    assert result.wrong == []
    assert result.cuts >= 80


@pytest.mark.parametrize("deaf", [".journal", "tokens.db"])
def test_a_disk_that_lies_about_syncs_loses_tokens(deaf: str, tmp_path: Path) -> None:
    """The judge is judged: without syncs of the journal, or of the database, it finds losses."""
    result = run("sqlite", "vault", tmp_path, turns=2, every=25, seed=12, deaf=deaf)

    print(result)
    assert result.wrong
