"""The vault: what a token costs, a refresh, a batch of them, and a million accounts.

CPU time is of our own process, kernel included. What depends on the disk stands beside the time
that one sync took just before: the rates are promised where that is 0.15 ms at most. CPU times are
lower quartiles of the turns, rates upper ones; claims and syncs of the disk are medians.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import vault_rows
from figures import Bound, Figure, Found, Method, Spread, print_table
from server import running_server
from vault_disk import QUICK, count_syncs, sync_time
from vault_place import MissingError, Place, a_place
from vault_worker import AT_ONCE, ROUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vault_place import Kind

_WORKER = Path(__file__).with_name("vault_worker.py")
_WARM_CALLS, _FIRST_CALLS = 100_000, 1_000
_ALONE_CALLS, _PEER_CALLS = 500, 300
_TURNS = 9
_BATCHES = 30
_COUNTED_ALONE, _COUNTED_BATCHES = (20, 120), (5, 45)
_PUT_SECONDS = 5
_CLAIMS = 30
_FEW, _MANY, _SAMPLE = 10_000, 1_000_000, 100_000
_FLAT_CALLS = 5_000
_KINDS: tuple[Kind, ...] = ("SQLite", "PostgreSQL")
_FILES: tuple[Kind, ...] = ("pysqlite3", "SQLite")
"""The first may keep a write-ahead log, which the promised rates need; the second as it is."""


def _start(place: Place, task: str, origin: str, calls: int, under: Sequence[str] = ()) -> _Task:
    command = [*under, sys.executable, str(_WORKER), task, origin, str(calls)]
    return _Task(
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=place.environment(),
        )
    )


class _Task:
    """A measurement under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def result(self) -> Any:  # noqa: ANN401 - whatever the task found
        """What it found."""
        found, errors = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError((errors.strip().splitlines() or ["it failed"])[-1])
        return json.loads(found)


def _run(place: Place, task: str, origin: str, calls: int, under: Sequence[str] = ()) -> Any:  # noqa: ANN401 - as above
    return _start(place, task, origin, calls, under).result()


def _spread(place: Place, task: str, origin: str, calls: int) -> Spread:
    """A task that measures round by round itself."""
    return Spread(tuple(_run(place, task, origin, calls)))


def access_tokens(origin: str) -> list[Figure]:
    """A token out of memory, and one that has to be read and opened first."""
    warm = _method(_WARM_CALLS)
    with a_place("SQLite") as place:
        place.connect(1)
        figures = [
            warm.figure(
                "a fresh token from memory, blocking",
                _spread(place, "warm", origin, _WARM_CALLS),
                "us",
                Bound("<=", 3),
            ),
            warm.figure(
                "a fresh token from memory, awaiting",
                _spread(place, "warm_awaiting", origin, _WARM_CALLS),
                "us",
                Bound("<=", 5),
            ),
            warm.figure(
                "Authlib: ensure_active_token, fresh",
                _spread(place, "peer_fresh", origin, _WARM_CALLS),
                "us",
            ),
        ]
    for kind, limit in zip(_KINDS, (60, 250), strict=True):
        found = _first_reads(kind, origin)
        name = f"the first read of a token, {kind}"
        figures.append(_method(_FIRST_CALLS).figure(name, found, "us", Bound("<=", limit)))
    return figures


def _first_reads(kind: Kind, origin: str) -> Found:
    try:
        with a_place(kind) as place:
            place.connect(_FIRST_CALLS + 1)
            return _spread(place, "first", origin, _FIRST_CALLS)
    except MissingError as error:
        return str(error)


def _method(calls: int) -> Method:
    return _used(f"{ROUNDS} rounds of {calls:,} calls")


def _used(out_of: str) -> Method:
    return Method("CPU time, lower quartile", out_of, quiet="lower")


def _rated(words: str, out_of: str) -> Method:
    return Method(f"{words}, upper quartile", out_of, quiet="upper")


