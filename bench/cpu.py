"""CPU time per call, what a new client costs, our own share of it, and memory."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from figures import Bound, Figure, Found, Method, Spread, minus, print_table, ratio
from rounds import Load, Worker, measure_rounds
from server import Server, running_server

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDS = 15
MANY_CALLS = 100_000
_FIRST_CALLS = 1_000
_WORDS = "CPU time of the client's process, in turns"
_QUIET = f"{_WORDS}; lower quartile"
_SINGLE = (
    "http.client",
    "aiohttp",
    "blocking",
    "blocking httpx2",
    "awaiting",
    "awaiting pyreqwest",
    "awaiting httpx2",
    "Authlib on requests",
    "Authlib on httpx2",
    "Authlib on httpx",
)
_SINGLE_CALLS, _CROWD_CALLS, _SLOW_CALLS = 300, 4096, 1024
_FAST_CROWD = ("awaiting", "awaiting pyreqwest")
_SLOW_CROWD = ("awaiting httpx2", "Authlib on httpx2", "Authlib on httpx")
_OWN_CALLS = 5000
_UNTOLD = "this system does not tell"


def _method(calls: int) -> Method:
    return Method(_QUIET, f"{ROUNDS} rounds of {calls:,} calls", quiet="lower")


def _ratio_of(calls: str) -> Method:
    return Method(f"{_WORDS}, by round; median", f"{ROUNDS} rounds of {calls} calls")


def one_at_a_time(server: Server) -> list[Figure]:
    """Every subject, one call after the other."""
    loads = [Load(name, server.plain, calls=_SINGLE_CALLS) for name in _SINGLE]
    method = _method(_SINGLE_CALLS)
    return [
        method.figure(name, found, "us")
        for name, found in zip(_SINGLE, measure_rounds(loads, ROUNDS), strict=True)
    ]


def in_a_crowd(server: Server) -> list[Figure]:
    """64 and 512 calls at once."""
    loads = [
        *(Load(name, server.plain, None, 64, _CROWD_CALLS) for name in _FAST_CROWD),
        *(Load(name, server.plain, None, 64, _SLOW_CALLS) for name in _SLOW_CROWD),
        *(Load(name, server.plain, None, 512, _CROWD_CALLS) for name in _FAST_CROWD),
    ]
    turns = measure_rounds(loads, ROUNDS)
    found = {(load.subject, load.at_once): each for load, each in zip(loads, turns, strict=True)}
    figures = [
        _method(load.calls).figure(f"{load.subject}, {load.at_once} at once", each, "us")
        for load, each in zip(loads, turns, strict=True)
    ]
    method = _ratio_of(f"{_SLOW_CALLS:,} / {_CROWD_CALLS:,}")
    for name, times in zip(_FAST_CROWD, (5, 8), strict=True):
        fewer = ratio(found["Authlib on httpx2", 64], found[name, 64])
        label = f"64 at once: Authlib on httpx2 / {name}"
        figures.append(method.figure(label, fewer, "x", Bound(">=", times)))
        growth = ratio(found[name, 512], found[name, 64])
        label = f"{name}: 512 at once / 64 at once"
        figures.append(_ratio_of(f"{_CROWD_CALLS:,}").figure(label, growth, "x", Bound("<=", 1.2)))
    return figures


def new_clients(server: Server) -> list[Figure]:
    """A new client object for every call, beside a kept one; the bound is on instructions."""
    method, compared = _method(_SINGLE_CALLS), _ratio_of(f"{_SINGLE_CALLS:,}")
    figures = []
    for name in ("blocking", "awaiting"):
        for where, origin, ca_file in (
            ("", server.plain, None),
            (", TLS", server.secure, server.ca_file),
        ):
            subjects = (name, f"{name}, new client")
            kept, new = measure_rounds(
                [Load(subject, origin, ca_file, 1, _SINGLE_CALLS) for subject in subjects], ROUNDS
            )
            figures += [
                method.figure(f"{name}, kept client{where}", kept, "us"),
                compared.figure(f"{name}, new client / kept{where}", ratio(new, kept), "x"),
            ]
    return [*figures, _new_peer(server)]


def _new_peer(server: Server) -> Figure:
    name, calls = "Authlib on requests, new client", 20
    [new] = measure_rounds([Load(name, server.secure, server.ca_file, 1, calls)], ROUNDS)
    return _method(calls).figure(f"{name}, TLS", new, "us")


def own_share(server: Server) -> list[Figure]:
    """What is left of a call when the HTTP library answers at once."""
    loads = [
        Load(name, server.plain, calls=_OWN_CALLS)
        for name in ("own share, blocking", "own share, awaiting", "authorization URL")
    ]
    blocking, awaiting, url = measure_rounds(loads, ROUNDS)
    memory = Method(
        "CPU time with a transport in memory, metrics and retry on, logs at INFO discarded; lower "
        "quartile",
        f"{ROUNDS} rounds of {_OWN_CALLS:,} calls",
        quiet="lower",
    )
    return [
        memory.figure("own share, blocking", blocking, "us", Bound("<=", 30)),
        memory.figure("own share, awaiting", awaiting, "us", Bound("<=", 30)),
        _method(_OWN_CALLS).figure("get_authorization_url", url, "us", Bound("<=", 15)),
    ]


def memory(server: Server) -> list[Figure]:
    """What a process takes, and whether that grows."""
    bare = _bare_peak()
    figures = []
    for subject, at_once in (("blocking", 1), ("awaiting", 64)):
        early, late = _peaks(Load(subject, server.plain, None, at_once))
        method = Method(
            f"peak resident memory, {at_once} at once",
            f"{MANY_CALLS:,} calls after {_FIRST_CALLS:,}",
        )
        figures += [
            method.figure(f"{subject}, growth", minus(late, early), "MiB", Bound("<=", 1)),
            method.figure(
                f"{subject}, above a bare interpreter", minus(late, bare), "MiB", Bound("<=", 30)
            ),
        ]
    return figures


def _bare_peak() -> Found:
    program = "print(open('/proc/self/status').read())"
    status = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    peak = re.search(r"VmHWM:\s*(\d+)", status.stdout)
    return Spread((int(peak[1]) / 1024,)) if peak else _UNTOLD


def _peaks(load: Load) -> tuple[Found, Found]:
    with Worker(load) as worker:
        turns = worker.turn(_FIRST_CALLS), worker.turn(MANY_CALLS)
    early, late = (
        _UNTOLD if turn is None or turn.peak is None else Spread((turn.peak / 1024,))
        for turn in turns
    )
    return worker.failure or early, worker.failure or late


SECTIONS = (
    ("CPU time per code exchange, one at a time", one_at_a_time),
    ("CPU time per code exchange, many at once", in_a_crowd),
    ("CPU time with a new client for every call", new_clients),
    ("CPU time of our own", own_share),
    ("Memory", memory),
)


def main(words: Sequence[str]) -> int:
    """Print the sections whose title has one of the words in it, or all."""
    broken = False
    with running_server() as server:
        for title, measure in SECTIONS:
            if not words or any(word in title for word in words):
                figures = measure(server)
                print_table(title, figures)
                broken |= any(figure.is_broken for figure in figures)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
