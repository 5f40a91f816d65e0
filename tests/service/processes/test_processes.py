"""A service of several processes: what survives when one of them is killed."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.service.processes.running import (
    Running,
    command_of,
    memory_of,
    running,
    until,
)
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]
HOUR = 3_600.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a port of its own."""
    with Sandbox(seed=1) as box:
        yield box


@pytest.fixture
def service(tmp_path: Path, sandbox: Sandbox) -> Iterator[Running]:
    """A service with two web workers."""
    with running(tmp_path, sandbox, "--workers", "2") as found:
        yield found


def test_two_workers_share_everything(service: Running) -> None:
    """An account that one worker connected is known to all, whichever answers."""
    open_id = service.connect()

    answers = [service.api("GET", f"/accounts/{open_id}/token") for _ in range(10)]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert len(service.children("worker")) == 2


def test_a_dead_token_is_refreshed_by_the_airlock(service: Running, sandbox: Sandbox) -> None:
    """A worker, which opens no refresh token, still hands out a fresh access token."""
    open_id = service.connect()
    before = service.api("GET", f"/accounts/{open_id}/token").json()["access_token"]
    sandbox.advance(30 * HOUR)

    def is_fresh() -> bool:
        answer = service.api("GET", f"/accounts/{open_id}/token")
        assert answer.status_code == 200
        return bool(answer.json()["access_token"] != before)

    until(is_fresh)
    assert service.still_holds(open_id)


def test_a_login_survives_the_death_of_its_worker(service: Running, sandbox: Sandbox) -> None:
    """A person who left by a worker that was killed comes back to another one."""
    cookies, consent = service.leave()
    service.kill("worker")
    until(lambda: len(service.lines("web worker is at work again")) == 2)

    status = service.come_back(sandbox.authorize(consent), cookies)

    assert status == 303
    assert service.api("GET", "/accounts").json()["accounts"][0]["status"] == "active"


def test_a_refresh_survives_the_death_of_who_asked(service: Running, sandbox: Sandbox) -> None:
    """A worker that is killed while it waits for a refresh costs nobody a token."""
    open_id = service.connect()
    sandbox.advance(30 * HOUR)
    sandbox.fault("slow", endpoint="refresh", seconds=2)
    asking = threading.Thread(target=_ask, args=(service, open_id))
    asking.start()
    until(lambda: any(call.endpoint == "refresh" for call in sandbox.requests()))
    service.kill("worker")
    until(lambda: len(service.lines("web worker is at work again")) == 2)

    asking.join()
    sandbox.clear_faults()

    until(lambda: service.api("GET", f"/accounts/{open_id}/token").status_code == 200)
    assert service.still_holds(open_id)


def test_the_airlock_comes_back(service: Running, sandbox: Sandbox) -> None:
    """Killed in the middle of nothing or of a login, it is started again, and finishes logins."""
    cookies, consent = service.leave()
    service.kill("airlock")

    status = service.come_back(sandbox.authorize(consent), cookies)

    assert status == 303
    assert service.lines("airlock was killed by signal 9")
    assert service.children("airlock")


def test_a_stop_waits_for_what_is_under_way(service: Running, sandbox: Sandbox) -> None:
    """SIGTERM in the middle of a login and a refresh: both end well, and the status is 0."""
    cookies, consent = service.leave()
    sandbox.fault("slow", endpoint="token", seconds=1)
    callback = sandbox.authorize(consent)
    answers: list[int] = []
    coming = threading.Thread(target=lambda: answers.append(service.come_back(callback, cookies)))
    coming.start()
    until(lambda: any(call.endpoint == "exchange" for call in sandbox.requests()))

    status = service.stop()
    coming.join()

    assert status == 0
    assert answers == [303]


def test_a_worker_has_no_key_that_opens_refresh_tokens(service: Running) -> None:
    """The whole key is in the airlock's memory, and nowhere in a worker's (T-46)."""
    service.connect()
    key = service.whole_key()

    assert key in memory_of(service.children("airlock")[0])
    for worker in service.children("worker"):
        assert key not in memory_of(worker)
        assert b"TIKTOK_" not in Path(f"/proc/{worker}/environ").read_bytes()
        assert service.sandbox.client_secret not in command_of(worker)


def test_nobody_is_left_when_the_supervisor_dies(service: Running) -> None:
    """Children hear that their supervisor is gone, and end."""
    children = service.children("tiktok_oauth.service")
    assert len(children) == 3
    service.process.send_signal(signal.SIGKILL)
    service.process.wait()

    until(lambda: not any(_is_alive(pid) for pid in children))


def _ask(service: Running, open_id: str) -> None:
    with suppress(httpx2.TransportError):  # Its worker is killed.
        service.api("GET", f"/accounts/{open_id}/token")


def _is_alive(pid: int) -> bool:
    try:
        return bool(command_of(pid))
    except FileNotFoundError:
        return False
