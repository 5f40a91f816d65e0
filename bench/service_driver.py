"""Asks for tokens, 64 requests under way all the time, and prints what came as JSON.

python service_driver.py PORT KEY CALLS PEOPLE AT_ONCE
"""

from __future__ import annotations

import json
import os
import random
import re
import selectors
import socket
import sys
import time
from typing import cast

from answer import open_id
from machine import put_on_core

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_ENOUGH = 64 * 1024


def _requests(port: int, key: str, people: int) -> list[bytes]:
    """A request for each of some people, in no order."""
    prefix = "" if key == "-" else "/api/v1"
    dice = random.Random(1)  # noqa: S311 - the same in every run
    return [
        (
            f"GET {prefix}/accounts/{open_id(number)}/token HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
            "Accept: application/json\r\nUser-Agent: bench\r\n\r\n"
        ).encode()
        for number in dice.sample(range(people), people)
    ]


class _Line:
    """One connection with a request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._received = bytearray()
        self._sent = 0.0

    def ask(self, request: bytes) -> None:
        """Send the next request."""
        self._sent = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> tuple[float, bool] | None:
        """How long the answer took and whether it was a token, once it is there."""
        self._received += self.socket.recv(_ENOUGH)
        head, end, body = bytes(self._received).partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return None
        self._received.clear()
        return time.perf_counter() - self._sent, b'"access_token":' in body.replace(b": ", b":")


def main(port: int, key: str, calls: int, people: int, at_once: int) -> None:
    """Ask so many times."""
    put_on_core(os.getpid(), -1)
    requests = _requests(port, key, people)
    took: list[float] = []
    wrong = asked = 0
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for asked in range(at_once):
            line = _Line(port)
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.ask(requests[asked % people])
        asked = at_once
        while len(took) < calls:
            for found, _ in selector.select():
                line = cast("_Line", found.data)
                answer = line.answered()
                if answer is None:
                    continue
                took.append(answer[0])
                wrong += not answer[1]
                if asked < calls:
                    line.ask(requests[asked % people])
                    asked += 1
    seconds = time.perf_counter() - began
    took.sort()
    slowest = took[min(len(took) - 1, len(took) * 99 // 100)]
    print(json.dumps({"rate": calls / seconds, "p99": 1e3 * slowest, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
