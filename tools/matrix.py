"""Install what is released into empty environments, and use it there.

Every extra on one Python, and ``[all]`` on each Python that is at hand: an extra that forgets a
package, or a wheel that forgets a file, is found here. Needs the package index.

    python tools/matrix.py dist
    python tools/matrix.py dist --extra postgres --python python3.11
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13")
FIRST = """
from tiktok_oauth import AsyncTikTokOAuth, KeyRing, TikTokOAuth, TokenVault
client = TikTokOAuth("aw0000000000000000", "kept-elsewhere", "https://example.com/callback")
assert client.get_authorization_url().state
with TokenVault(client, store="sqlite:///tokens.db", keys=KeyRing.generate()) as vault:
    assert vault.begin_login().binding
AsyncTikTokOAuth("aw0000000000000000", "kept-elsewhere")
"""
USES = {
    "cli": "import subprocess; subprocess.run(['tiktok-oauth', 'keys', '--help'], check=True)",
    "django": "import django",
    "fastapi": "import fastapi",
    "flask": "import flask",
    "httpx": "TikTokOAuth(transport='httpx2').close()",
    "otel": "import opentelemetry.trace",
    "postgres": "import psycopg, psycopg_pool; from tiktok_oauth.vault.stores import postgres",
    "sandbox": "from tiktok_oauth import Sandbox; Sandbox().start().stop()",
    "service": "import subprocess; subprocess.run(['tiktok-oauth', 'serve', '--help'], check=True)",
    "turbo": "AsyncTikTokOAuth(transport='pyreqwest')",
}
"""Extra -> what works with it."""


def extras() -> list[str]:
    """The extras of the package; each has its use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = sorted(set(project["optional-dependencies"]) - {"all"})
    if missing := [name for name in named if name not in USES]:
        sys.exit(f"tools/matrix.py does not know what to do with {missing}")
    return named


def pythons() -> list[str]:
    """The Pythons of this machine that can make environments."""
    return [path for version in PYTHONS if (path := _find(version))]


def _find(version: str) -> str | None:
    """The first Python of a version that works: pyenv's shims may stand for none."""
    installed = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for path in (shutil.which(f"python{version}"), *map(str, installed)):
        command = [path or "false", "-c", "import ensurepip, venv"]
        if path and not subprocess.run(command, capture_output=True, check=False).returncode:
            return path
    return None


def _version(python: str) -> str:
    done = subprocess.run([python, "-V"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def try_out(python: str, archive: Path, chosen: list[str]) -> None:
    """Install into an empty environment and run what the extras promise.

    Raises:
        CalledProcessError: it did not work; what went wrong was printed.
    """
    what = f"[{','.join(chosen)}]" if chosen else ""
    used = extras() if chosen == ["all"] else chosen
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", f"{folder}/env"], check=True)
        own = Path(folder, "env", "bin")
        install: list[str] = ["-m", "pip", "install", "-qq", "--no-cache-dir", f"{archive}{what}"]
        subprocess.run([own / "python", *install], check=True)
        subprocess.run([own / "python", "-m", "pip", "check"], check=True, capture_output=True)
        program = "\n".join([FIRST, *(USES[extra] for extra in used)])
        env = {"HOME": folder, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
        command = [str(own / "python"), "-I", "-W", "error", "-c", program]
        subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    took = time.monotonic() - began
    print(f"ok  {_version(python):<14} {archive.suffix:<5} {what or '(base)':<12} {took:.0f} s")


def main() -> int:
    """Try everything out, or what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--extra", action="append")
    parser.add_argument("--python", action="append")
    asked = parser.parse_args()
    wheel = next(asked.dist.resolve().glob("*.whl"))
    sdist = next(asked.dist.resolve().glob("*.tar.gz"))
    all_pythons = asked.python or pythons()
    runs = [(python, wheel, ["all"]) for python in all_pythons if not asked.extra]
    runs += [(all_pythons[0], wheel, [extra]) for extra in asked.extra or extras()]
    if not asked.extra:
        runs += [(all_pythons[0], wheel, []), (all_pythons[0], sdist, [])]
    failed = 0
    for python, archive, chosen in runs:
        try:
            try_out(python, archive, chosen)
        except subprocess.CalledProcessError as error:
            failed += 1
            print(f"FAILED  {python} {archive.name} {chosen}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
