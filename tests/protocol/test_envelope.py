"""Answers in no known shape, log IDs, foreign text and Retry-After."""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.answers import (
    ACCESS,
    LOG_ID,
    STATE,
    TICKET,
    TOKENS,
    answer,
    data_error,
    facts,
    oauth_error,
    refused,
)
from tests.protocol.contract import EXPIRED, RATE, SERVER, UNKNOWN_SUCCESS
from tiktok_oauth.protocol import data, qr, token
from tiktok_oauth.protocol.envelope import clean, parse_retry_after
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.protocol.http import HttpResponse

PARSERS: dict[str, Callable[[HttpResponse], object]] = {
    "exchange": token.parse_tokens,
    "refresh": partial(token.parse_refresh, sent=Secret("rft.sent")),
    "client token": token.parse_client_token,
    "revoke": token.parse_revoke,
    "user info": data.parse_user_info,
    "data": data.parse_data,
    "QR get": partial(qr.parse_qr_get, ticket=Secret(TICKET), state=STATE),
    "QR check": partial(qr.parse_qr_check, ticket=Secret(TICKET), state=STATE),
}
GARBAGE = {
    "HTML": b"<!DOCTYPE html><html>502 Bad Gateway</html>",
    "padded HTML": b"\n  <html>",
    "half": b'{"access_token":"act.x","expires',
    "text": b"upstream connect error",
    "list": b'[{"error":"invalid_grant"}]',
    "null": b"null",
    "number": b"5",
    "string": b'"invalid_grant"',
    "BOM": b"\xef\xbb\xbf" + b'{"error":"invalid_grant"}',
    "UTF-16": '{"error":"invalid_grant"}'.encode("utf-16"),
    "not UTF-8": b'{"error":"\xff\xfe"}',
    "surrogate": rb'{"error":"\ud800"}',
    "encoded surrogate": b'{"error":"\xed\xa0\x80"}',
    "NaN": b'{"error":NaN}',
    "infinity": b'{"error":1e999}',
    "endless number": b'{"error":' + b"9" * 5000 + b"}",
    "deep list": b"[" * 10_000,
    "deep object": b'{"error":' * 10_000,
    "deep and closed": b'{"data":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "NUL": b"\x00" * 64,
    "two": b"{}{}",
    "error of another type": b'{"error":[1]}',
    "code of another type": b'{"error":{"code":7,"message":"m"}}',
}


