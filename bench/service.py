"""The service: fresh tokens over the API, beside a bare Starlette app in the same run; webhooks.

The web worker has one core, whoever asks has another. Requests are counted against the CPU time of
the worker, since other load on the machine moves the time on the wall; instructions for a request
are the figure that no load moves.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from answer import ACCESS_TOKEN, LONG_LIFETIME, SCOPE, open_id, refresh_token
from figures import Bound, Figure, Found, Method, Spread, print_table
from machine import measured_environment
from subjects import KEY
from vault_place import a_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vault_place import Place

ACCOUNTS = 100_000
_ROUNDS, _CALLS, _AT_ONCE = 3, 20_000, 64
_COUNTED = (200, 500, 800)
_WEBHOOKS = 1_000
_HERE = Path(__file__).parent
_TICKS = os.sysconf("SC_CLK_TCK")
_COLLECTED = re.compile(r"Collected : (\d+)")
_VALGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def fill(place: Place, accounts: int = ACCOUNTS) -> None:
    """Take over the tokens of so many accounts, good for a month, as the command does it."""
    command = ("import", "-", "--client-key", KEY, "--database", place.url, "--keys", place.keys)
    lines = (json.dumps(_record(number)) + "\n" for number in range(accounts))
    subprocess.run(
        [sys.executable, "-m", "tiktok_oauth", *command],
        input="".join(lines).encode(),
        stdout=subprocess.DEVNULL,
        check=True,
        env=place.environment(),
    )


def _record(number: int) -> dict[str, str | int]:
    person = open_id(number)
    return {
        "open_id": person,
        "access_token": ACCESS_TOKEN,
        "refresh_token": refresh_token(person, 0),
        "expires_in": 30 * 86_400,
        "refresh_expires_in": LONG_LIFETIME,
        "scope": SCOPE,
    }


class _Worker:
    """A server under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port, self._key = cast("IO[str]", process.stdout).readline().split()

    def cpu(self) -> float:
        """CPU seconds it has used, kernel included."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def ask(self, calls: int, people: int, at_once: int = _AT_ONCE) -> dict[str, Any]:
        """Let somebody ask for tokens; what they found."""
        words = (self.port, self._key, *map(str, (calls, people, at_once)))
        found: dict[str, Any] = _run("service_driver.py", *words)
        return found

    def tell(self, first: int, count: int) -> list[float]:
        """Let TikTok tell of people who have left; the milliseconds that each answer took."""
        found: list[float] = _run("service_teller.py", self.port, str(first), str(count))
        return found


def _run(program: str, *words: str) -> Any:  # noqa: ANN401 - JSON
    done = subprocess.run(
        [sys.executable, str(_HERE / program), *words],
        capture_output=True,
        check=True,
        env=measured_environment(),
        text=True,
    )
    return json.loads(done.stdout)


@contextlib.contextmanager
def _serving(kind: str, place: Place, *under: str) -> Iterator[_Worker]:
    words = (place.url, str(place.keys), str(place.directory)) if kind == "service" else ()
    process = subprocess.Popen(
        [*under, sys.executable, str(_HERE / "service_worker.py"), kind, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=place.environment(),
        text=True,
    )
    try:
        yield _Worker(process)
    finally:
        cast("IO[str]", process.stdin).close()
        process.wait()


class _Rounds:
    """What rounds of the same requests have shown of one kind of server."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.walls: list[float] = []
        self.slowest: list[float] = []
        self.wrong = 0

    def add(self, worker: _Worker, calls: int) -> None:
        """One round."""
        before = worker.cpu()
        found = worker.ask(calls, ACCOUNTS)
        self.rates.append(calls / (worker.cpu() - before))
        self.walls.append(found["rate"])
        self.slowest.append(found["p99"])
        self.wrong += found["wrong"]


