"""Where commands find their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.terminal import KEY, done, dump

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Directories of this test's own, and no settings but those it makes."""
    for name in ("DATABASE_URL", "KEYS"):
        monkeypatch.delenv(f"TIKTOK_OAUTH_{name}", raising=False)
    for name in ("CLIENT_KEY", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "REDIRECT_URI", "SCOPES"):
        monkeypatch.delenv(f"TIKTOK_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def people(home: Path) -> Path:
    """A store with two accounts, where commands look for one."""
    done("import", "-", "--client-key", KEY, text=dump("-anna", "ben"))
    return home
