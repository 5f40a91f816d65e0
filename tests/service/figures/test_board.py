"""The board: many processes, one set of figures that never fall back."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth import Progress
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import AttemptFailed, CallEnded
from tiktok_oauth.observe.listeners import tell
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.files import HISTORY, BoardFiles
from tiktok_oauth.service.figures.shape import as_json
from tiktok_oauth.service.figures.values import Census, Limits, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMITS = Limits(timeout=7.0, attempts=2, cache_ttl=60.0)
CANARY = "act.canary-secret-4711"


class Clock:
    """Unix seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """One clock for all boards of a test."""
    return Clock()


@pytest.fixture
def board(tmp_path: Path, clock: Clock) -> Iterator[Board]:
    """A web worker's board, which nobody has started."""
    made = Board(tmp_path / "board", "web", limits=LIMITS, clock=clock)
    yield made
    made.close()


def call(method: str = "get_user_info", *, seconds: float = 0.1, log_id: str | None = None) -> None:
    """One call as a client reports it; it fails when there is a log ID."""
    code = None
    if log_id is not None:
        code = TikTokErrorCode.API_ERROR
        for attempt in (1, 2):
            told = (method, "id-1", "Broken.", code, True, attempt, 2, "", log_id, "internal_error")
            tell(AttemptFailed(*told))
    tell(CallEnded(method, "id-1", seconds, 1 if code is None else 2, code))


def test_calls_of_any_client_are_counted_until_the_board_closes(board: Board) -> None:
    """In all and by method, as a client's own metrics are."""
    call(seconds=0.2)
    call("refresh_access_token", seconds=0.4)
    board.publish()
    calls = board.figures().calls

    assert (calls.requests, calls.success_rate) == (2, 1.0)
    assert calls.average_ms == pytest.approx(300)
    assert {name: method.requests for name, method in calls.methods.items()} == {
        "get_user_info": 1,
        "refresh_access_token": 1,
    }


def test_a_failed_call_is_kept_once_with_what_tiktok_called_it(board: Board, clock: Clock) -> None:
    """However many attempts it had; the newest first."""
    call(log_id="2026-first")
    clock.now += 1
    call(log_id="2026-second")
    board.publish()
    failures = board.figures().failures

    assert [(f.at, f.log_id) for f in failures] == [
        (clock.now, "2026-second"),
        (clock.now - 1, "2026-first"),
    ]
    assert (failures[0].code, failures[0].tiktok_code, failures[0].correlation_id) == (
        "API_ERROR",
        "internal_error",
        "id-1",
    )


def test_what_a_closed_process_has_counted_stays(tmp_path: Path, clock: Clock) -> None:
    """The next one adds to it, whether or not the board was tidied in between."""
    sums = []
    for _ in range(3):
        one = Board(tmp_path, "web", limits=LIMITS, clock=clock)
        one.count("webhooks_accepted", 5)
        one.publish()
        sums.append(one.figures().counters["webhooks_accepted"])
        clock.now += 10
        one.close()

    assert sums == [5, 10, 15]


def test_the_refreshers_counts_outlive_it_and_its_state_does_not(
    tmp_path: Path, clock: Clock, board: Board
) -> None:
    """A new one adds to what the old one has refreshed."""
    for refreshed in (3, 4):
        made = partial(Progress, clock.now, refreshed=refreshed, rate=12.0, breaker="open")
        airlock = Board(tmp_path / "board", "airlock", limits=LIMITS, clock=clock, progress=made)
        airlock.publish()
        running = board.totals().figures()
        airlock.close()
        clock.now += 10
    board.publish()
    gone = board.figures()

    assert (running.refresher, running.is_refreshing) == (
        Progress(clock.now - 10, refreshed=7, rate=12.0, breaker="open"),
        True,
    )
    assert gone.refresher is not None
    assert (gone.refresher.refreshed, gone.refresher.rate, gone.is_refreshing) == (7, 0.0, False)


def test_one_process_keeps_the_board_and_another_one_takes_over(
    tmp_path: Path, clock: Clock
) -> None:
    """There is one line a second in the history, whoever writes it."""
    boards = [Board(tmp_path, "web", limits=LIMITS, clock=clock) for _ in range(3)]
    for _ in range(5):
        clock.now += 1
        for one in boards:
            one.publish()
    boards[0].close()
    for _ in range(5):
        clock.now += 1
        for one in boards[1:]:
            one.publish()
    times = [sample.at for sample in boards[1].history()]
    for one in boards[1:]:
        one.close()

    assert times == sorted(set(times))
    assert len(times) == 4 + 4


def test_samples_hold_what_came_in_their_second(board: Board, clock: Clock) -> None:
    """Errors of one second, requests a second of the last three, percentiles of the last ten."""
    board.publish()
    for seconds in (0.1, 0.2, 0.4):
        clock.now += 1
        call(seconds=seconds)
        if seconds == 0.4:
            call(seconds=seconds, log_id="2026")
        board.publish()
    samples = board.history()

    assert [(s.requests, s.errors, s.retries) for s in samples] == [
        (1, {}, 0),
        (1, {}, 0),
        (1.33, {"API_ERROR": 1}, 1),
    ]
    assert [s.p50_ms for s in samples] == pytest.approx([100, 100, 200], rel=0.02)
    assert samples[-1].p99_ms == pytest.approx(400, rel=0.02)


