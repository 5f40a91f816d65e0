"""The options of ``tiktok-oauth sandbox``."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click
import pytest
from click.testing import CliRunner

from tiktok_oauth.cli.root import root
from tiktok_oauth.cli.sandbox import make_sandbox, sandbox
from tiktok_oauth.sandbox.knobs import PROFILES, Knobs, RefreshExpiry, Rotation

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tiktok_oauth.sandbox.serve import Sandbox


def made(*arguments: str) -> Sandbox:
    """Return what the options make, before it listens."""
    return make_sandbox(**sandbox.make_context("sandbox", [*arguments]).params)


def run(*arguments: str) -> Result:
    """Run the command on any free port."""
    return CliRunner().invoke(root, ["sandbox", "--port", "0", *arguments])


def choices(name: str) -> tuple[str, ...]:
    """Return what an option can be."""
    kind = next(option.type for option in sandbox.params if option.name == name)
    assert isinstance(kind, click.Choice)
    return tuple(kind.choices)


def test_without_options_it_is_tiktok_of_today() -> None:
    """Every knob as documented since November 2026, no fault."""
    running = made()

    assert running.world.knobs == Knobs()
    assert running.faults() == []


def test_knobs_come_from_options() -> None:
    """A profile first, then what is said beside it."""
    knobs = made(
        *("--profile", "2025", "--access-ttl", "9", "--rotation", "grace", "--auto-approve"),
        *("--refresh-expiry", "sliding", "--set", "pkce=strict", "--set", "rate_limit=0"),
    ).world.knobs

    assert (knobs.access_ttl, knobs.refresh_ttl) == (9, PROFILES["2025"].refresh_ttl)
    assert (knobs.rotation, knobs.refresh_expiry) == ("grace", "sliding")
    assert (knobs.pkce, knobs.rate_limit, knobs.auto_approve) == ("strict", 0, True)


def test_the_clock_runs_as_fast_as_is_said() -> None:
    """Also after the sandbox has begun again."""
    running = made("--clock-rate", "4320")
    running.reset()

    assert running.world.pace.rate == 4_320


def test_faults_come_from_options() -> None:
    """As many as are wanted, each with its own settings."""
    rules = made("--fault", "slow:seconds=2,endpoint=refresh", "--fault", "html:count=3").faults()

    assert [(rule.fault, rule.seconds, rule.count) for rule in rules] == [
        ("slow", 2.0, None),
        ("html", 0.0, 3),
    ]


@pytest.mark.slow
def test_a_world_is_kept_between_runs(tmp_path: Path) -> None:
    """In the file that is named."""
    file = str(tmp_path / "world.json")
    with made("--port", "0", "--state", file, "--access-ttl", "9"):
        pass
    with made("--port", "0", "--state", file) as second:
        assert second.world.knobs.access_ttl == 9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "sloow"], "There is no fault 'sloow'. There are slow, trickle"),
        (["--fault", "slow:endpoint=x"], "There is no endpoint 'x'"),
        (["--set", "speed=9"], "'speed' is no knob"),
        (["--set", "access_ttl"], "access_ttl"),
        (["--rotation", "loose"], "'loose' is not one of"),
        (["--access-ttl", "0"], "x>=1"),
        (["--clock-rate", "0.5"], "1<=x<=100000"),
        (["--state", "nowhere/at/all.json"], "There is no directory nowhere/at"),
    ],
)
def test_a_wrong_option_is_explained(arguments: list[str], words: str) -> None:
    """With status 2, and what there is instead."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert words in result.output


def test_a_file_of_something_else_is_explained(tmp_path: Path) -> None:
    """It is left as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("dear diary")

    output = " ".join(run("--state", str(file)).output.split())

    assert "no exported world" in output
    assert "move this one away to begin with a new world" in output
    assert "port" not in output.partition("Error:")[2].replace("exported", "")
    assert file.read_text() == "dear diary"


def test_the_options_offer_what_there_is() -> None:
    """The lists are written out, since the sandbox may not be installed."""
    assert choices("profile") == tuple(PROFILES)
    assert choices("rotation") == get_args(Rotation)
    assert choices("refresh_expiry") == get_args(RefreshExpiry)
