"""The controls over HTTP: what each does, and what becomes of a wrong call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiktok_oauth.sandbox.catalog import DEFAULT_APP, Person
from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.visitor import Answer, Visitor

TOKEN = "/v2/oauth/token/"
QUIET = Sandbox(seed=1)
JSON = [("Content-Type", "application/json")]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


def post(guest: Visitor, name: str, **fields: object) -> Answer:
    """Post JSON to a control."""
    return guest.send("POST", f"/_sandbox/{name}", json.dumps(fields).encode(), JSON)


def operations() -> list[tuple[str, str]]:
    """Return every path and method that the description has."""
    paths = json.loads(QUIET.respond(Call("GET", "/_sandbox/openapi.json")).body)["paths"]
    return [(path, method.upper()) for path, entry in paths.items() for method in entry]


def test_the_state_tells_clock_and_counts_and_no_secret(guest: Visitor) -> None:
    """And how every knob stands."""
    guest.exchange()

    state = guest.get("/_sandbox/state").json

    assert list(state["clock"]) == ["now", "offset", "rate"]
    assert list(state) == ["clock", "counts", "knobs", "requests"]
    assert state["counts"] == {"apps": 1, "codes": 0, "grants": 1, "people": 4}
    assert state["knobs"]["rotation"] == "strict"
    assert state["requests"] == 1
    assert DEFAULT_APP.client_secret not in json.dumps(state)


def test_reset_begins_again(guest: Visitor) -> None:
    """No grants, no faults, no calls, and the machine's time."""
    guest.exchange()
    post(guest, "faults", fault="slow")
    post(guest, "clock", advance=60)

    state = post(guest, "reset").json

    assert (state["counts"]["grants"], state["requests"]) == (0, 0)
    assert state["clock"]["offset"] == 0
    assert guest.get("/_sandbox/faults").json == {"faults": []}


def test_the_clock_moves_forward(guest: Visitor) -> None:
    """Never back."""
    moved = post(guest, "clock", advance=10_800).json
    refused = post(guest, "clock", advance=-1)

    assert moved["offset"] == 10_800
    assert int(guest.get("/").headers["x-sandbox-time"]) >= moved["now"]
    assert refused.status == 400


def test_knobs_are_turned(guest: Visitor) -> None:
    """For what is issued from now on."""
    assert post(guest, "knobs", access_ttl=5).json["access_ttl"] == 5
    assert guest.exchange().json["expires_in"] == 5
    assert "no knob" in post(guest, "knobs", acess_ttl=5).json["error"]


def test_an_app_and_a_person_are_added(guest: Visitor) -> None:
    """And meet: a grant without a browser, and a code for who wants to exchange it."""
    post(guest, "apps", client_key="awmine", client_secret="s1")
    post(guest, "users", person_id="zoe", display_name="Zoé", username="zoe")

    tokens = post(guest, "grants", client_key="awmine", person="zoe", scopes=["video.list"]).json
    code = post(guest, "grants", person="zoe", kind="code", redirect_uri="https://a.example/").json

    info = guest.get("/v2/user/info/?fields=display_name", tokens["access_token"]).json
    spent = guest.exchange(code=code["code"], redirect_uri="https://a.example/").json
    assert tokens["scope"] == "user.info.basic,video.list"
    assert info["data"]["user"] == {"display_name": "Zoé"}
    assert spent["scope"] == "user.info.basic"


def test_people_leave(guest: Visitor) -> None:
    """By disconnecting, or for good; who is gone cannot grant."""
    post(guest, "grants", person="ha")

    first = post(guest, "departures", person="ha", reason="disconnected").json
    again = post(guest, "departures", person="ha", reason="disconnected").json
    post(guest, "departures", person="ha", reason="banned")

    assert (first, again) == ({"ended": True}, {"ended": False})
    assert post(guest, "grants", person="ha").json["error"] == "The account of ha is banned."


def test_faults_are_switched_on_and_off(guest: Visitor) -> None:
    """And told, with how often they still play."""
    rule = post(guest, "faults", fault="server_error", endpoint="refresh", count=2).json
    guest.refresh("x")
    left = guest.get("/_sandbox/faults").json["faults"]
    cleared = guest.send("DELETE", "/_sandbox/faults").json

    assert (rule["fault"], rule["status"], rule["count"]) == ("server_error", 500, 2)
    assert [one["count"] for one in left] == [1]
    assert cleared == {"faults": []}


def test_the_ledger_tells_calls_without_secrets(guest: Visitor) -> None:
    """Which endpoint, who, and what came of it."""
    tokens = guest.exchange().json
    guest.refresh("dead")
    guest.get("/v2/user/info/?fields=open_id", tokens["access_token"])

    answer = guest.get("/_sandbox/requests")
    calls = [(c["endpoint"], c["outcome"], c["person_id"]) for c in answer.json["requests"]]
    assert calls == [
        ("exchange", "ok", "mina"),
        ("refresh", "invalid_grant", ""),
        ("user_info", "ok", "mina"),
    ]
    assert len(guest.get("/_sandbox/requests?after=2").json["requests"]) == 1
    assert tokens["access_token"] not in answer.text


