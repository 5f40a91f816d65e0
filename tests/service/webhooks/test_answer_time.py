"""How long TikTok waits for an answer."""

from __future__ import annotations

import http.client
import time
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.service.site import served
from tests.service.webhooks.signed import PATH, event, signature
from tiktok_oauth import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.bench
_ROUNDS, _COUNT = 3, 100
_BOUND, _WORK = 0.050, 0.010


def test_a_webhook_is_answered_within_fifty_milliseconds(tmp_path: Path) -> None:
    """New ones, over HTTP, each durable on SQLite before it is answered.

    Of three rounds the best one counts: whatever else the machine does only adds. It takes a
    fifth of that in work, that of sender, database and sandbox included.
    """
    with Sandbox() as sandbox, served(sandbox, tmp_path) as office:
        place = urlsplit(office.settings.public_url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        began = time.process_time()
        medians = [
            median(timed(connection, event(f"person-{n}-{number}")) for number in range(_COUNT))
            for n in range(_ROUNDS)
        ]
        work = (time.process_time() - began) / (_ROUNDS * _COUNT)
        connection.close()

    assert min(medians) <= _BOUND
    assert work <= _WORK


def timed(connection: http.client.HTTPConnection, body: bytes) -> float:
    """Seconds until a webhook is answered with 200."""
    headers = {"TikTok-Signature": signature(body), "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    answer.read()

    assert answer.status == 200
    return time.perf_counter() - began
