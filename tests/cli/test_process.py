"""The command as a process of its own: how it starts, what it prints, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-W", "error", "-m", "tiktok_oauth")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever is kept is kept below a directory of the test's own, with a short path."""
    home = tmp_path_factory.mktemp("h")
    for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    return home


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command without credentials, and end it if it still runs."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIKTOK_")}
    with subprocess.Popen(  # noqa: S603 - our own program
        [*COMMAND, *arguments],
        env=clean | {"PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=20)


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """Read what the process prints up to a line with these words, and return it."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    assert process.stderr is not None
    pytest.fail(f"the process ended without saying {words!r}: {process.stderr.read()}")


@pytest.mark.parametrize(("command", "ready"), [("serve", "Ready: "), ("sandbox", "is ready: ")])
def test_ctrl_c_ends_it_cleanly(command: str, ready: str) -> None:
    """It says where it is, answers there, and stops with status 0 and no traceback."""
    with started(command, "--port", "0") as process:
        url = line_with(process, ready).partition(ready)[2].strip()
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)

    assert "<!doctype html>" in page
    assert "Traceback" not in errors
    assert output.endswith("Stopped.\n")
    assert process.returncode == 0


def test_serve_tells_of_the_sandbox_beside_it() -> None:
    """Its address comes before that of the service, and it answers."""
    with started("serve", "--port", "0") as process:
        line_with(process, "a sandbox plays TikTok")
        url = line_with(process, "http://").strip()
        line_with(process, "/signin/")
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
            assert b"It is not TikTok" in answer.read()


def test_the_sandboxes_accounts_have_a_database_of_their_own(home: Path) -> None:
    """Real ones never stand among them; whatever is kept is its owner's alone."""
    with started("serve", "--port", "0") as process:
        line_with(process, "Ready: ")

        kept = {path.name: path for path in (home / "tiktok-oauth").iterdir()}
        assert {"sandbox.db", "sandbox-world.json", "keys.json", "session.key"} <= set(kept)
        assert "tokens.db" not in kept
        for name in ("sandbox.db", "keys.json", "session.key"):
            assert kept[name].stat().st_mode & 0o777 == 0o600


def test_a_second_service_keeps_to_itself() -> None:
    """While one has the sandbox's database, another has one that is thrown away."""
    with started("serve", "--port", "0") as first:
        line_with(first, "Ready: ")
        with started("serve", "--port", "0") as second:
            line_with(second, "What is connected is kept in")
            place = line_with(second, "sandbox.db").strip()
            line_with(second, "Ready: ")
            second.terminate()
            second.wait(timeout=20)

    assert not Path(place).exists()


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("click", ["--help"], "cli"),
        ("uvicorn", ["sandbox"], "sandbox"),
        ("jinja2", ["serve"], "service"),
    ],
)
def test_without_its_extra_it_says_what_to_install(
    missing: str, arguments: list[str], extra: str
) -> None:
    """Two lines and status 2, no traceback."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments!r}\n"
        "from tiktok_oauth.cli import main; main()"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, check=False, text=True, timeout=30
    )

    assert done.returncode == 2
    assert f'pip install "tiktok-oauth[{extra}]"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.bench
def test_help_is_quick() -> None:
    """The best of five runs takes at most 200 ms, and imports no server and no HTTP library."""
    program = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from tiktok_oauth.cli import main\n"
        "try: main()\n"
        "finally: print(*sys.modules)"
    )
    took = []
    modules: set[str] = set()
    for _ in range(5):
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program], capture_output=True, check=True, text=True
        )
        took.append(time.perf_counter() - began)
        modules.update(done.stdout.split())

    assert min(took) <= 0.2
    assert "tiktok_oauth.cli.root" in modules
    assert not modules & {"aiohttp", "asyncio", "starlette", "urllib3", "uvicorn"}
