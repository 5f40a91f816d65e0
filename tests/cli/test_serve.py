"""``tiktok-oauth serve``: what it says of its settings, and when it does not start."""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.service.processes.running import COMMAND, environment, running
from tiktok_oauth import KeyRing, Sandbox
from tiktok_oauth.cli.root import root
from tiktok_oauth.vault.opening import keys_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home, and an app whose settings can be right."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("CLIENT_SECRET_FILE", "SCOPES", "BASE_URL", "OAUTH_KEYS", "OAUTH_DATABASE_URL"):
        monkeypatch.delenv(f"TIKTOK_{name}", raising=False)
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", "aw1234567890abcdef")
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "kept-out-of-sight-0001")
    monkeypatch.setenv("TIKTOK_REDIRECT_URI", "http://127.0.0.1:8000/callback")
    (tmp_path / "tiktok-oauth").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a port of its own."""
    with Sandbox() as box:
        yield box


def serve(*arguments: str) -> Result:
    """Run the command in this process; it never comes to serving."""
    return CliRunner().invoke(root, ["serve", *arguments], prog_name="tiktok-oauth")


def test_check_shows_all_settings_and_no_secret(home: Path) -> None:
    """Status 0 when it can start; nothing is made by looking."""
    result = serve("--check", "--workers", "2")

    assert result.exit_code == 0
    assert "http://127.0.0.1:8000/callback" in result.output
    assert "The service can start." in result.output
    assert "out-of-sight" not in result.output
    assert list((home / "tiktok-oauth").iterdir()) == []


def test_check_tells_programs_in_json() -> None:
    """Each finding with its setting, its source, its mend; status 1 when it cannot start."""
    result = serve("--check", "--json", "--port", "eighty")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["ok"] is False
    [finding] = told["findings"]
    assert (finding["name"], finding["source"], finding["verdict"]) == ("port", "--port", "fail")


def test_keys_that_others_can_read_are_refused() -> None:
    """By the check, and by the service itself, with the status that means keys."""
    KeyRing.generate().save(keys_path())
    keys_path().chmod(0o644)

    for result in (serve("--check"), serve("--port", "0")):
        assert result.exit_code == 78
        assert f"chmod 600 {keys_path()}" in result.output


def test_a_refused_start_names_the_check() -> None:
    """And what is wrong, before anything is opened."""
    result = serve("--timeout", "0")

    assert result.exit_code == 1
    assert "fail  timeout (--timeout): 0 is out of bounds." in result.output
    assert "tiktok-oauth serve --check" in result.output


@pytest.mark.slow
def test_a_password_is_hashed_for_the_settings() -> None:
    """It is asked for twice, and never printed; a short one is refused."""
    asked = ["serve", "--hash-password"]
    result = CliRunner().invoke(root, asked, input="correct horse 99\n" * 2)
    short = CliRunner().invoke(root, asked, input="correct\n" * 2)

    assert result.exit_code == 0
    assert result.output.splitlines()[-1].startswith("$argon2id$")
    assert "correct" not in result.output
    assert (short.exit_code, "needs 15 characters" in short.output) == (1, True)


def started(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, which does not come to serving."""
    # The path of a socket has to be short, and those of pytest's directories are long.
    with tempfile.TemporaryDirectory(prefix="tto-") as meeting:
        return subprocess.run(  # noqa: S603 - our own program
            [*COMMAND, *arguments],
            capture_output=True,
            check=False,
            env=variables | {"XDG_RUNTIME_DIR": meeting},
            text=True,
            timeout=60,
        )


@pytest.mark.slow
def test_another_stores_keys_end_the_start(tmp_path: Path, sandbox: Sandbox) -> None:
    """The airlock says why, and the supervisor ends with its status, 78."""
    with running(tmp_path, sandbox) as service:
        service.connect()
        assert service.stop() == 0
    ring = tmp_path / "config" / "tiktok-oauth" / "keys.json"
    ring.unlink()
    KeyRing.generate().save(ring)

    done = started(environment(tmp_path, sandbox))

    assert done.returncode == 78
    assert "Ready" not in done.stdout
    assert "The airlock could not be started" in done.stderr


@pytest.mark.slow
def test_a_runtime_directory_is_for_one_service(tmp_path: Path, sandbox: Sandbox) -> None:
    """A second one there is refused in a sentence, and the first goes on."""
    place = tmp_path / "run"
    with running(tmp_path, sandbox, "--runtime-directory", str(place)) as service:
        second = started(environment(tmp_path, sandbox), "--runtime-directory", str(place))

        assert second.returncode == 1
        assert f"Another service runs in {place}." in second.stderr
        assert service.api("GET", "/accounts").status_code == 200


@pytest.mark.slow
def test_a_databases_password_is_not_printed(tmp_path: Path, sandbox: Sandbox) -> None:
    """Beside a sandbox it is told where accounts are kept: the host and the name are enough."""
    all_of_it = environment(tmp_path, sandbox)
    variables = {name: value for name, value in all_of_it.items() if not name.startswith("TIKTOK_")}
    url = "postgresql://vault:hid%2Fden@127.0.0.1:1/tokens?password=hidden"

    done = started(variables | {"TIKTOK_OAUTH_DATABASE_URL": url})

    assert "    postgresql://127.0.0.1:1/tokens\n" in done.stdout
    assert "hid" not in done.stdout + done.stderr
    assert done.returncode != 0
