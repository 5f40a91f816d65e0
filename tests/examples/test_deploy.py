"""The units, images and settings we hand out are ones that our own commands take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from tiktok_oauth.cli.root import root

FOLDER = Path(__file__).parents[2] / "examples/deploy"
UNITS = sorted(FOLDER.glob("*.service"))
IMAGES = sorted(FOLDER.glob("Containerfile*"))
ANALYZER = shutil.which("systemd-analyze")
TESTED_WITHOUT = "systemd-analyze is missing. Debian: apt install systemd"


def flags_of(command: str) -> set[str]:
    """The flags that one of our commands takes."""
    found = root.get_command(click.Context(root), command)
    assert found is not None, command
    return {flag for option in found.params for flag in option.opts}


def commands() -> list[tuple[str, ...]]:
    """Every command line of ours in the examples, split into words."""
    units = "\n".join(path.read_text("utf-8") for path in UNITS)
    images = "\n".join(path.read_text("utf-8") for path in IMAGES)
    lines = re.findall(r"^ExecStart=\S+ (.*)", units, re.MULTILINE)
    arrays = re.findall(r"^CMD (\[.*)", images, re.MULTILINE)
    return [
        *(tuple(line.split()) for line in lines),
        *(tuple(re.findall(r'"([^"]+)"', array)) for array in arrays),
    ]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_line_is_one_that_is_there(words: tuple[str, ...]) -> None:
    """The command exists, and has each flag."""
    given = {word for word in words if word.startswith("--")}

    assert given <= flags_of(words[0])


@pytest.mark.slow
# Only systemd can judge a unit, and not every system has it; CI installs it, and must not skip.
@pytest.mark.skipif(ANALYZER is None and os.environ.get("CI") != "true", reason=TESTED_WITHOUT)
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    """It warns of unknown settings and of values it cannot read."""
    text = re.sub(
        r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE
    )
    copy = tmp_path / unit.name
    copy.write_text(text.replace("User=tiktok-oauth", "User=root"), "utf-8")
    done = subprocess.run(  # noqa: S603 - asks systemd about a file of our own
        [str(ANALYZER), "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if unit.name in line]

    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_lets_refreshes_finish_and_is_the_last_to_be_killed(unit: Path) -> None:
    """Both hold tokens whose answers may be on their way."""
    text = unit.read_text("utf-8")

    assert "TimeoutStopSec=120\n" in text
    assert re.search(r"^OOMScoreAdjust=-[89]\d\d$", text, re.MULTILINE)
    assert "NoNewPrivileges=yes\n" in text
    assert "LimitCORE=0\n" in text


def test_the_service_takes_the_settings_of_the_compose_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``serve --check`` finds nothing wrong with them."""
    secret = tmp_path / "client-secret"
    secret.write_text("0123456789abcdef0123456789abcdef")
    secret.chmod(0o600)
    service = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]["service"]
    environment = {**service["environment"], "TIKTOK_CLIENT_SECRET_FILE": str(secret)}
    (tmp_path / "tiktok-oauth").mkdir(mode=0o700)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    told = CliRunner().invoke(root, ["serve", "--check"], env=environment)

    assert told.exit_code == 0, told.output
    assert service["stop_grace_period"] == "120s"


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_runs_as_nobody_special_and_looks_after_itself(image: Path) -> None:
    """A user of its own, by number, a probe, and no secret in a layer."""
    text = image.read_text("utf-8")
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)

    assert users
    assert all(int(user) > 0 for user in users)
    assert "HEALTHCHECK" in text
    assert not re.search(r"(?i)^(ARG|ENV)\b.*(secret|password|token)\s*=", text, re.MULTILINE)
