"""Short campaigns of calls that fail; ``make disk`` runs the long ones."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.disk.calls import run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.disk.calls import Fault
    from tests.disk.marks import Role

pytestmark = [
    pytest.mark.slow,
    # Linux alone has strace; there `make test` installs it first, and tells how many were skipped.
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace: make programs"),
]


@pytest.mark.parametrize(
    ("scheme", "role", "fault"),
    [
        ("sqlite", "vault", "EIO"),
        ("sqlite", "refresher", "ENOSPC"),
        ("sqlite+pysqlite3", "vault", "EIO"),
    ],
)
def test_a_call_that_fails_once_loses_nothing(
    scheme: str, role: Role, fault: Fault, tmp_path: Path
) -> None:
    """Whatever a vault asks the disk for may fail: whoever asks again has every token."""
    result = run(scheme, role, fault, tmp_path, turns=1, first=5, every=67)

    print(result)
    assert result.wrong == []
    assert result.failed >= 5
