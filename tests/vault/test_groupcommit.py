"""Group commit: one leads for all who wait, and nobody who is interrupted stops the others."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.vault.stores.groupcommit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Sequence


class Work:
    """Doubles numbers, and waits to be let go the first time."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        """Do a batch."""
        self.batches.append(list(items))
        self.begun.set()
        assert self.go.wait(10)
        return [item * 2 for item in items]


def test_those_who_wait_are_done_in_one_go() -> None:
    """Each gets the result of its own item."""
    work = Work()
    together = GroupCommit(work)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.do, 100)
        assert work.begun.wait(10)
        rest = [pool.submit(together.do, number) for number in range(8)]
        while together.waiting < 8:
            pass
        work.go.set()

        assert (first.result(), [done.result() for done in rest]) == (200, list(range(0, 16, 2)))
    assert [len(batch) for batch in work.batches] == [1, 8]


def test_an_error_is_everybodys() -> None:
    """Nobody waits for ever, and the next one is not hindered."""

    def fail(items: Sequence[int]) -> list[int]:
        raise ValueError(items)

    together = GroupCommit(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="1"):
            together.do(1)


@pytest.mark.slow
@pytest.mark.parametrize("others", [0, 3])
def test_whoever_is_interrupted_while_waiting_stops_nobody(others: int) -> None:
    """Its item is not done, and the others are led by the next."""
    work = Work()
    together = GroupCommit(work)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while together.waiting < others + 1:
            pass
        # A signal that comes just before a thread begins to wait does not end the wait.
        while together.waiting > others:
            signal.pthread_kill(main, signal.SIGINT)
            time.sleep(0.05)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together.do, 100)
        assert work.begun.wait(10)
        rest = [pool.submit(together.do, number) for number in range(others)]
        interrupting = pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            together.do(7)
        interrupting.result()
        work.go.set()

        assert (first.result(), [done.result() for done in rest]) == (
            200,
            [number * 2 for number in range(others)],
        )
    assert together.do(5) == 10
    assert all(7 not in batch for batch in work.batches)
