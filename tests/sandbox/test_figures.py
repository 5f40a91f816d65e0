"""How fast, and how small: measured in processes of their own."""

from __future__ import annotations

import http.client
import json
import resource
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.sandbox.visitor import DEFAULT_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.bench

MEMORY = """
import random, resource
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, Person
from tiktok_oauth.sandbox.world import Consent, World

world = World(random.Random(1))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for number in range(200_000):
    one = f"p{number}"
    world.people[one] = Person(one, f"Person {number}", one)
    world.begin_grant(0.0, Consent(DEFAULT_APP.client_key, one, ("video.list",), None))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def seconds_of_a_server(work: Callable[[str], None]) -> float:
    """Return the CPU time of a sandbox's whole life, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "tiktok_oauth", "sandbox", "--port", "0", "--rotation=none"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        work(process.stdout.readline().partition("is ready: ")[2].strip())
        process.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def refresh_often(url: str, times: int) -> None:
    """Refresh over one connection, as fast as it goes."""
    json_type = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"{url}/_sandbox/grants", b"{}", json_type)  # noqa: S310 - ours
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - our own address
        token = json.load(answer)["refresh_token"]
    form = {**DEFAULT_KEYS, "grant_type": "refresh_token", "refresh_token": token}
    body, headers = urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    for _ in range(times):
        connection.request("POST", "/v2/oauth/token/", body, headers)
        assert b"access_token" in connection.getresponse().read()
    connection.close()


_FLOOR = 2_500


def test_one_core_answers_thousands_of_token_requests_a_second() -> None:
    """By the CPU time of the server's process, over HTTP: the best of five, on a busy machine.

    A quiet core makes 4,000 to 5,800; this is the floor that a busy one must not fall through.
    """
    idle = min(seconds_of_a_server(lambda _: None) for _ in range(2))
    best = 0.0
    for _ in range(5):
        busy = seconds_of_a_server(lambda url: refresh_often(url, 4_000))
        best = max(best, 4_000 / (busy - idle))
        if best >= _FLOOR:
            break

    assert best >= _FLOOR


def test_a_million_grants_fit_into_a_gigabyte() -> None:
    """Of a million people: measured with a fifth of them, since each takes the same."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", MEMORY], capture_output=True, check=True, text=True
    )

    kilobytes = int(done.stdout) if sys.platform != "darwin" else int(done.stdout) // 1_024
    assert kilobytes * 5 <= 1_000_000