def test_a_steady_load_draws_a_steady_line(tmp_path: Path, clock: Clock, board: Board) -> None:
    """Whether a process writes just before it is looked at, just after, or late."""
    late = Board(tmp_path / "board", "web", limits=LIMITS, clock=clock)
    begins = int(clock.now)
    for tenth in range(120):
        clock.now = begins + tenth / 10
        call()
        second = tenth // 10
        if tenth % 10 == (9 if second % 2 else 0):
            late.publish()
        if tenth % 10 == 5:
            board.publish()
    steady = {sample.requests for sample in board.history()[3:]}
    late.close()

    assert steady == {20.0}


def test_the_latency_of_a_sample_is_tiktoks(board: Board, clock: Clock) -> None:
    """Calls that ask nobody would make it look quick; they count as calls all the same."""
    board.publish()
    clock.now += 1
    call("get_authorization_url", seconds=0.0001)
    board.publish()
    clock.now += 1
    call(seconds=0.2)
    call("get_authorization_url", seconds=0.0001)
    board.publish()
    quiet, asked = board.history()

    assert (quiet.requests, quiet.p50_ms, asked.requests) == (1, 0.0, 1.5)
    assert asked.p50_ms == pytest.approx(200, rel=0.02)


@pytest.mark.slow
def test_the_history_keeps_ten_minutes_and_not_much_more(tmp_path: Path) -> None:
    """Two files at most, each of ten minutes."""
    files = BoardFiles(tmp_path)
    for second in range(3 * HISTORY + 5):
        files.append(Sample(float(second), 0, {}, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0.0, ""))
    last = [sample.at for sample in files.history(3.0 * HISTORY + 4 - HISTORY)]
    files.leave()

    assert last == [float(second) for second in range(2 * HISTORY + 5, 3 * HISTORY + 5)]
    lines = {p.name: len(p.read_bytes().splitlines()) for p in tmp_path.glob("history*")}
    assert lines == {"history": 5, "history.old": HISTORY}


def test_half_a_line_and_half_a_file_are_left_out(tmp_path: Path, board: Board) -> None:
    """What a killed process has left breaks nothing."""
    board.publish()
    folder = tmp_path / "board"
    (folder / "history").write_bytes(b'{"at": 1')
    (folder / "sheet-web-1-dead").write_bytes(b"{")

    assert board.history() == []
    assert board.figures().processes == {"web": 1}


def test_a_process_that_says_nothing_counts_as_gone(board: Board, clock: Clock) -> None:
    """Its counts stay, it is no longer among those that run."""
    board.count("webhooks_accepted")
    board.publish()
    clock.now += 60
    figures = board.figures()

    assert figures.processes == {}
    assert figures.counters == {"webhooks_accepted": 1}


def test_the_census_is_taken_in_a_thread_and_shown(tmp_path: Path, clock: Clock) -> None:
    """By the keeper, for everybody."""
    census = Census(clock.now, {"active": 3}, 1, 2.5, (0,) * 96)
    taker = Board(tmp_path, "web", limits=LIMITS, clock=clock, census=lambda: census)
    taker.publish()
    taker.close()
    clock.now += 1
    reader = Board(tmp_path, "web", limits=LIMITS, clock=clock)
    found = reader.totals().sheets
    reader.close()

    assert [sheet.census for sheet in found] == [census]


def test_files_are_private_and_hold_no_secret(tmp_path: Path, board: Board) -> None:
    """Mode 0600 in a directory of 0700; of a call they hold what its log line does."""
    call(log_id="2026")
    board.publish()
    folder = tmp_path / "board"

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_the_figures_are_json(board: Board) -> None:
    """Plain types all the way down, rates and percentiles by method."""
    call(log_id="2026")
    board.publish()
    shown = as_json(board.figures(), board.history())

    assert shown["limits"] == {"timeout": 7.0, "attempts": 2, "cache_ttl": 60.0}
    calls = shown["calls"]
    assert isinstance(calls, dict)
    assert calls["errors"] == {"API_ERROR": 1}
    assert calls["methods"]["get_user_info"]["retries"] == 1


_VICTIM = """
import sys
from pathlib import Path
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.values import Limits

board = Board(Path(sys.argv[1]), "web", limits=Limits())
board.count("webhooks_accepted", 7)
board.publish()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_a_killed_process_leaves_its_counts_and_nothing_else(tmp_path: Path, clock: Clock) -> None:
    """After kill -9 its lock falls, the keeper adds its counts up, and its files are gone."""
    board = Board(tmp_path, "web", limits=LIMITS, clock=clock)
    board.publish()
    for _ in range(3):
        with subprocess.Popen(  # noqa: S603 - runs Python with arguments of its own
            [sys.executable, "-c", _VICTIM, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as victim:
            assert victim.stdout is not None
            assert victim.stdout.readline() == b"ready\n"
            os.kill(victim.pid, signal.SIGKILL)
    clock.now += 10
    board.publish()
    board.close()
    left = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    reader = BoardFiles(tmp_path)

    assert reader.read(0.0).counts.counters == {"webhooks_accepted": 21}
    assert left == ["alive", "departed", "history", "keeper", "reading", "sheet"]
