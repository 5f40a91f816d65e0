"""What is released is whole, the same each time, and typed for those who install it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
"""Builds and installs."""

ROOT = Path(__file__).parents[2]
USER = Path(__file__).with_name("user.py")


def run(*command: str | Path, cwd: Path = ROOT, **more: str) -> str:
    """Run a program; what it complains about is the failure."""
    done = subprocess.run(  # noqa: S603 - our own programs
        command, cwd=cwd, env={**os.environ, **more}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sdist, wheel and bill of materials."""
    folder = tmp_path_factory.mktemp("dist")
    run("tools/dist", folder)
    return folder


def only(folder: Path, pattern: str) -> Path:
    """The one file of a kind."""
    (found,) = folder.glob(pattern)
    return found


def test_the_same_commit_gives_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """Whoever builds it again can compare."""
    run("tools/dist", tmp_path)

    assert (tmp_path / "SHA256SUMS").read_text() == (dist / "SHA256SUMS").read_text()
    for path in dist.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    """Every file of the package is in it: code, templates, pages, the marker of types."""
    source = ROOT / "src"
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    there = {
        str(path.relative_to(source))
        for path in (source / "tiktok_oauth").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert names == there
    assert "tiktok_oauth/py.typed" in names
    assert any(name.endswith(".html") for name in names)


def test_the_metadata_is_the_projects(dist: Path) -> None:
    """Version, extras, licence, commands, pytest's plugin."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    info = f"tiktok_oauth-{VERSION}.dist-info"
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        metadata = message_from_bytes(wheel.read(f"{info}/METADATA"))
        points = wheel.read(f"{info}/entry_points.txt").decode()

    assert metadata["Version"] == VERSION
    assert metadata["License-Expression"] == "MIT"
    assert set(metadata.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    assert "tiktok-oauth = tiktok_oauth.cli:main" in points
    assert "tiktok_oauth.pytest_plugin = tiktok_oauth.pytest_plugin" in points


@pytest.fixture
def unpacked(dist: Path, tmp_path: Path) -> Path:
    """The sdist in an empty folder."""
    with tarfile.open(only(dist, "*.tar.gz")) as sdist:
        sdist.extractall(tmp_path, filter="data")
    return only(tmp_path, "tiktok_oauth-*")


def test_the_sdist_holds_what_is_committed(unpacked: Path) -> None:
    """All of it; and no file that is not."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard").split("\n")
    committed = {name for name in listed if name and (ROOT / name).is_file()}
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}

    assert there - {"PKG-INFO"} == committed


def test_the_sdists_own_tests_can_be_collected(unpacked: Path) -> None:
    """As many as here: who packages it for a distribution can run them."""
    collect = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    ours = run(*collect)
    theirs = run(*collect, cwd=unpacked, PYTHONPATH=str(unpacked / "src"))

    assert theirs.count("::") == ours.count("::") > 1_000


@pytest.fixture(scope="session")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and our libraries behind it."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    place = only(folder / "lib", "python3.*") / "site-packages"
    with zipfile.ZipFile(only(dist, "*.whl")) as wheel:
        wheel.extractall(place)  # noqa: S202 - made a moment ago
    (place / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def test_the_installed_package_works(python: Path, tmp_path: Path) -> None:
    """Outside the repository, from the wheel's files: a login, from the command's own sandbox."""
    program = """
import tiktok_oauth
from tiktok_oauth import Sandbox
print(tiktok_oauth.__file__)
with Sandbox() as sandbox:
    print(sandbox.grant().access_token[:4])
"""
    said = run(python, "-I", "-c", program, cwd=tmp_path).splitlines()

    assert str(python.parents[1]) in said[0]
    assert said[1] == "act."


CHECKERS = {
    "mypy": lambda python: ("mypy", "--strict", "--no-incremental", "--python-executable", python),
    "pyright": lambda python: ("pyright", "--pythonpath", python),
}


@pytest.mark.parametrize("checker", CHECKERS)
def test_users_get_the_types(checker: str, python: Path, tmp_path: Path) -> None:
    """A program outside the repository is checked with the wheel's own annotations."""
    (tmp_path / "user.py").write_text(USER.read_text("utf-8"))
    command: Callable[[Path], tuple[str | Path, ...]] = CHECKERS[checker]

    run(sys.executable, "-m", *command(python), "user.py", cwd=tmp_path, MYPYPATH="")

    wrong = USER.read_text("utf-8").replace("int | None", "bytes")
    (tmp_path / "user.py").write_text(wrong)
    with pytest.raises(AssertionError, match="bytes"):
        run(sys.executable, "-m", *command(python), "user.py", cwd=tmp_path, MYPYPATH="")


def test_the_bill_lists_what_is_pinned(dist: Path) -> None:
    """Each package of the release's lock, once, with its version."""
    bill = json.loads((dist / "tiktok-oauth.cdx.json").read_text())
    lock = (ROOT / "requirements" / "release.txt").read_text()
    pinned = {line.split(" ")[0] for line in lock.splitlines() if line[:1].isalpha()}

    assert {f"{part['name']}=={part['version']}" for part in bill["components"]} == pinned
    assert bill["metadata"]["component"]["version"] == VERSION
    assert len(bill["dependencies"][0]["dependsOn"]) == 5
