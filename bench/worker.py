"""One subject in a process of its own: reads ``at_once calls`` lines, answers with figures.

Every line is answered with one JSON object. Calls before the measured ones open connections
and fill caches, and are not counted.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from subjects import SUBJECTS, Awaiting, Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _peak_kib() -> int | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0])


def _answer(cpu: float, wall: float, calls: int) -> None:
    print(json.dumps({"cpu": cpu, "wall": wall, "calls": calls, "peak": _peak_kib()}), flush=True)


def _block(call: Callable[[], object]) -> None:
    for line in sys.stdin:
        calls = int(line.split()[1])
        call()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        _answer(time.process_time() - cpu, time.perf_counter() - wall, calls)


async def _together(call: Callable[[], Awaitable[object]], at_once: int, each: int) -> None:
    async def one_after_another() -> None:
        for _ in range(each):
            await call()

    if at_once == 1:
        await one_after_another()
    else:
        await asyncio.gather(*(one_after_another() for _ in range(at_once)))


async def _await(make: Callable[[Target], Callable[[], Awaitable[object]]], target: Target) -> None:
    call = make(target)
    # Nothing else lives on this loop, so it may stand still while we wait for a line.
    for line in sys.stdin:
        at_once, calls = map(int, line.split())
        each = max(1, calls // at_once)
        await _together(call, at_once, 1)
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        await _together(call, at_once, each)
        _answer(time.process_time() - cpu, time.perf_counter() - wall, at_once * each)


def main(name: str, origin: str, ca_file: str | None = None) -> None:
    """Serve lines until standard input closes."""
    subject, target = SUBJECTS[name], Target(origin, ca_file)
    if isinstance(subject, Awaiting):
        asyncio.run(_await(subject.make, target))
    else:
        _block(subject.make(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