def tokens(place: Place) -> list[Figure]:
    """``GET /api/v1/accounts/{open_id}/token`` of accounts in no order.

    Each round has a worker of its own, which knows no token at first: each account's is read from
    the database and opened once. The promises hold for that.
    """
    read, known, bare = _Rounds(), _Rounds(), _Rounds()
    for _ in range(_ROUNDS):
        with _serving("service", place) as worker:
            read.add(worker, ACCOUNTS)
            known.add(worker, _CALLS)
        with _serving("bare", place) as worker:
            bare.add(worker, _CALLS)
    wrong = float(read.wrong + known.wrong)
    return [
        *_figures(f"tokens of {ACCOUNTS:,} accounts, each read", ACCOUNTS, read, promised=True),
        *_figures("tokens from memory", _CALLS, known),
        *_figures("the same answer from bare Starlette", _CALLS, bare),
        Method("all of them", f"{_ROUNDS * (ACCOUNTS + _CALLS):,} requests").figure(
            "answers that were none", Spread((wrong,)), "", Bound("<=", 0)
        ),
    ]


def _figures(name: str, calls: int, rounds: _Rounds, *, promised: bool = False) -> list[Figure]:
    out_of = f"{_ROUNDS} rounds of {calls:,} requests"
    used = Method(f"CPU time of the worker, {_AT_ONCE} requests under way", out_of)
    timed = Method(f"time, {_AT_ONCE} requests under way", out_of)
    rate, slowest = (Bound(">=", 4_000), Bound("<=", 25)) if promised else (None, None)
    return [
        used.figure(name, Spread(tuple(rounds.rates)), "/s", rate),
        timed.figure("  on the wall", Spread(tuple(rounds.walls)), "/s"),
        timed.figure("  99 of 100 within", Spread(tuple(rounds.slowest)), "ms", slowest),
    ]


def instructions(place: Place) -> list[Figure]:
    """Thousands of instructions for one request, of the whole worker."""
    method = Method(
        f"callgrind, difference of runs with {', '.join(map(str, _COUNTED))} requests",
        f"{_COUNTED[-1] - _COUNTED[0]} requests",
    )
    return [
        method.figure("a token that has to be read", _counted("service", place, ACCOUNTS), "k"),
        method.figure("a token from memory", _counted("service", place, 1), "k"),
        method.figure("the same answer from bare Starlette", _counted("bare", place, 1), "k"),
    ]


def _counted(kind: str, place: Place, people: int) -> Found:
    if shutil.which("valgrind") is None:
        return "valgrind is missing"
    points = [(calls, _count(kind, place, people, calls)) for calls in _COUNTED]
    return Spread(tuple((more - less) / (b - a) / 1e3 for (a, less), (b, more) in pairwise(points)))


def _count(kind: str, place: Place, people: int, calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with _serving(kind, place, *_VALGRIND, f"--log-file={log}") as worker:
            worker.ask(calls, people, at_once=8)
        found = _COLLECTED.search(log.read_text())
    return int(found[1]) if found else 0


def webhooks(place: Place) -> list[Figure]:
    """``authorization.removed`` of connected accounts, durable and acted upon when answered."""
    halves, slowest = [], []
    with _serving("service", place) as worker:
        for number in range(_ROUNDS):
            took = sorted(worker.tell(number * _WEBHOOKS, _WEBHOOKS))
            halves.append(took[len(took) // 2])
            slowest.append(took[len(took) * 99 // 100])
    method = Method("time, one after the other", f"{_ROUNDS} rounds of {_WEBHOOKS:,} webhooks")
    return [
        method.figure("half of them within", Spread(tuple(halves)), "ms"),
        method.figure("99 of 100 within", Spread(tuple(slowest)), "ms", Bound("<=", 50)),
    ]


SECTIONS = (
    ("The service: tokens", tokens),
    ("The service: instructions", instructions),
    # The last: whoever has left gets no token any more.
    ("The service: webhooks", webhooks),
)


def main(words: Sequence[str]) -> int:
    """Print the sections whose title has one of the words in it, or all."""
    broken = False
    with a_place("SQLite") as place:
        fill(place)
        for title, measure in SECTIONS:
            if not words or any(word in title for word in words):
                figures = measure(place)
                print_table(title, figures)
                broken |= any(figure.is_broken for figure in figures)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
