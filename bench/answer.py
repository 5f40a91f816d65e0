"""The constant answer: tokens of real size under the headers that TikTok was seen to send."""

from __future__ import annotations

import json

_DC = "!6431.va"
ACCESS_TOKEN = "act." + "kR7xQm2Vd9" * 6 + "b3Wz" + _DC
LIFETIME, LONG_LIFETIME = 86400, 31536000
SCOPE = "user.info.basic,video.publish,video.upload,video.list"
TOKENS = {
    "access_token": ACCESS_TOKEN,
    "expires_in": LIFETIME,
    "open_id": "-000" + "aZ4kT9wQ" * 4,
    "refresh_expires_in": LONG_LIFETIME,
    "refresh_token": "rft." + "Yc5nLp8Hs1" * 6 + "f6Gt" + _DC,
    "scope": SCOPE,
    "token_type": "Bearer",
}
BODY = json.dumps(TOKENS, separators=(",", ":")).encode()

# The headers that TikTok was seen to send, around the ones that every answer has.
_LOG_ID = "20261102103000F1C2B3A4958677F0E1D2"
_TRACE = "00-261102103000f1c2b3a4958677f0e1d2-1f2e3d4c5b6a7988-01"
HEADERS = {
    "Server": "nginx",
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": str(len(BODY)),
    "Connection": "keep-alive",
    "Date": "Mon, 02 Nov 2026 10:30:00 GMT",
    "Cache-Control": "max-age=0, no-cache, no-store",
    "Pragma": "no-cache",
    "Expires": "Mon, 02 Nov 2026 10:30:00 GMT",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": "Content-Type,Authorization",
    "Access-Control-Allow-Methods": "GET,POST,OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-tt-logid,x-tt-trace-id",
    "Server-Timing": "inner; dur=38, cdn-cache; desc=MISS, edge; dur=1, origin; dur=52",
    "X-Parent-Response-Time": "53,23.220.245.14",
    "x-origin-response-time": "52,23.220.245.14",
    "x-janus-info": "0.1",
    "x-tt-logid": _LOG_ID,
    "x-tt-origin-idc": "useast5",
    "x-tt-trace-host": "01c6a5d4" * 16,
    "x-tt-trace-id": _TRACE,
    "x-tt-trace-tag": "id=16;cdn-cache=miss;type=dyn",
}
HEAD = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
ANSWER = b"HTTP/1.1 200 OK\r\n" + HEAD + b"\r\n" + BODY

# A refresh has to bring the same person's tokens, and a new one each time: a refresh token of an
# account begins with its open_id, and its answer is the constant one with two gaps filled anew.
_LEFT, _, _REST = ANSWER.partition(str(TOKENS["open_id"]).encode())
_MIDDLE, _, _RIGHT = _REST.partition(str(TOKENS["refresh_token"]).encode())


def open_id(number: int) -> str:
    """The open_id of an account, of the usual length, in no order."""
    return f"-000{number * 0x9E3779B97F4A7C15 % 2**128:032x}"


def refresh_token(person: str, serial: int) -> str:
    """A refresh token of an account, of the usual length."""
    return f"rft.{person}{serial:012}Yc5nLp8Hs1f6GtYc{_DC}"


def refreshed(person: bytes, serial: int) -> bytes:
    """The answer to a refresh."""
    token = refresh_token(person.decode(), serial).encode()
    return b"".join((_LEFT, person, _MIDDLE, token, _RIGHT))
