"""CPU time per call: subjects in processes of their own, taking turns round after round."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, cast

from figures import Found, Spread
from machine import measured_environment, put_on_core

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, slots=True)
class Load:
    """What one turn of a subject is.

    Attributes:
        subject: its name.
        origin: where its calls go.
        ca_file: the authority to trust there.
        at_once: calls in flight.
        calls: calls in a turn.
    """

    subject: str
    origin: str
    ca_file: str | None = None
    at_once: int = 1
    calls: int = 300


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn took: seconds of CPU and of time for so many calls, and peak memory in KiB."""

    cpu: float
    wall: float
    calls: int
    peak: int | None


class Worker:
    """A running subject. It shares the first core with the others and never runs beside them."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.failure = ""
        command = [sys.executable, str(_WORKER), load.subject, load.origin]
        self._process = subprocess.Popen(
            [*command, load.ca_file] if load.ca_file else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=measured_environment(),
        )
        put_on_core(self._process.pid, 0)

    def turn(self, calls: int | None = None) -> Turn | None:
        """Run once; None when the subject has failed."""
        stdin = cast("IO[str]", self._process.stdin)
        stdout = cast("IO[str]", self._process.stdout)
        with contextlib.suppress(BrokenPipeError):
            stdin.write(f"{self.load.at_once} {calls or self.load.calls}\n")
            stdin.flush()
        line = stdout.readline()
        return Turn(**json.loads(line)) if line else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            errors = self._process.communicate()[1]
            if self._process.returncode:
                self.failure = (errors.strip().splitlines() or ["it failed"])[-1]


def measure_rounds(loads: Sequence[Load], rounds: int) -> list[Found]:
    """CPU time per call in microseconds, by round; a sentence for a subject that failed."""
    turns: list[list[float]] = [[] for _ in loads]
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(load)) for load in loads]
        for _ in range(rounds):
            for worker, values in zip(workers, turns, strict=True):
                turn = worker.turn()
                if turn is not None:
                    values.append(1e6 * turn.cpu / turn.calls)
    return [
        worker.failure or Spread(tuple(values))
        for worker, values in zip(workers, turns, strict=True)
    ]
