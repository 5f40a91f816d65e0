"""What one process counts: it hears of every call, and is told of everything else."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from tiktok_oauth.events import AttemptFailed, CallEnded
from tiktok_oauth.observe.metrics import Metrics
from tiktok_oauth.service.figures.sheets import SHOWN_FAILURES, Counts
from tiktok_oauth.service.figures.values import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.events import Event

_UNDER_WAY = 1000
_LONGEST_MESSAGE = 300


class Notes:
    """One process's counts. Safe to share between threads.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began_at = clock()
        self._metrics = Metrics()
        self._alone = threading.Lock()
        self._counters: dict[str, int] = {}
        self._failures: deque[Failure] = deque(maxlen=SHOWN_FAILURES)
        self._failing: OrderedDict[tuple[str, str], AttemptFailed] = OrderedDict()

    def hear(self, event: Event) -> None:
        """Take note of an event of any client's."""
        if type(event) is CallEnded:
            self._metrics.count(event)
            if self._failing:
                self._settle(event)
        elif type(event) is AttemptFailed:
            with self._alone:
                self._failing[event.correlation_id, event.method] = event
                # A call that was cancelled after a failed attempt never ends.
                if len(self._failing) > _UNDER_WAY:
                    self._failing.popitem(last=False)

    def count(self, name: str, more: int = 1) -> None:
        """Count something else."""
        with self._alone:
            self._counters[name] = self._counters.get(name, 0) + more

    def counts(self) -> Counts:
        """What was counted until now."""
        calls = self._metrics.tallies()
        with self._alone:
            failures = tuple(reversed(self._failures))
            return Counts(self._began_at, calls, dict(self._counters), failures)

    def _settle(self, ended: CallEnded) -> None:
        """Remember the last attempt of a call, if the call failed with it."""
        with self._alone:
            failed = self._failing.pop((ended.correlation_id, ended.method), None)
            if failed is None or ended.code is None:
                return
            self._failures.append(
                Failure(
                    at=self._clock(),
                    method=failed.method,
                    code=failed.code.value,
                    message=failed.error[:_LONGEST_MESSAGE],
                    tiktok_code=failed.tiktok_code,
                    log_id=failed.log_id,
                    correlation_id=failed.correlation_id,
                )
            )
