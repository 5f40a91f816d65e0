"""Instructions per call under callgrind: the figure that no other load on the machine moves.

Each subject runs with 20, 70 and 120 calls; the difference of two runs, divided by the calls
between them, is free of start-up, and the two differences show the noise. ``--check`` compares
our clients, as a multiple of a plain http.client call in the same run, with ``baseline.json``;
``--record`` writes that file.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Bound, Figure, Found, Method, Spread, print_table, ratio
from machine import measured_environment
from server import running_server

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = (20, 70, 120)
GROWTH = 1.05
"""How much a multiple may grow before the check fails."""

_HERE = Path(__file__).parent
_BASELINE = _HERE / "baseline.json"
_VALGRIND = shutil.which("valgrind")
_YARDSTICK = "http.client"
_GUARDED = ("blocking", "awaiting")
_COLLECTED = re.compile(r"Collected : (\d+)")


class UnmeasuredError(Exception):
    """A subject could not run; says why in one line."""


def _count(name: str, where: Sequence[str], calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        done = subprocess.run(
            [
                _VALGRIND or "valgrind",
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                f"--log-file={log}",
                sys.executable,
                str(_HERE / "worker.py"),
                name,
                *where,
            ],
            input=f"1 {calls}\n",
            capture_output=True,
            text=True,
            check=False,
            env=measured_environment(),
        )
        found = _COLLECTED.search(log.read_text()) if log.exists() else None
    if done.returncode or found is None:
        raise UnmeasuredError((done.stderr.strip().splitlines() or ["valgrind failed"])[-1])
    return int(found[1])


def _compile(name: str, where: Sequence[str]) -> None:
    """Run a subject once, so that of the runs that are compared none compiles a module."""
    command = [sys.executable, str(_HERE / "worker.py"), name, *where]
    subprocess.run(
        command,
        input="1 1\n",
        capture_output=True,
        text=True,
        env=measured_environment(),
        check=False,
    )


def count_instructions(
    names: Sequence[str], runs: Sequence[int], *, secure: bool = False
) -> dict[str, Found]:
    """Thousands of instructions per call, between each run and the next; over TLS if secure."""
    if not _VALGRIND:
        return dict.fromkeys(names, "valgrind is missing")
    with running_server() as server, ThreadPoolExecutor(os.cpu_count()) as pool:
        where = (server.secure, server.ca_file) if secure else (server.plain,)
        for name in names:
            _compile(name, where)
        started = [[pool.submit(_count, name, where, calls) for calls in runs] for name in names]
        return {name: _per_call(runs, counts) for name, counts in zip(names, started, strict=True)}


def _per_call(runs: Sequence[int], counts: Sequence[Future[int]]) -> Found:
    try:
        points = [(calls, count.result()) for calls, count in zip(runs, counts, strict=True)]
    except UnmeasuredError as error:
        return str(error)
    return Spread(tuple((more - less) / (b - a) / 1e3 for (a, less), (b, more) in pairwise(points)))


# Name, subject, and how many thousand instructions a call may take.
_OURS = (
    ("blocking (urllib3)", "blocking", Bound("<=", 1500)),
    ("awaiting (aiohttp)", "awaiting", Bound("<=", 900)),
    ("awaiting (pyreqwest)", "awaiting pyreqwest", Bound("<=", 450)),
    ("blocking (httpx2)", "blocking httpx2", None),
    ("awaiting (httpx2)", "awaiting httpx2", None),
)
# Ours, the peer, and how many times as many instructions the peer takes.
_MULTIPLES = (
    ("blocking", "Authlib on requests", Bound(">=", 3)),
    ("awaiting", "Authlib on httpx2", Bound(">=", 4)),
    ("awaiting", "Authlib on httpx", Bound(">=", 5)),
    ("awaiting pyreqwest", "Authlib on requests", Bound(">=", 10)),
)
_OWN_CLIENT = Bound("<=", 1.3)
_OTHERS = (_YARDSTICK, "aiohttp", "Authlib on requests", "Authlib on httpx2", "Authlib on httpx")
_NEW = {name: f"{name}, new client" for name in _GUARDED}
"""Kept clients, and the same subjects with a new one for every call."""


def measure() -> list[Figure]:
    """Every figure in instructions."""
    names = [*(subject for _, subject, _ in _OURS), *_OTHERS, *_NEW.values()]
    counts = count_instructions(names, RUNS)
    secure = count_instructions([*_NEW, *_NEW.values()], RUNS, secure=True)
    method = _method(RUNS)
    return [
        *(method.figure(name, counts[subject], "k", bound) for name, subject, bound in _OURS),
        *(method.figure(name, counts[name], "k") for name in _OTHERS),
        *(
            method.figure(f"{peer} / {ours}", ratio(counts[peer], counts[ours]), "x", bound)
            for ours, peer, bound in _MULTIPLES
        ),
        *(
            method.figure(f"{new} / kept{where}", ratio(found[new], found[kept]), "x", _OWN_CLIENT)
            for found, where in ((counts, ""), (secure, ", TLS"))
            for kept, new in _NEW.items()
        ),
    ]


def _method(runs: Sequence[int]) -> Method:
    words = f"callgrind, difference of runs with {', '.join(map(str, runs))} calls"
    return Method(words, f"{runs[-1] - runs[0]} calls")


def _multiples_now(runs: Sequence[int]) -> dict[str, Found]:
    counts = count_instructions([_YARDSTICK, *_GUARDED], runs)
    return {name: ratio(counts[name], counts[_YARDSTICK]) for name in _GUARDED}


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def record() -> int:
    """Write what this version of Python measures now."""
    baseline = json.loads(_BASELINE.read_text()) if _BASELINE.exists() else {}
    measured = {}
    for name, multiple in _multiples_now(RUNS).items():
        if isinstance(multiple, str):
            sys.exit(f"{name}: {multiple}")
        measured[name] = round(multiple.median, 3)
    baseline[_python()] = measured
    _BASELINE.write_text(json.dumps(baseline, indent=2, sort_keys=True) + "\n")
    print(f"baseline of Python {_python()}: {measured}")
    return 0


def check() -> int:
    """Fail when a client takes more instructions than it did, beyond the growth allowed."""
    if not _VALGRIND:
        print("Instructions are not counted: valgrind is missing. Debian: apt install valgrind")
        return 1 if os.environ.get("CI") == "true" else 0
    baseline = json.loads(_BASELINE.read_text()).get(_python())
    if baseline is None:
        print(f"Instructions are not compared: no baseline for Python {_python()}.")
        return 0
    method = _method(RUNS[::2])
    figures = [
        method.figure(
            f"{name} ({baseline[name]:g} recorded)",
            multiple,
            "x",
            Bound("<=", round(baseline[name] * GROWTH, 3)),
        )
        for name, multiple in _multiples_now(RUNS[::2]).items()
    ]
    print_table("Instructions per call, as a multiple of a plain http.client call", figures)
    return int(any(figure.is_broken for figure in figures))


def main(*arguments: str) -> int:
    """Check, record, or print all."""
    if arguments == ("--check",):
        return check()
    if arguments == ("--record",):
        return record()
    figures = measure()
    print_table("Instructions per code exchange", figures)
    return int(any(figure.is_broken for figure in figures))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
