"""The sandbox: how many token requests one core answers, how soon it is up, and its memory.

Requests are counted against the CPU time of the server's process, with many of them under way: a
server that sleeps between two requests wakes up with cold caches, and its figure is then the
machine's, half of a busy one's. Instructions per request are the figure that no load moves.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlencode, urlsplit

from figures import Bound, Figure, Found, Method, Spread, print_table
from machine import measured_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 5
_CALLS, _AT_ONCE = 10_000, 32
_COUNTED = (100, 400, 700)
_STARTS = 11
_GRANTS = 1_000_000
_SERVE = ("-u", "-m", "tiktok_oauth", "sandbox", "--port", "0", "--rotation", "none")
_KEYS = {"client_key": "sbawsandbox0000001", "client_secret": "sandbox-client-secret"}
_JSON = {"Content-Type": "application/json"}
_ENOUGH = 64 * 1024
_LENGTH = re.compile(rb"content-length: (\d+)")
_COLLECTED = re.compile(r"Collected : (\d+)")
_MEMORY = f"""
import random, resource
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, Person
from tiktok_oauth.sandbox.world import Consent, World

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

world, before = World(random.Random(1)), peak()
for number in range({_GRANTS}):
    one = f"p{{number}}"
    world.people[one] = Person(one, f"Person {{number}}", one)
    world.begin_grant(0.0, Consent(DEFAULT_APP.client_key, one, ("video.list",), None))
made = peak()
for grant in list(world.grants)[:100_000]:
    token = world.refresh_token(grant)
    world.refresh(1.0, DEFAULT_APP, world.mint.open("rft", token))
print(made - before, peak() - made)
"""


def _served(work: Callable[[str], None], *under: str) -> float:
    """Run a sandbox for as long as some work takes; return the CPU seconds of its whole life."""
    command = [*under, sys.executable, *_SERVE]
    # Not a `with` block: wait4 alone tells what this one process has used.
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=measured_environment()
    )
    try:
        ready = cast("IO[bytes]", process.stdout).readline().decode()
        work(ready.partition("is ready: ")[2].strip())
    finally:
        process.terminate()
        used = os.wait4(process.pid, 0)[2]
    return used.ru_utime + used.ru_stime


def _request(origin: str) -> bytes:
    """Return a refresh as it goes over the wire; with this rotation it can be sent for ever."""
    host = urlsplit(origin).netloc
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/_sandbox/grants", b"{}", _JSON)
    token = json.load(connection.getresponse())["refresh_token"]
    connection.close()
    body = urlencode({**_KEYS, "grant_type": "refresh_token", "refresh_token": token})
    lines = (
        "POST /v2/oauth/token/ HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    return "\r\n".join(lines).encode()


def _call(origin: str, calls: int, at_once: int = _AT_ONCE) -> None:
    """Send so many refreshes, with some of them under way all the time."""
    request = _request(origin)
    address = urlsplit(origin)
    with selectors.DefaultSelector() as selector:
        for _ in range(at_once):
            connection = socket.create_connection((address.hostname, address.port))
            selector.register(connection, selectors.EVENT_READ, bytearray())
            connection.sendall(request)
        asked, answered = at_once, 0
        while answered < calls:
            for key, _ in selector.select():
                connection = cast("socket.socket", key.fileobj)
                if not _take(connection, key.data):
                    continue
                answered += 1
                if asked < calls:
                    asked += 1
                    connection.sendall(request)
        for key in list(selector.get_map().values()):
            cast("socket.socket", key.fileobj).close()


def _take(connection: socket.socket, received: bytearray) -> bool:
    """Read what is there, and forget it once it is a whole answer."""
    received += connection.recv(_ENOUGH)
    head, end, body = bytes(received).partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not end or length is None or len(body) < int(length[1]):
        return False
    if b"access_token" not in body:
        raise RuntimeError(body.decode())
    received.clear()
    return True


def requests() -> list[Figure]:
    """Token requests a second, by CPU time, and instructions for each."""
    idle = min(_served(lambda _: None) for _ in range(3))
    spent = [_served(lambda origin: _call(origin, _CALLS)) - idle for _ in range(ROUNDS)]
    method = Method(
        f"CPU time of the server, {_AT_ONCE} requests under way, less that of an idle one",
        f"{ROUNDS} rounds of {_CALLS:,} requests",
    )
    rates = Spread(tuple(_CALLS / seconds for seconds in spent))
    counted = Method(
        f"callgrind, difference of runs with {', '.join(map(str, _COUNTED))} requests",
        f"{_COUNTED[-1] - _COUNTED[0]} requests",
    )
    return [
        method.figure("token requests on one core", rates, "/s", Bound(">=", 4_000)),
        counted.figure("instructions per token request", _instructions(), "k", Bound("<=", 700)),
    ]


def _instructions() -> Found:
    """Thousands of instructions per request, in user mode, of the whole server."""
    if shutil.which("valgrind") is None:
        return "valgrind is missing"
    counts = [_count(calls) for calls in _COUNTED]
    points = pairwise(zip(_COUNTED, counts, strict=True))
    return Spread(tuple((more - less) / (b - a) / 1e3 for (a, less), (b, more) in points))


def _count(calls: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        options = ("--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}")
        _served(lambda origin: _call(origin, calls, at_once=1), "valgrind", *options)
        found = _COLLECTED.search(log.read_text())
    return int(found[1]) if found else 0


def start() -> list[Figure]:
    """From the shell's command to the line that says it is ready, and answers from then on."""
    method = Method("a new process until its first answer", f"{_STARTS} runs")
    found = Spread(tuple(_start() for _ in range(_STARTS)))
    return [method.figure("tiktok-oauth sandbox is up", found, "ms", Bound("<=", 500))]


def _start() -> float:
    began = time.perf_counter()
    took: list[float] = []

    def ask(origin: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(origin).netloc)
        connection.request("GET", "/_sandbox/clock")
        connection.getresponse().read()
        connection.close()
        took.append(1e3 * (time.perf_counter() - began))

    _served(ask)
    return took[0]


def memory() -> list[Figure]:
    """What a million grants to a million people take, and whether refreshing adds to it."""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY],
        capture_output=True,
        check=False,
        env=measured_environment(),
        text=True,
    )
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    failure = (done.stderr.strip().splitlines() or [""])[-1]
    sizes = [Spread((int(size) / unit,)) for size in done.stdout.split()] or [failure, failure]
    method = Method("growth of the peak in a process of its own", f"{_GRANTS:,} grants")
    return [
        method.figure("a million grants and their people", sizes[0], "MiB", Bound("<=", 953)),
        method.figure("100,000 refreshes of them, above that", sizes[1], "MiB", Bound("<=", 32)),
    ]


SECTIONS = (
    ("The sandbox: requests", requests),
    ("The sandbox: time to start", start),
    ("The sandbox: memory", memory),
)


def main(words: Sequence[str]) -> int:
    """Print the sections whose title has one of the words in it, or all."""
    broken = False
    for title, measure in SECTIONS:
        if not words or any(word in title for word in words):
            figures = measure()
            print_table(title, figures)
            broken |= any(figure.is_broken for figure in figures)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
