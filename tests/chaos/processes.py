"""Processes that work until somebody kills them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_END = 120.0


@dataclass(frozen=True, slots=True)
class Process:
    """A forked process, seen from outside."""

    pid: int

    def kill(self) -> None:
        """Kill it at once, and bury it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def ask_to_stop(self) -> None:
        """Let it end by itself."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> None:
        """Wait until it has ended.

        Raises:
            RuntimeError: it failed, or does not end.
        """
        end = time.monotonic() + _LONGEST_END
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                # It may have been asked before it was ready to be.
                if status not in {0, signal.SIGTERM}:
                    message = "A process ended by itself."
                    raise RuntimeError(message)
                return
            time.sleep(0.01)
        self.kill()
        message = "A process did not end."
        raise RuntimeError(message)


def spawn(work: Callable[[threading.Event], None]) -> Process:
    """Fork a process that works until the event it is given is set, which SIGTERM does."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return Process(pid)
    status = 1
    try:
        over = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: over.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        work(over)
        status = 0
    except BaseException as error:  # noqa: BLE001 - it must never return into the parent's code
        sys.stderr.write(f"A process failed by itself: {error!r}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)