def _of_the_disk(name: str, syncs: Found, out_of: str) -> Figure:
    """What a time stands beside that depends on the disk."""
    method = Method(f"write and fdatasync; rates are promised up to {QUICK} ms", out_of)
    return method.figure(f"{name}: one sync of this disk", syncs, "ms")


class _Turns:
    """What turns of refreshes came to.

    Attributes:
        syncs: milliseconds that one sync took before each turn.
        cpu: microseconds of CPU for a refresh, by turn.
        rates: refreshes a second, by turn.
    """

    def __init__(self) -> None:
        self.syncs: list[float] = []
        self.cpu: list[float] = []
        self.rates: list[float] = []

    def add(self, place: Place, task: str, origin: str, calls: int, *, processes: int = 1) -> None:
        """Take one turn."""
        self.syncs.append(sync_time(place.directory))
        tasks = [_start(place, task, origin, calls) for _ in range(processes)]
        found = [task.result() for task in tasks]
        done = sum(one["done"] for one in found)
        seconds = max(one["ended"] for one in found) - min(one["began"] for one in found)
        self.cpu.append(1e6 * sum(one["cpu"] for one in found) / done)
        self.rates.append(done / seconds)

    def figures(
        self, name: str, out_of: str, *, rate: float | None, cpu: float | None
    ) -> list[Figure]:
        """The rate beside the disk's sync, which decides whether it is promised, and the CPU."""
        method = _rated("time, from the first to the last", out_of)
        syncs = Spread(tuple(self.syncs))
        promised = Bound(">=", rate) if rate is not None and syncs.median <= QUICK else None
        used = _used(out_of)
        bound = None if cpu is None else Bound("<=", cpu)
        return [
            _of_the_disk(name, syncs, out_of),
            method.figure(f"{name}: refreshes", Spread(tuple(self.rates)), "/s", promised),
            used.figure(f"{name}: CPU for a refresh", Spread(tuple(self.cpu)), "us", bound),
        ]


def one_at_a_time(origin: str) -> list[Figure]:
    """``Account.refresh()``: claim, request, journal, seal, write, release, and read again."""
    figures = [figure for kind in _FILES for figure in _alone(kind, origin)]
    with a_place("SQLite") as place:
        peer = _spread(place, "peer_refresh", origin, _PEER_CALLS)
    name = "Authlib: refresh and update_token into a dict, nothing durable"
    return [*figures, _used(f"{ROUNDS} rounds of {_PEER_CALLS}").figure(name, peer, "us")]


def _alone(kind: Kind, origin: str) -> list[Figure]:
    name, out_of = f"{kind}, alone", f"{_TURNS} turns of {_ALONE_CALLS} refreshes"
    turns = _Turns()
    try:
        with a_place(kind) as place:
            place.connect(_ALONE_CALLS + 1)
            for _ in range(_TURNS):
                turns.add(place, "alone", origin, _ALONE_CALLS)
            syncs, _ = _syncs_each(place, "alone", origin, _COUNTED_ALONE)
    except MissingError as error:
        return [Method("", out_of).figure(name, str(error), "/s", Bound(">=", 400))]
    counted = _counted(_COUNTED_ALONE, "refreshes")
    return [
        counted.figure(f"{name}: syncs for a refresh", syncs, "", Bound("<=", 11)),
        *turns.figures(name, out_of, rate=_promised(kind, 400), cpu=None),
    ]


def _promised(kind: Kind, rate: float) -> float | None:
    """What is promised for a write-ahead log is not for a rollback journal and its ten syncs."""
    return rate if kind == "pysqlite3" else None


def _counted(runs: tuple[int, int], of_what: str) -> Method:
    words = f"strace, difference of runs with {runs[0]} and {runs[1]} {of_what}"
    return Method(words, f"{runs[1] - runs[0]} {of_what}")


def _syncs_each(
    place: Place, task: str, origin: str, runs: tuple[int, int], each: int = 1
) -> tuple[Found, Found]:
    """How many syncs one more of what is counted takes; each stands for so many calls.

    Apart from those, what room ahead takes in the journal, spread over all.
    """
    counts = [count_syncs(partial(_run, place, task, origin, each * run)) for run in runs]
    few, many = counts
    if isinstance(few, str) or isinstance(many, str):
        return str(few), str(few)
    more = (many[1]["refreshed"] - few[1]["refreshed"]) / each
    data, files = ((after - before) / more for before, after in zip(few[0], many[0], strict=True))
    return Spread((data,)), Spread((files,))