def test_a_qr_code_is_scanned_and_confirmed(guest: Visitor) -> None:
    """As a person with a phone would."""
    form = {"client_key": DEFAULT_APP.client_key, "scope": "video.list"}
    shown = guest.post("/v2/oauth/get_qrcode/", **form).json
    url = shown["scan_qrcode_url"].replace("tobefilled", "t1")

    assert post(guest, "qr", url=url, step="scan").json == {"step": "scan"}
    assert guest.call("/v2/oauth/check_qrcode/", token=shown["token"]).json["status"] == "scanned"
    assert post(guest, "qr", url=url, person="ha").json == {"step": "confirm"}
    assert guest.call("/v2/oauth/check_qrcode/", token=shown["token"]).json["status"] == "confirmed"


def test_a_test_webhook_needs_an_address(guest: Visitor) -> None:
    """The sentence says what to do."""
    refused = post(guest, "webhooks/test").json
    post(guest, "apps", client_key="awhook", client_secret="s", webhook_url="http://127.0.0.1:1/")
    sent = post(guest, "webhooks/test", client_key="awhook", event="post.publish.complete").json

    assert "no webhook_url" in refused["error"]
    assert [one["notice"]["event"] for one in sent["webhooks"]] == ["post.publish.complete"]
    assert guest.get("/_sandbox/webhooks").json["webhooks"][0]["number"] == 1


def test_a_world_is_exported_and_imported(guest: Visitor) -> None:
    """Its tokens work again, after everything else has gone."""
    tokens = guest.exchange().json
    exported = guest.get("/_sandbox/world").body
    post(guest, "reset")

    imported = guest.send("PUT", "/_sandbox/world", exported, JSON)

    assert imported.json["counts"]["grants"] == 1
    assert guest.get("/v2/user/info/?fields=open_id", tokens["access_token"]).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_sandbox/nothing", b"", 404),
        ("GET", "/_sandbox/reset", b"", 405),
        ("POST", "/_sandbox/state", b"", 405),
        ("POST", "/_sandbox/clock", b"{", 400),
        ("POST", "/_sandbox/clock", b"[]", 400),
        ("POST", "/_sandbox/clock", b"\xff", 400),
        ("POST", "/_sandbox/clock", b"[" * 9_999, 400),
        ("POST", "/_sandbox/clock", b'{"advance": 1, "back": 1}', 400),
        ("POST", "/_sandbox/clock", b" " * 70_000, 413),
        ("POST", "/_sandbox/users", b'{"person_id": "../x"}', 400),
        ("POST", "/_sandbox/grants", b'{"person": "nobody"}', 400),
        ("POST", "/_sandbox/grants", b'{"client_key": "unknown"}', 400),
        ("POST", "/_sandbox/grants", b'{"scopes": ["x"]}', 400),
        ("POST", "/_sandbox/departures", b'{"person": "x", "reason": "deleted"}', 400),
        ("POST", "/_sandbox/qr", b'{"url": "aweme://authorize?"}', 400),
        ("PUT", "/_sandbox/world", b"{}", 400),
        ("GET", "/_sandbox/requests?after=x", b"", 400),
        ("GET", "/_sandbox/requests?" + "a=1&" * 101, b"", 400),
    ],
)
def test_a_wrong_call_ends_in_a_sentence(
    guest: Visitor, method: str, path: str, body: bytes, status: int
) -> None:
    """JSON with one key, and a status that fits."""
    answer = guest.send(method, path, body, JSON)

    assert answer.status == status
    assert list(answer.json) == ["error"]
    assert answer.json["error"].endswith(".")
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_web_page_cannot_post_from_somebodys_browser(guest: Visitor, content_type: str) -> None:
    """A type that browsers send without asking is refused."""
    headers = [("Content-Type", content_type)]

    assert guest.send("POST", "/_sandbox/reset", b"{}", headers).status == 415


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:4010", 200),
        ("127.0.0.1", 200),
        ("[::1]:4010", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_the_controls_answer_to_this_machines_own_names(
    guest: Visitor, host: str, status: int
) -> None:
    """A name of somebody else's that leads here opens the pages of TikTok's only."""
    headers = [("Host", host)]

    assert guest.send("GET", "/_sandbox/state", None, headers).status == status
    assert guest.send("GET", "/v2/user/info/", None, headers).status == 401


def test_the_description_and_the_controls_agree(guest: Visitor) -> None:
    """Every path and method in the file is answered."""
    answers = [guest.send(method, path, b"[]", JSON) for path, method in operations()]

    assert {answer.status for answer in answers} == {200, 400}
    assert len(answers) == 20


@given(st.sampled_from(operations()), JSON_VALUES | st.binary(max_size=50))
def test_no_body_is_a_crash(operation: tuple[str, str], value: object) -> None:
    """Whatever JSON, or noise, is sent to whatever control."""
    path, method = operation
    body = value if isinstance(value, bytes) else json.dumps(value).encode("utf-8", "replace")
    headers = ((b"content-type", b"application/json"),)

    answer = QUIET.respond(Call(method, path, b"", headers, body, len(body)))

    assert answer.status in (200, 400)
    json.loads(answer.body)


def test_python_can_do_the_same(own_sandbox: Sandbox) -> None:
    """The controls are methods first."""
    own_sandbox.add_person(Person("zoe", "Zoé", "zoe"))
    own_sandbox.turn(access_ttl=9)
    code = own_sandbox.code("zoe", ["video.list"])
    tokens = own_sandbox.grant("zoe", ["video.list"])
    exported = own_sandbox.export_state()
    own_sandbox.reset()
    own_sandbox.import_state(exported)

    assert tokens.expires_in == 9
    assert code in own_sandbox.world.codes
    assert own_sandbox.world.bearer(own_sandbox.now(), tokens.access_token) is not None
