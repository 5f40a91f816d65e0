"""Answers that are nearly right: recorded samples broken in the ways the wire breaks them."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from tests.protocol.answers import TICKET
from tests.protocol.samples import SAMPLES
from tiktok_oauth.protocol.http import HttpResponse

RECORDED = [sample.raw for sample in SAMPLES if sample.body is not None]
CONFIRMED = {"status": "confirmed", "client_ticket": TICKET, "redirect_uri": "https://a?code=c"}
BODIES = [*RECORDED, json.dumps(CONFIRMED).encode()]
OBJECTS: list[dict[str, Any]] = [json.loads(body) for body in BODIES]


def _names(value: object) -> set[str]:
    if not isinstance(value, dict):
        return set()
    return set(value).union(*(_names(held) for held in value.values()))


NAMES = sorted(set[str]().union(*(_names(body) for body in OBJECTS)))
DROPPED = object()
ODD_VALUES = st.sampled_from(
    [
        *(DROPPED, DROPPED, DROPPED, DROPPED),
        *(None, True, False, 0, -1, 1, 7200, 2**31, 2**53 + 1, 2**64, 10**40, 0.5, -0.0, 1e308),
        *("", " ", "ok", "x", "5", "\x00", "\n", "\u202e", "é", "😀", "a\r\nSet-Cookie: x"),
        *("invalid_grant", "access_token_invalid", "scope_not_authorized", "server_error"),
        *("confirmed", TICKET, "https://a.example?code=c&state=s", "https://[", "x" * 5000),
        *([], [[]], [None], {}, {"code": "ok"}, {"code": 1}, {"error": {}}, {"": ""}),
    ]
)
# Spellings that no encoder of ours writes: each stands for a value in the raw text.
RAW_VALUES = [
    *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\u0000"', rb'"\x"', b'"\xff"', b'"\xed\xa0\x80"'),
    *(b"NaN", b"-Infinity", b"1e999", b"-0", b"01", b"1.", b"+1", b"9" * 400, b"1" + b"0" * 5000),
    *(b"[" * 10_000, b'{"a":' * 10_000, b"[" * 500 + b"]" * 500, b"'x'", b"tru", b"", b"{}{}"),
    *(b'{"code":"ok","code":"invalid_grant"}', b'"\xf4\x90\x80\x80"', b"\xef\xbb\xbf1", b"/**/1"),
]
HEADERS: list[dict[str, str]] = [
    *({}, {}, {}, {"x-tt-logid": "20260827204430ABCDEF0123456789ABCD"}),
    *({"x-tt-logid": "é\r\n"}, {"content-encoding": "identity"}, {"content-encoding": "br"}),
    {"content-encoding": "", "x-tt-logid": "", "retry-after": "1"},
]
STATUSES = [200, 200, 200, 204, 302, 400, 401, 403, 404, 429, 500, 503, 599]
# One draw instead of three: what an example costs is its draws.
FRAMES = st.sampled_from(
    [(status, headers, False) for status in STATUSES for headers in HEADERS]
    + [(status, {}, True) for status in STATUSES]
)


def broken_object(body: dict[str, Any], changes: list[tuple[str, object]]) -> bytes:
    """A recorded object with some fields set to something odd, or dropped."""
    changed = copy.deepcopy(body)
    for name, value in changes:
        inner = next((held for held in changed.values() if isinstance(held, dict)), changed)
        target = inner if name in inner else changed
        if value is DROPPED:
            target.pop(name, None)
        else:
            target[name] = copy.deepcopy(value)
    return json.dumps(changed).encode()


def broken_bytes(body: bytes, at: float, noise: bytes) -> bytes:
    """A recorded body with some bytes in the middle replaced, or cut off behind them."""
    place = int(at * len(body))
    tail = b"" if len(noise) % 2 else body[place + len(noise) :]
    return body[:place] + noise + tail


def raw_value(body: bytes, at: float, value: bytes) -> bytes:
    """A recorded body that holds, in some field, a value no encoder of ours writes."""
    colon = body.find(b":", int(at * len(body)))
    return body[: colon + 1] + value + b"}"


PLACES = st.floats(0, 1, exclude_max=True)
CHANGES = st.lists(st.tuples(st.sampled_from(NAMES), ODD_VALUES), min_size=1, max_size=3)
ANY_BODY = st.one_of(
    st.binary(max_size=60),
    st.builds(broken_object, st.sampled_from(OBJECTS), CHANGES),
    st.builds(broken_bytes, st.sampled_from(BODIES), PLACES, st.binary(max_size=4)),
    st.builds(raw_value, st.sampled_from(BODIES), PLACES, st.sampled_from(RAW_VALUES)),
)
ANSWERS = st.builds(
    lambda frame, body: HttpResponse(frame[0], frame[1], body, frame[2]), FRAMES, ANY_BODY
)
