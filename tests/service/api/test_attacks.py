"""What somebody who means harm tries at the API, and what comes of it."""

from __future__ import annotations

import ast
import inspect
import json
import logging
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.service.api.conftest import problem_of
from tests.vault.made import NOW
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.api.guard import Guard
from tiktok_oauth.service.api.stream import lines_of
from tiktok_oauth.service.registry import keys
from tiktok_oauth.service.registry.keys import make_key_id, make_secret
from tiktok_oauth.vault.stores.rows import Event, NewsItem, Ref

if TYPE_CHECKING:
    from tests.service.api.conftest import Caller

CONTROLS = ("\r\nSet-Cookie: a=b", "a\nb", "a\x00b", "\x1b[31m", "\u2028", "é", "a b", "x" * 65, "")
INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE accounts; --",
    '" OR ""="',
    "') UNION SELECT access, refresh FROM accounts --",
    "%' AND 1=CAST((SELECT version()) AS int) --",
    "1; SELECT pg_sleep(10)",
    ":open_id",
    "{clock}",
    "\\",
    "%",
    "_",
    "\u02bc OR 1=1",
)
WAYS_OUT = (
    "v2/oauth/token/",
    "v2/oauth/revoke/",
    "v2/OAuth/token/",
    "v2/oauth",
    "v2/../v2/oauth/token/",
    "v2/%2e%2e/oauth/token/",
    "v2/video%2flist/",
    "v2/video/list%2f",
    "v2//evil.example/",
    "//evil.example/v2/",
    "http://evil.example/v2/user/info/",
    "http:%2f%2fevil.example/v2/user/info/",
    "@evil.example/v2/user/info/",
    "v2/user/info/;x=1",
    "v2/user/info/%0d%0aHost:evil",
    "v2/user/info/%00",
    "v1/user/info/",
    "v2/",
    "v2",
    "v2\\user\\info",
    "_sandbox/state",
    "v2/us%65r/info/",
)


@pytest.mark.slow
def test_guessing_keys_soon_ends(caller: Caller) -> None:
    """Ten wrong ones from an address, then none is even looked up for a while."""
    guesses = [make_secret(make_key_id()).reveal() for _ in range(12)]
    answers = [caller.get("/accounts", headers={"authorization": f"Bearer {g}"}) for g in guesses]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1


@pytest.mark.slow
def test_who_has_a_key_is_not_kept_out_by_guesses(caller: Caller) -> None:
    """Whoever guesses behind the same address."""
    assert caller.get("/accounts", "read").status_code == 200
    key_id = caller.key("read").split("_")[1]
    for _ in range(15):
        wrong = {"authorization": f"Bearer {make_secret(key_id).reveal()}"}
        assert caller.get("/accounts", headers=wrong).status_code == 401

    assert caller.get("/accounts", "read").status_code == 200


def test_keys_are_compared_in_constant_time() -> None:
    """By digests of one length, and nowhere by the equality of text."""
    body = ast.parse(inspect.getsource(keys.is_right))
    called = {node.attr for node in ast.walk(body) if isinstance(node, ast.Attribute)}
    guard = ast.parse(inspect.getsource(Guard).lstrip())

    assert "compare_digest" in called
    assert not [
        node
        for node in ast.walk(guard)
        if isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
    ]


def test_a_correlation_id_is_one_word_or_our_own(caller: Caller) -> None:
    """Nothing that somebody sent gets into a header or a log line as it is."""
    for given in CONTROLS:
        headers = {"x-correlation-id": given.encode()}
        answer = caller.get("/accounts/nobody", headers=headers)
        assert problem_of(answer, 404)["correlation_id"].startswith("tiktok-")
        assert "set-cookie" not in answer.headers
    good = caller.get("/accounts/nobody", headers={"x-correlation-id": "mine-1"})
    assert problem_of(good, 404)["correlation_id"] == "mine-1"


@pytest.mark.slow
def test_the_proxy_leads_to_data_endpoints_only(caller: Caller) -> None:
    """To no other host, path or part of TikTok's API, however it is written."""
    account = caller.connect()
    before = len(caller.sandbox.requests())

    for method, way in product(("GET", "POST"), WAYS_OUT):
        answer = caller.call(method, f"/accounts/{account.open_id}/proxy/{way}")
        assert answer.status_code in {400, 404}, way
    assert len(caller.sandbox.requests()) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["access_token", "client_secret", "refresh_token"])