def in_batches(origin: str) -> list[Figure]:
    """A refresher with 64 under way, on SQLite; two of them on PostgreSQL."""
    calls = _BATCHES * AT_ONCE
    on_files = (figure for kind in _FILES for figure in _on_a_file(kind, origin, calls))
    return [*on_files, *_on_postgres(origin, calls)]


def _on_a_file(kind: Kind, origin: str, calls: int) -> list[Figure]:
    name, out_of = f"{kind}, {AT_ONCE} at once", f"{_TURNS} turns of {calls:,} refreshes"
    turns = _Turns()
    try:
        with a_place(kind) as place:
            to_count = sum(_COUNTED_BATCHES) * AT_ONCE
            place.connect(_TURNS * calls + to_count + 8 * (_TURNS + 2) * AT_ONCE, lifetime=1)
            for _ in range(_TURNS):
                turns.add(place, "fleet", origin, calls)
            syncs, for_room = _syncs_each(place, "fleet", origin, _COUNTED_BATCHES, AT_ONCE)
    except MissingError as error:
        return [Method("", out_of).figure(name, str(error), "/s", Bound(">=", 1500))]
    counted = _counted(_COUNTED_BATCHES, f"batches of {AT_ONCE}")
    return [
        counted.figure(f"{kind}: syncs for a batch of {AT_ONCE}", syncs, "", Bound("<=", 11)),
        counted.figure(f"{kind}: further syncs, for room ahead in the journal", for_room, ""),
        *turns.figures(name, out_of, rate=1500, cpu=500),
    ]


def _on_postgres(origin: str, calls: int) -> list[Figure]:
    name, out_of = "PostgreSQL, two processes", f"{_TURNS} turns of 2 x {calls:,} refreshes"
    turns = _Turns()
    try:
        with a_place("PostgreSQL") as place:
            place.connect(2 * _TURNS * (calls + 8 * AT_ONCE), lifetime=1)
            for _ in range(_TURNS):
                turns.add(place, "fleet", origin, calls, processes=2)
    except MissingError as error:
        return [Method("", out_of).figure(name, str(error), "/s", Bound(">=", 1200))]
    return turns.figures(name, out_of, rate=1200, cpu=500)


def puts(_: str) -> list[Figure]:
    """New tokens, written by many threads at once, each durable before its thread goes on."""
    return [figure for kind in _FILES for figure in _puts(kind)]


def _puts(kind: Kind) -> list[Figure]:
    name, out_of = (
        f"{kind}: durable puts from {AT_ONCE} threads",
        f"{_TURNS} turns of {_PUT_SECONDS} s",
    )
    try:
        with a_place(kind) as place:
            syncs = Spread(tuple(sync_time(place.directory) for _ in range(_TURNS)))
            found = [_run(place, "puts", "", _PUT_SECONDS) for _ in range(_TURNS)]
    except MissingError as error:
        return [Method("", out_of).figure(name, str(error), "/s", Bound(">=", 10_000))]
    rates, cpu = (Spread(tuple(one[key] for one in found)) for key in ("rate", "cpu"))
    promised = _promised(kind, 10_000)
    bound = Bound(">=", promised) if promised and syncs.median <= QUICK else None
    return [
        _of_the_disk(kind, syncs, out_of),
        _rated("time", out_of).figure(name, rates, "/s", bound),
        _used(out_of).figure(f"{kind}: CPU for a put", cpu, "us"),
    ]


def claims(_: str) -> list[Figure]:
    """A claim of 500 out of few and many; and how much room the many take."""
    return [figure for kind in _KINDS for figure in _claims(kind)]


