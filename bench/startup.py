"""How long a program waits for us: import, the first authorization URL, ``--help``."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from figures import Bound, Figure, Found, Method, Spread, minus
from machine import measured_environment
from subjects import KEY, REDIRECT, SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 21
_NOTHING = ("-c", "pass")
_IMPORT = ("-c", "import tiktok_oauth")
_FIRST_URL = (
    "-c",
    (
        "from tiktok_oauth import TikTokOAuth\n"
        f"TikTokOAuth({KEY!r}, {SECRET!r}, {REDIRECT!r}).get_authorization_url()"
    ),
)
_HELP = ("-c", "from tiktok_oauth.cli import main; main()", "--help")
_HEAVY = ("aiohttp", "urllib3", "asyncio")
_LIST = ("-c", "import sys, tiktok_oauth; print(*sys.modules)")


def measure() -> list[Figure]:
    """Every figure in time to start."""
    nothing, imported, first_url, shown_help = _in_turns(_NOTHING, _IMPORT, _FIRST_URL, _HELP)
    words = "a new process from start to exit, in turns; lower quartile"
    method = Method(words, f"{ROUNDS} runs", quiet="lower")
    return [
        method.figure("a bare interpreter", nothing, "ms"),
        method.figure(
            "import tiktok_oauth, above that", minus(imported, nothing), "ms", Bound("<=", 40)
        ),
        method.figure(
            "cold start to the first authorization URL", first_url, "ms", Bound("<=", 140)
        ),
        method.figure("tiktok-oauth --help", shown_help, "ms", Bound("<=", 200)),
        _imported_modules(),
    ]


def _in_turns(*programs: Sequence[str]) -> list[Found]:
    """Milliseconds of each program, by round; a sentence for one that fails."""
    # The first round fills the caches, and shows what cannot run.
    first = [_run(program) for program in programs]
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(ROUNDS):
        for program, failure, values in zip(programs, first, times, strict=True):
            if not failure:
                began = time.perf_counter()
                _run(program)
                values.append(1e3 * (time.perf_counter() - began))
    return [failure or Spread(tuple(values)) for failure, values in zip(first, times, strict=True)]


def _run(program: Sequence[str]) -> str:
    """Run a program and return its last words if it fails."""
    done = subprocess.run(
        [sys.executable, *program],
        check=False,
        env=measured_environment(),
        capture_output=True,
        text=True,
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def _imported_modules() -> Figure:
    listed = subprocess.run(
        [sys.executable, *_LIST],
        check=True,
        env=measured_environment(),
        capture_output=True,
        text=True,
    )
    modules = set(listed.stdout.split())
    method = Method("sys.modules of a new process", f"{len(modules)} modules")
    heavy = Spread((len(modules.intersection(_HEAVY)),))
    name = f"{', '.join(_HEAVY)} after import tiktok_oauth"
    return method.figure(name, heavy, "modules", Bound("<=", 0))
