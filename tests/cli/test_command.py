"""The command line in this process: help, refusals, and words that teach."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from tiktok_oauth.cli.assembly import start_sandbox
from tiktok_oauth.cli.extras import needs
from tiktok_oauth.cli.hosting import explained
from tiktok_oauth.cli.root import root
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials but those a test sets."""
    for name in ("KEY", "SECRET", "SECRET_FILE"):
        monkeypatch.delenv(f"TIKTOK_CLIENT_{name}", raising=False)
    for name in ("REDIRECT_URI", "SCOPES", "BASE_URL", "AUTHORIZE_URL"):
        monkeypatch.delenv(f"TIKTOK_{name}", raising=False)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def run(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(root, arguments, prog_name="tiktok-oauth")


@pytest.mark.parametrize("command", ["", *root.list_commands(click.Context(root))])
def test_help_teaches_by_example(command: str) -> None:
    """Every command explains itself and shows a line to copy."""
    result = run(*command.split(), "--help")

    assert result.exit_code == 0
    assert f"\n      tiktok-oauth {command}".rstrip() in result.output


def test_the_version_is_told() -> None:
    """One line, for bug reports."""
    assert run("--version").output == f"tiktok-oauth {VERSION}\n"


def test_an_unknown_command_is_refused() -> None:
    """With status 2, as shells expect."""
    result = run("sandbocks")

    assert result.exit_code == 2
    assert "No such command 'sandbocks'" in result.output


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_a_busy_port_says_what_to_do(command: str, taken: int) -> None:
    """A sentence with a command that works, and no traceback."""
    result = run(command, "--port", str(taken))

    assert result.exit_code == 1
    assert f"Port {taken} is busy" in result.output
    assert f"tiktok-oauth {command} --port {taken + 1}" in result.output


@pytest.mark.parametrize(
    ("command", "status", "words"), [("serve", 1, "add --expose"), ("sandbox", 2, "Add --expose")]
)
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])  # noqa: S104
def test_other_machines_have_to_be_asked_for(
    command: str, status: int, words: str, host: str
) -> None:
    """Whatever is not loopback needs --expose."""
    result = run(command, "--host", host)

    assert result.exit_code == status
    assert words in result.output


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_an_address_that_is_not_ours_is_explained(command: str) -> None:
    """It cannot be listened on, whatever is exposed."""
    result = run(command, "--host", "192.0.2.1", "--expose", "--port", "0")

    assert result.exit_code == 1
    assert "192.0.2.1 is no address of this machine" in result.output


def test_a_low_port_says_what_to_do() -> None:
    """Without the right to it, the mend is a higher one."""
    with (
        pytest.raises(click.ClickException, match="Choose one above 1023"),
        explained("serve", "127.0.0.1", 80),
    ):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("TIKTOK_CLIENT_SECRET", "", "client_secret is missing."),
        ("TIKTOK_REDIRECT_URI", "http://app.example/", "redirect_uri must use https"),
        ("TIKTOK_REDIRECT_URI", "https://app.example/", "a page of the service"),
        ("TIKTOK_BASE_URL", "http://app.example", "TIKTOK_BASE_URL"),
    ],
)
def test_wrong_settings_are_told_before_serving(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    """One sentence that names the variable, and no secret."""
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", "sbawsandbox0000001")
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", "kept-out-of-sight")
    monkeypatch.setenv(variable, value)

    result = run("serve", "--port", "0")

    assert result.exit_code == 1
    assert words in result.output
    assert "kept-out-of-sight" not in result.output


@pytest.mark.slow
def test_the_sandbox_beside_takes_the_next_free_port(taken: int, tmp_path: Path) -> None:
    """A busy port is no reason to give up."""
    beside = start_sandbox([taken, 0], tmp_path / "world.json")
    try:
        assert beside.base_url != f"http://127.0.0.1:{taken}"
    finally:
        beside.stop()


@pytest.mark.slow
def test_any_port_will_do_when_the_usual_ones_are_taken(taken: int, tmp_path: Path) -> None:
    """When all that were named are busy, a free one is found."""
    beside = start_sandbox([taken], tmp_path / "world.json")
    try:
        assert beside.base_url != f"http://127.0.0.1:{taken}"
    finally:
        beside.stop()


def test_a_missing_module_names_its_extra(capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2 and the line to copy."""
    with pytest.raises(SystemExit) as ended, needs("service"):
        raise ModuleNotFoundError(name="starlette")

    assert ended.value.code == 2
    assert 'pip install "tiktok-oauth[service]"' in capsys.readouterr().err


def test_a_missing_module_of_ours_is_a_bug() -> None:
    """It is not explained away."""
    with pytest.raises(ModuleNotFoundError), needs("service"):
        raise ModuleNotFoundError(name="tiktok_oauth.nothing")