def _claims(kind: Kind) -> list[Figure]:
    few, many = _claim_times(kind)
    rounds = f"{_CLAIMS} claims of each, in turns"
    timed = Method("time, of accounts in random order; median", rounds)
    used = Method("CPU time; median", rounds)
    name = f"{kind}: claim of {vault_rows.CLAIMED} due"
    ratios: Found = (
        few["wall"]
        if isinstance(few["wall"], str)
        else Spread((cast("Spread", many["wall"]).median / few["wall"].median,))
    )
    return [
        _of_the_disk(name, few["sync"], f"{_TURNS} turns"),
        timed.figure(f"{name} out of {_FEW:,}", few["wall"], "ms"),
        used.figure(f"{name} out of {_FEW:,}", few["cpu"], "ms"),
        timed.figure(f"{name} out of {_MANY:,}", many["wall"], "ms", Bound("<=", 20)),
        used.figure(f"{name} out of {_MANY:,}", many["cpu"], "ms"),
        timed.figure(f"{name}, many / few", ratios, "x", Bound("<=", 1.5)),
        *_sizes(kind, many["size"]),
    ]


def _claim_times(kind: Kind) -> list[dict[str, Found]]:
    """Of few accounts and of many: the claims take turns, and so meet the same machine."""
    try:
        with a_place(kind) as place:
            urls = place.url, place.another()
            for url, count in zip(urls, (_FEW, _MANY), strict=True):
                vault_rows.load(url, count)
            sizes = [[vault_rows.size(url) / 1e9] for url in urls]
            syncs = [sync_time(place.directory) for _ in range(_TURNS)]
            found = _run(place, "claims", urls[1], _CLAIMS)
    except MissingError as error:
        return 2 * [dict.fromkeys(("wall", "cpu", "size", "sync"), str(error))]
    both = [one | {"size": size, "sync": syncs} for one, size in zip(found, sizes, strict=True)]
    return [{key: Spread(tuple(values)) for key, values in one.items()} for one in both]


def _sizes(kind: Kind, loaded: Found) -> list[Figure]:
    refreshed: Found
    try:
        with a_place(kind) as place:
            vault_rows.load(place.url, _SAMPLE)
            vault_rows.refresh_all(place.url)
            refreshed = Spread((vault_rows.size(place.url) / 1e9 * _MANY / _SAMPLE,))
    except MissingError as error:
        refreshed = str(error)
    bytes_ = Method("bytes on disk, indexes too, without timelines", f"{_MANY:,} accounts")
    sample = Method("the same of a tenth, times ten", f"{_SAMPLE:,} accounts")
    name, bound = f"{kind}: a million accounts", Bound("<=", 1.5)
    return [
        bytes_.figure(f"{name}, connected", loaded, "GB", bound),
        sample.figure(f"{name}, each refreshed", refreshed, "GB", bound),
    ]


def memory(origin: str) -> list[Figure]:
    """What a worker holds after many calls, above what it held after a thousand refreshes."""
    with a_place("SQLite") as place:
        place.connect(100)
        tokens, refreshes = _run(place, "memory", origin, _FLAT_CALLS)
    bound = Bound("<=", 1)
    return [
        Method("growth of resident memory", out_of).figure(
            f"growth over {out_of}", Spread((grown / 1024,)), "MiB", bound
        )
        for grown, out_of in (
            (tokens, f"{_WARM_CALLS:,} tokens out of memory"),
            (refreshes, f"{_FLAT_CALLS:,} refreshes"),
        )
    ]


SECTIONS = (
    ("The vault: access tokens", access_tokens),
    ("The vault: one refresh at a time", one_at_a_time),
    ("The vault: refreshes in batches", in_batches),
    ("The vault: durable puts", puts),
    ("The vault: claims and size", claims),
    ("The vault: memory", memory),
)


def main(words: Sequence[str]) -> int:
    """Print the sections whose title has one of the words in it, or all."""
    broken = False
    with running_server() as server:
        for title, measure in SECTIONS:
            if not words or any(word in title for word in words):
                figures = measure(server.plain)
                print_table(title, figures)
                broken |= any(figure.is_broken for figure in figures)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