BY_STATUS = {
    **dict.fromkeys((200, 201, 301, 302, 304), UNKNOWN_SUCCESS),
    **dict.fromkeys((400, 401, 403, 404), SERVER),
    **{status: SERVER._replace(status_code=status) for status in (500, 502, 503, 599)},
    429: RATE,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_typed_by_status(body: bytes) -> None:
    """Garbage is tried again at 4xx and 5xx, and never at 2xx or 3xx, where it was processed."""
    for parse, (status, wanted) in product(PARSERS.values(), BY_STATUS.items()):
        response = answer(body, status, {"x-tt-logid": LOG_ID})

        error = refused(parse, response)

        assert facts(error) == wanted
        assert (error.http_status, error.log_id, error.tiktok_code) == (status, LOG_ID, None)


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize(
    ("overflow", "headers", "word"),
    [
        (True, {}, "too long"),
        (False, {"content-encoding": "gzip"}, "encoded"),
        (False, {"content-encoding": "br, identity"}, "encoded"),
    ],
)
def test_cut_or_encoded_answer_is_not_read(
    parse: Callable[[HttpResponse], object],
    overflow: bool,
    headers: dict[str, str],
    word: str,
) -> None:
    """A body that is cut or packed is not looked into, whatever it seems to say."""
    body = TOKENS | oauth_error("invalid_grant")

    error = refused(parse, answer(body, 200, headers, overflow=overflow))

    assert facts(error) == UNKNOWN_SUCCESS
    assert word in error.message


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_identity_is_no_encoding(encoding: str) -> None:
    """The encoding we ask for may be named."""
    assert token.parse_tokens(answer(TOKENS, 200, {"content-encoding": encoding}))


@pytest.mark.parametrize(
    ("body", "word"),
    [(b"", "empty"), (b" <html>", "HTML"), (b"{}", "no known shape"), (b"x" * 9, "no known")],
)
def test_unknown_shape_is_described_without_quoting(body: bytes, word: str) -> None:
    """The sentence says what came instead of what, and quotes nothing of it."""
    error = refused(token.parse_tokens, answer(body))

    assert error.message.startswith("TikTok answered 200 with")
    assert word in error.message
    assert error.message.endswith("instead of tokens.")


@pytest.mark.parametrize("status", [200, 401])
def test_bare_error_object_is_understood(status: int) -> None:
    """One page prints the error object without its key; it means the same."""
    body = {"code": "access_token_invalid", "message": "Please refresh", "log_id": LOG_ID}

    error = refused(data.parse_data, answer(body, status))

    assert facts(error) == EXPIRED
    assert (error.message, error.log_id) == ("Please refresh", LOG_ID)


@pytest.mark.parametrize("description", [None, 5, [], "", "\x00\n"])
def test_error_without_a_sentence_names_its_string(description: object) -> None:
    """An error whose sentence is missing or senseless says TikTok's string instead."""
    body = {"error": "invalid_grant", "error_description": description}

    error = refused(token.parse_tokens, answer(body))

    assert error.message == "TikTok answered invalid_grant."


@pytest.mark.parametrize(
    ("header", "in_body", "read"),
    [
        ("H1", "B1", "H1"),
        (None, "B1", "B1"),
        ("", "B1", "B1"),
        ("bad id\n", "B1", "B1"),
        ("x" * 129, "B1", "B1"),
        (None, 5, None),
        (None, "<script>", None),
        (None, None, None),
    ],
)
def test_log_id_is_the_headers_else_the_bodys(
    header: str | None, in_body: object, read: str | None
) -> None:
    """The header's log ID comes first; one that is no log ID is left out."""
    body = oauth_error("invalid_grant") | {"log_id": in_body}
    headers = {} if header is None else {"x-tt-logid": header}

    assert refused(token.parse_tokens, answer(body, 200, headers)).log_id == read


def test_long_foreign_words_are_cut() -> None:
    """TikTok's string and sentence cannot fill a log."""
    error = refused(data.parse_data, answer(data_error("x" * 999, "y" * 9999), 400))

    assert (error.tiktok_code, error.message) == ("x" * 80, "y" * 2000)


@pytest.mark.parametrize(
    "text",
    [
        f"The token {ACCESS} is dead.",
        f"'{ACCESS}'",
        f"token={ACCESS}&x=1",
        f"https%3A%2F%2Fa.example%3Faccess_token%3D{ACCESS}",
        f"rft.{'q' * 5000}",
        f"{'a ' * 145}{ACCESS}",
    ],
)
def test_foreign_words_lose_their_tokens(text: str) -> None:
    """A token that TikTok repeats in its sentence is masked, cut or not."""
    cleaned = clean(text)

    assert "f00d" not in cleaned
    assert "qq" not in cleaned


@given(st.text(), st.integers(1, 50))
def test_cleaned_text_is_short_and_printable(text: str, length: int) -> None:
    """Whatever comes in, what goes to a log is one printable line of bounded length."""
    cleaned = clean(text, length)

    assert len(cleaned) <= length
    assert cleaned.isprintable()
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize("value", [None, 5, b"x", [], {}])
def test_no_text_is_empty(value: object) -> None:
    """Where TikTok's sentence is no text, there is none."""
    assert clean(value) == ""


NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.fixture(params=["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def timezone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A machine in some time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "value",
    [
        "30",
        " 30 ",
        "Mon, 21 Sep 2026 14:13:50 GMT",
        "Mon, 21 Sep 2026 14:13:50 +0000",
        "Mon, 21 Sep 2026 14:13:50 -0000",
        "Monday, 21-Sep-26 14:13:50 GMT",
        "Mon Sep 21 14:13:50 2026",
        "Mon, 21 Sep 2026 14:13:50",
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, timezone: str) -> None:
    """All three HTTP date formats count from now, in GMT wherever the machine stands."""
    assert parse_retry_after(value, now=NOW) == 30.0


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("86400", 86400.0), ("007", 7.0)])
def test_retry_after_bounds(value: str, seconds: float) -> None:
    """Nothing and a whole day are both a wait."""
    assert parse_retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "-1", "86401", "1.5", "1e3", "NaN", "inf", "soon", "²", "30 s", "0x1e"),
        *("9" * 64, "9" * 65, "Mon, 21 Sep 2026 14:13:10 GMT", "Mon, 21 Sep 2099 14:13:20 GMT"),
        *("Mon, 99 Sep 2026 14:13:50 GMT", "Mon, 21 Sep 0000 00:00:00 GMT", "Mon,", ",", "\x00"),
        *("Fri, 31 Dec 9999 23:59:59 -9999", "Sat, 01 Jan 0001 00:00:00 +2359"),
    ],
)
def test_senseless_retry_after_is_none(value: str | None) -> None:
    """A wait that is absent, negative, past, beyond a day or garbage is ignored."""
    assert parse_retry_after(value, now=NOW) is None


@given(
    st.text(max_size=70)
    | st.from_regex(r"[A-Za-z]{3}, \d{1,3} [A-Z][a-z]{2} \d{1,5} [\d:]{1,9} [A-Z+\-\d]{1,6}")
)
def test_any_retry_after_is_a_wait_or_none(value: str) -> None:
    """Whatever the header says, the wait is between nothing and a day, or None."""
    seconds = parse_retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds <= 86400
