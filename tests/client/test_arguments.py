"""Every public argument, wrong in several ways: a sentence that names it, and no network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.test_qr import LOGIN
from tests.client.test_webhook import BODY, signed
from tests.support.scripted import (
    ACCESS_TOKEN,
    CODE,
    REFRESH_TOKEN,
    AsyncScriptedTransport,
    Script,
    ScriptedTransport,
)
from tiktok_oauth import RetryPolicy, ValidationError, configure_logging

if TYPE_CHECKING:
    from tests.client.conftest import Shell, World

GOOD: dict[str, dict[str, object]] = {
    "get_authorization_url": {},
    "exchange_code_for_tokens": {"code": CODE},
    "refresh_access_token": {"refresh_token": REFRESH_TOKEN},
    "get_user_info": {"access_token": ACCESS_TOKEN},
    "revoke_access": {"access_token": ACCESS_TOKEN},
    "start_qr_authorization": {},
    "poll_qr_authorization": {"login": LOGIN},
    "request": {"access_token": ACCESS_TOKEN, "method": "POST", "path": "/v2/a/"},
    "verify_webhook": {"headers": signed(), "body": BODY},
    "validate_credentials": {},
}
"""What each call needs at least."""

NO_WORD = [None, "", " ", "two words", "line\nbreak", "tab\t", "é", "\x00", 5, b"act.x", "a" * 4097]
NO_SCOPES = [
    *([], "", " , ", [""], [5], [["video.list"]], ["a b"], "a b", ["a,b"], ["é"]),
    *(5, b"a", {"a": 1}),
]
NO_STATE = ["", " ", "a" * 1025, "line\nbreak", "\ud800", 5, b"state"]
NO_FLAG = ["yes", 2, 1.0, []]
NO_REDIRECT = [
    "",
    "callback",
    "http://a.example/",
    "https://a.example/?x=1",
    5,
    b"https://a.example",
]
NO_PATH = [
    *("", "v2/video/list/", "/v1/x/", "/v2", "/v2/", "/v2/../x", "/v2//x", "//a.example/v2/x"),
    *("https://a.example/v2/x", "/v2/x?a=b", "/v2/x#a", "/v2/x\n", "/v2/x y", "/v2/é", None, 5),
]
NO_PARAMS = [
    *(5, [("a", "b")], "a=b", {"a": None}, {"a": ["b"]}, {5: "a"}, {"a": "line\nbreak"}),
    *({"a": "\ud800"}, {"\ud800": "a"}, {"access_token": "x"}, {"Client_Secret": "x"}),
    *({"a": 10**5000}, {"a": float("nan")}),
]
ENDLESS: dict[str, Any] = {}
ENDLESS["again"] = ENDLESS
NO_JSON = [
    *([], "text", 5, {"a": object()}, {"a": {1, object()}}, {"a": "\ud800"}, {(1, 2): "a"}),
    ENDLESS,
]
NO_LOGIN: list[object] = [
    *(None, "QRTOKEN", 5, object(), replace(LOGIN, token=""), replace(LOGIN, token="a b")),
    replace(LOGIN, token=5),  # type: ignore[arg-type]  # wrong on purpose
    replace(LOGIN, client_ticket=None),  # type: ignore[arg-type]  # wrong on purpose
]

WRONG: dict[tuple[str, str], list[Any]] = {
    ("get_authorization_url", "scopes"): NO_SCOPES,
    ("get_authorization_url", "state"): NO_STATE,
    ("get_authorization_url", "redirect_uri"): NO_REDIRECT,
    ("get_authorization_url", "pkce"): NO_FLAG,
    ("get_authorization_url", "disable_auto_auth"): NO_FLAG,
    ("exchange_code_for_tokens", "code"): [
        *NO_WORD,
        "https://a.example/?code=c",
        "code=c&state=s",
        "Example%2A1%214520.u1",
    ],
    ("exchange_code_for_tokens", "code_verifier"): [
        *("v" * 42, "v" * 129, "v" * 42 + "=", "v" * 42 + "\n", "", 5, b"v" * 43)
    ],
    ("exchange_code_for_tokens", "redirect_uri"): NO_REDIRECT,
    ("refresh_access_token", "refresh_token"): NO_WORD,
    ("get_user_info", "access_token"): NO_WORD,
    ("get_user_info", "fields"): [
        *([], "", ["nickname"], [5], [["username"]], "username;video_count", 5)
    ],
    ("revoke_access", "access_token"): NO_WORD,
    ("start_qr_authorization", "scopes"): NO_SCOPES,
    ("start_qr_authorization", "state"): NO_STATE,
    ("poll_qr_authorization", "login"): NO_LOGIN,
    ("request", "access_token"): NO_WORD,
    ("request", "method"): ["", "FETCH", "GET ", "CONNECT", None, 5, b"GET"],
    ("request", "path"): NO_PATH,
    ("request", "params"): NO_PARAMS,
    ("request", "json"): NO_JSON,
    ("request", "idempotent"): NO_FLAG,
    ("verify_webhook", "headers"): [None, 5, "t=1", {5: "a"}],
    ("verify_webhook", "body"): [None, BODY.decode(), {"event": "x"}, 5],
    ("verify_webhook", "max_age"): ["5", -1, True, float("nan"), [], b"5"],
    ("validate_credentials", "online"): NO_FLAG,
}
"""Wrong values by call and argument."""

CASES = [
    pytest.param(method, name, bad, id=f"{method}-{name}")
    for (method, name), wrong in WRONG.items()
    for bad in wrong
]


@pytest.mark.parametrize(("method", "name", "bad"), CASES)
def test_a_wrong_argument_is_named_before_any_network(
    shell: Shell, method: str, name: str, bad: object
) -> None:
    """Nothing but ``ValidationError`` comes of it, whatever the type of the value."""
    error = shell.refused(method, **(GOOD[method] | {name: bad}))

    assert type(error) is ValidationError
    assert name in error.message
    assert (error.code, error.status_code, error.action) == ("VALIDATION_ERROR", 400, "fail")
    assert (error.method, error.attempts, error.retryable) == (method, 0, False)
    assert error.correlation_id
    assert shell.sent == 0


@pytest.mark.parametrize("secret", ["line\nbreak-c4nary", "c4nary with space", "c4nary\x00"])
def test_a_refused_secret_is_not_quoted(shell: Shell, secret: str) -> None:
    """The sentence tells what is wrong with it, not what it was."""
    for method in ("exchange_code_for_tokens", "refresh_access_token", "get_user_info"):
        assert "c4nary" not in str(shell.refused(method, secret))


SETTINGS: list[tuple[str, object]] = [
    *(("timeout", bad) for bad in (0, -1, "10", True, None, float("nan"), float("inf"), 10**400)),
    *(("deadline", bad) for bad in (0, -1, "10", True, float("nan"), 10**400)),
    *(("scopes", bad) for bad in ([], "", "a b", [5], [["a"]], 5)),
    *(("retry", bad) for bad in (None, 3, {"attempts": 3})),
    *(
        ("base_url", bad)
        for bad in (
            "http://open.tiktokapis.com",
            "open.tiktokapis.com",
            "https://a.example/v2",
            "https://a.example?x",
            "https://u:p@a.example",
            "https://a.example:99999",
            "https://[",
            "ftp://127.0.0.1",
            "https://a.example\n",
            "https://é.example",
            5,
        )
    ),
    *(
        ("authorize_url", bad)
        for bad in ("http://a.example/", "/authorize", "https://a.example/?x=1", "https:///x", 5)
    ),
    *(("transport", bad) for bad in ("requests", "", 5, object(), [])),
    *(("ca_file", bad) for bad in ("/nowhere/ca.pem", "/", "", 5, b"/etc/hosts", "a\x00b")),
]


@pytest.mark.parametrize(
    ("name", "bad"), SETTINGS, ids=lambda value: ascii(value).partition(" at 0x")[0][:40]
)
def test_a_wrong_setting_is_named_by_the_constructor(world: World, name: str, bad: object) -> None:
    """A client with a setting that can never work is not made."""
    with pytest.raises(ValidationError, match=name):
        world.client(**{name: bad})


def test_a_transport_of_the_other_world_is_refused(world: World) -> None:
    """A blocking client cannot await, and an awaiting one must not block."""
    other = (ScriptedTransport if world.awaiting else AsyncScriptedTransport)(Script())
    with pytest.raises(ValidationError, match="transport"):
        world.client(transport=other)

    setattr(other, "aclose" if world.awaiting else "close", lambda: None)
    with pytest.raises(ValidationError, match="transport"):
        world.client(transport=other)


POLICIES: list[tuple[str, object]] = [
    *(("attempts", bad) for bad in (0, -1, 11, 1.5, "3", None, True)),
    *(("base_delay", bad) for bad in (-1, "1", None, 61, float("nan"), True, 10**400)),
    *(("factor", bad) for bad in (0.5, "2", None, 11)),
    *(("max_delay", bad) for bad in (-1, "1", None, 301)),
    *(("max_retry_after", bad) for bad in (-1, "1", None, 3601)),
    *(("jitter", bad) for bad in ("some", None, True, ["none"])),
]


@pytest.mark.parametrize(
    ("name", "bad"), POLICIES, ids=lambda value: ascii(value).partition(" at 0x")[0][:40]
)
def test_a_wrong_retry_policy_is_not_made(name: str, bad: Any) -> None:  # noqa: ANN401 - any value
    """The error names the field."""
    with pytest.raises(ValidationError, match=name):
        RetryPolicy(**{name: bad})


@pytest.mark.parametrize("level", ["warning", "INFO", "", 20, None, []])
def test_an_unknown_log_level_is_refused(level: Any) -> None:  # noqa: ANN401 - any value
    """There are four levels, by name."""
    with pytest.raises(ValidationError, match="level"):
        configure_logging(level=level)


def test_a_qr_login_without_its_state_is_refused(shell: Shell) -> None:
    """A login that was stored and read back wrong is judged part by part."""
    stateless = replace(LOGIN, state=5)  # type: ignore[arg-type]  # wrong on purpose

    assert isinstance(shell.refused("poll_qr_authorization", stateless), ValidationError)
    assert shell.sent == 0
