"""A world in a file is there again after a restart."""

from __future__ import annotations

import stat
import time
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import Visitor
from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.keeper import Keeper
from tiktok_oauth.sandbox.knobs import Knobs
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
"""Starts servers."""


def test_tokens_survive_a_restart(tmp_path: Path) -> None:
    """The clock, too; the file is its owner's alone."""
    file = tmp_path / "world.json"
    with Sandbox(state=file) as first:
        tokens = Visitor(first).exchange().json
        first.advance(60)
    with Sandbox(state=file) as second:
        renewed = Visitor(second).refresh(tokens["refresh_token"]).json

    assert second.world.offset == 60
    assert 15_552_000 - renewed["refresh_expires_in"] in range(60, 70)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["world.json"]


def test_knobs_that_are_given_win(tmp_path: Path) -> None:
    """Over those in the file, which win over the defaults."""
    file = tmp_path / "world.json"
    with Sandbox(state=file, knobs=Knobs(access_ttl=5)):
        pass
    with Sandbox(state=file) as kept:
        assert kept.world.knobs.access_ttl == 5
    with Sandbox(state=file, knobs=Knobs(access_ttl=6)) as given:
        assert given.world.knobs.access_ttl == 6


def test_a_change_is_kept_without_a_stop(tmp_path: Path) -> None:
    """A killed sandbox loses little."""
    file = tmp_path / "world.json"
    sandbox = Sandbox(seed=1)
    keeper = Keeper(sandbox, file, interval=0.01)
    keeper.start()
    sandbox.advance(7)
    with sandbox.live.changed:
        deadline = time.monotonic() + 5
        while b'"offset":7.0' not in file.read_bytes() and time.monotonic() < deadline:
            sandbox.live.changed.wait(0.01)

    assert b'"offset":7.0' in file.read_bytes()
    keeper.stop()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """And the port is free again."""
    file = tmp_path / "world.json"
    file.write_text("{}")
    with Sandbox() as running:
        port = int(running.base_url.rpartition(":")[2])

    with pytest.raises(ValidationError, match="no exported world"):
        Sandbox(state=file, port=port).start()
    with Sandbox(port=port):
        pass
