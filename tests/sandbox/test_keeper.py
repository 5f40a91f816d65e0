"""A world in a file is there again after a restart."""

from __future__ import annotations

import shutil
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

    assert second.world.pace.offset == 60
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


def test_a_look_does_not_write_the_file(tmp_path: Path) -> None:
    """Neither an open page nor a program that asks for the time."""
    file = tmp_path / "world.json"
    with Sandbox(state=file) as sandbox:
        guest = Visitor(sandbox)
        before = sandbox.live.uses
        for path in ("/", "/_sandbox/state", "/_sandbox/clock", "/_sandbox/requests"):
            assert guest.get(path).status == 200
        for path in ("faults", "grants", "webhooks", "world", "avatars/mina.svg"):
            assert guest.get(f"/_sandbox/{path}").status == 200
        after = sandbox.live.uses
        sandbox.advance(1)

    assert after == before
    assert b'"offset":1.0' in file.read_bytes()


def test_faults_that_are_given_come_on_top(tmp_path: Path) -> None:
    """Once, however often the sandbox is started with them."""
    file = tmp_path / "world.json"
    for _ in range(2):
        sandbox = Sandbox(state=file)
        sandbox.fault("slow")
        with sandbox:
            pass

    assert [rule.fault for rule in sandbox.faults()] == ["slow"]


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    """And nothing is said about ports."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValidationError, match="folder cannot be read: Is a directory"):
        Sandbox(state=tmp_path / "folder").start()
    with pytest.raises(ValidationError, match=r"kept in .*missing/world\.json: No such"):
        Sandbox(state=tmp_path / "missing" / "world.json").start()


def test_a_file_that_is_lost_is_written_again(tmp_path: Path) -> None:
    """As soon as there is room for it; at the end it is an error."""
    home = tmp_path / "home"
    home.mkdir()
    sandbox = Sandbox(state=home / "world.json").start()
    shutil.rmtree(home)
    sandbox.advance(1)
    with pytest.raises(ValidationError, match="cannot be kept"):
        sandbox.stop()

    home.mkdir()
    sandbox.start()
    sandbox.stop()
    assert (home / "world.json").exists()


def test_a_large_world_is_put_back_over_http(own_sandbox: Sandbox) -> None:
    """Its thousand people are more than any other body may hold."""
    guest = Visitor(own_sandbox)
    own_sandbox.populate(1_000)
    exported = guest.get("/_sandbox/world").body
    own_sandbox.reset()

    json_type = [("Content-Type", "application/json")]
    answer = guest.send("PUT", "/_sandbox/world", exported, json_type)

    assert len(exported) > 300_000
    assert answer.json["counts"]["grants"] == 1_000