def test_the_proxy_puts_no_secret_into_an_address(caller: Caller, name: str) -> None:
    """TikTok's logs are no place for them either."""
    account = caller.connect()

    answer = caller.get(f"/accounts/{account.open_id}/proxy/v2/user/info/?{name}=x")

    problem_of(answer, 400)


def test_no_header_of_the_callers_reaches_tiktok(caller: Caller) -> None:
    """The service's key least of all."""
    account = caller.connect()
    headers = {"x-forwarded-host": "evil.example", "cookie": "a=b", "x-tt-logid": "mine"}

    answer = caller.get(
        f"/accounts/{account.open_id}/proxy/v2/user/info/?fields=open_id", headers=headers
    )

    [entry] = caller.sandbox.requests(endpoint="user_info")
    assert answer.status_code == 200
    assert "evil.example" not in repr(entry)
    assert caller.key() not in repr(entry)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/logins", "/accounts/x/proxy/v2/video/list/"])
def test_a_body_that_does_not_end_is_cut_off(caller: Caller, path: str) -> None:
    """No more of it is held than may come."""
    chunk = b" " * (1 << 16)
    endless = (chunk for _ in range(1_000))
    headers = {"content-type": "application/json"}
    answer = caller.call("POST", path, content=endless, headers=headers)

    assert problem_of(answer, 413)["type"].endswith(":body-too-large")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/accounts"),
        ("GET", "/accounts/nobody"),
        ("GET", "/accounts/nobody/token"),
        ("POST", "/logins"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("PUT", "/accounts"),
    ],
)
def test_no_cache_keeps_an_answer(caller: Caller, method: str, path: str) -> None:
    """Nor a refusal, which tells who is connected; and no browser takes it for a page."""
    for scope in ("admin", None):
        answer = caller.call(method, path, scope)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("application/")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.slow
def test_nothing_that_is_sent_forges_a_log_line(
    caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is in open_ids, names and parameters."""
    forged = '\n{"level":"error","message":"forged"}\x1b[2J\u2028'
    with caplog.at_level(logging.DEBUG, logger.name):
        caller.get(f"/accounts/{quote(forged)}/token")
        caller.get("/accounts", params={"user_id": forged, "prefix": forged})
        caller.get("/accounts", headers={"x-correlation-id": quote(forged)})
        caller.call("POST", "/logins", json={"user_id": forged})

    assert not [record for record in caplog.records if "forged" in record.getMessage()]


def test_a_stream_cannot_be_forged_by_what_happened() -> None:
    """A line of an event is a line of JSON."""
    item = NewsItem(7, "awapp", "an\nna", NOW, "refreshed", "a\n\nid: 9\nevent: x\r\n", "c")

    told = lines_of(item).decode()
    assert told.count("\n") == 4
    assert told.startswith("id: 7\nevent: refreshed\ndata: {")


@pytest.mark.slow
def test_text_is_never_a_statement(caller: Caller) -> None:
    """Filters take it as it is: nobody has that name, and everybody is still there."""
    account = caller.connect(user_id="u-1")
    for name, text in product(("user_id", "prefix"), INJECTIONS):
        answer = caller.get("/accounts", params={name: text})
        assert answer.json() == {"accounts": [], "next": None}
    for name, text in product(("client_key", "status", "cursor"), INJECTIONS):
        problem_of(caller.get("/accounts", params={name: text}), 400)
    for end, text in product(("", "/token"), INJECTIONS):
        problem_of(caller.get(f"/accounts/{quote(text, safe='')}{end}"), 404)

    assert caller.get("/accounts").json()["accounts"][0]["open_id"] == account.open_id


def test_a_tiktok_text_stays_text(caller: Caller) -> None:
    """What happened to an account is told as JSON, whatever is in it."""
    account = caller.connect(user_id="<script>alert(1)</script>")
    ref = Ref(account.client_key, account.open_id)
    caller.office.store.add_events(ref, [Event(NOW, "refreshed", "</script>\u2028")])

    answer = caller.get(f"/accounts/{account.open_id}")

    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["user_id"] == "<script>alert(1)</script>"


@pytest.mark.slow
def test_no_answer_but_a_token_holds_one(caller: Caller) -> None:
    """Of everything that may be read about an account."""
    account = caller.connect()
    path = f"/accounts/{account.open_id}"
    token = caller.get(f"{path}/token").json()["access_token"]

    for more in ("", "/user", "/proxy/v2/user/info/"):
        assert token not in caller.get(f"{path}{more}").text
    assert token not in caller.get("/accounts").text + caller.get("/metrics").text
    assert caller.key() not in caller.get("/metrics").text
