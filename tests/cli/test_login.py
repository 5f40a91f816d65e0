"""``tiktok-oauth login --print``: tokens for a program that keeps them itself."""

from __future__ import annotations

import json
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tiktok_oauth import Sandbox
from tiktok_oauth.cli.root import root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox that the environment names, and an empty home."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("TIKTOK_OAUTH_DATABASE_URL", raising=False)
    with Sandbox() as running:
        monkeypatch.setenv("TIKTOK_CLIENT_KEY", running.client_key)
        monkeypatch.setenv("TIKTOK_CLIENT_SECRET", running.client_secret)
        monkeypatch.setenv("TIKTOK_BASE_URL", running.base_url)
        monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", running.authorize_url)
        yield running


@pytest.mark.parametrize("allowed", [True, False])
def test_tokens_are_printed_and_not_kept(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, allowed: bool
) -> None:
    """Standard output is theirs alone; who declines gets none."""

    def visit(address: str) -> bool:
        back = sandbox.authorize(address, decision=allowed)
        threading.Thread(target=lambda: urllib.request.urlopen(back, timeout=10).close()).start()  # noqa: S310 - our own port
        return True

    monkeypatch.setattr("webbrowser.open", visit)
    result = CliRunner().invoke(root, ["login", "--print", "--wait", "20"])

    assert list(tmp_path.iterdir()) == []
    if allowed:
        assert json.loads(result.stdout)["access_token"].startswith("act.")
    else:
        assert result.stdout == ""
        assert "Access was not allowed." in result.stderr
