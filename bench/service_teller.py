"""Tells the service of people who took their permission back, one after the other, as TikTok does.

python service_teller.py PORT FIRST COUNT

Prints in how many milliseconds each was answered as JSON.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import sys
import time

from answer import open_id
from machine import put_on_core
from subjects import KEY, SECRET


def _removal(number: int) -> tuple[bytes, dict[str, str]]:
    """A webhook and its headers."""
    now = int(time.time())
    fields = {
        "client_key": KEY,
        "event": "authorization.removed",
        "create_time": now + 1,
        "user_openid": open_id(number),
        "content": '{"reason": 1}',
    }
    body = json.dumps(fields).encode()
    signature = hmac.new(SECRET.encode(), b"%d." % now + body, hashlib.sha256).hexdigest()
    return body, {"TikTok-Signature": f"t={now},s={signature}"}


def main(port: int, first: int, count: int) -> None:
    """Tell of so many people."""
    put_on_core(0, -1)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for number in range(first, first + count):
        body, headers = _removal(number)
        began = time.perf_counter()
        connection.request("POST", "/webhooks/tiktok", body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append(1e3 * (time.perf_counter() - began))
        if answer.status != http.client.OK:
            message = f"a webhook was answered with {answer.status}"
            raise SystemExit(message)
    print(json.dumps(took))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
