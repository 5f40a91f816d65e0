"""The sandbox's clock: announced on every answer, moved, and run faster than the machine's."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.pace import FASTEST, Pace
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.sandbox.state import import_world
from tiktok_oauth.sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_000_000.0


class Machine:
    """A machine's clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        """Return the time."""
        return self.time


@pytest.fixture
def machine() -> Machine:
    """The clock of the machine."""
    return Machine()


def test_a_fast_clock_plays_a_month_in_ten_minutes(machine: Machine) -> None:
    """Access tokens age by it, and moving it works as ever."""
    sandbox = Sandbox(seed=1, clock=machine, clock_rate=4_320)
    tokens = sandbox.grant()
    machine.time += 600

    assert sandbox.now() == NOW + 30 * 86_400
    sandbox.advance(60)
    assert sandbox.now() == NOW + 30 * 86_400 + 60
    assert sandbox.world.bearer(sandbox.now(), tokens.access_token) is None


def test_every_answer_announces_time_and_rate(machine: Machine) -> None:
    """So that between two answers a process can go on counting by itself."""
    sandbox = Sandbox(clock=machine)
    before = dict(sandbox.respond(Call("GET", "/v2/user/info/")).headers)
    sandbox.run_clock(4_320)
    machine.time += 1
    after = dict(sandbox.respond(Call("GET", "/_sandbox/clock")).headers)

    announced = (b"x-sandbox-time", b"x-sandbox-clock-rate")
    assert [before[name] for name in announced] == [b"1795000000", b"1"]
    assert [after[name] for name in announced] == [b"1795004320", b"4320"]


def test_the_rate_can_be_changed_and_no_time_is_lost(machine: Machine) -> None:
    """It counts from then on; the clock does not jump."""
    sandbox = Sandbox(clock=machine, clock_rate=10)
    machine.time += 5
    sandbox.run_clock(1)
    machine.time += 5

    assert sandbox.now() == NOW + 55
    assert sandbox.live.ahead == 45


@pytest.mark.parametrize("rate", [0, 0.5, -1, FASTEST + 1, float("nan")])
def test_a_rate_that_makes_no_sense_is_refused(rate: float) -> None:
    """The clock never falls behind the machine's."""
    with pytest.raises(ValidationError):
        Pace().at_rate(rate, NOW)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6), st.one_of(st.none(), st.floats(1, FASTEST)), st.floats(0, 1e6)
        ),
        max_size=9,
    )
)
def test_the_clock_never_goes_back(steps: list[tuple[float, float | None, float]]) -> None:
    """However it is moved and whatever its rate becomes."""
    machine, pace, latest = NOW, Pace(since=NOW), 0.0
    for passed, rate, moved in steps:
        machine += passed
        assert machine + pace.ahead(machine) >= latest
        pace = pace if rate is None else pace.at_rate(rate, machine)
        pace = replace(pace, offset=pace.offset + moved)
        latest = machine + pace.ahead(machine) - 1e-3


def test_a_fast_clock_ends_within_the_calendar(machine: Machine) -> None:
    """A year at full speed stops at a thousand years."""
    sandbox = Sandbox(clock=machine, clock_rate=FASTEST)
    machine.time += 31_536_000

    answer = sandbox.respond(Call("GET", "/v2/user/info/"))

    assert answer.status == 401
    assert sandbox.live.ahead == 31_557_600_000


@pytest.mark.slow
def test_a_world_in_a_file_goes_on_as_the_machine_does(tmp_path: Path, machine: Machine) -> None:
    """Where it had got to is kept, and its rate; nothing races while it lies there."""
    file = tmp_path / "world.json"
    with Sandbox(state=file, clock=machine, clock_rate=100):
        machine.time += 10
    machine.time += 50
    with Sandbox(state=file, clock=machine) as again:
        assert again.now() == NOW + 1_050
        machine.time += 1
        assert again.now() == NOW + 1_150


def test_an_older_file_has_no_rate() -> None:
    """Its clock runs as the machine's."""
    exported = Sandbox(seed=1).export_state().replace(b'"rate":1.0,', b"")

    assert import_world(exported)[0].pace == World(random.Random(1)).pace  # noqa: S311 - a toy world


@pytest.mark.slow
def test_webhooks_come_as_fast_as_the_clock_runs() -> None:
    """The second attempt, a minute later, is there within a second."""
    times: list[int] = []
    done = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            times.append(int(self.headers["X-Sandbox-Time"]))
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500 if len(times) == 1 else 200)
            self.end_headers()
            if len(times) == 2:
                done.set()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server, Sandbox(clock_rate=1_000) as sandbox:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        sandbox.add_app(replace(DEFAULT_APP, webhook_url=url))
        sandbox.send_webhook()
        came = done.wait(10)
        server.shutdown()

    assert came
    assert times[1] - times[0] >= 60
