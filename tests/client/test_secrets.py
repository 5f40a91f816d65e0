"""No secret shows: not in logs, values, errors, tracebacks, pickles or URLs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from tests.client.leaks import (
    ACCESS,
    BARE,
    CODE,
    MARK,
    PREVIOUS,
    QR_TOKEN,
    REFRESH,
    SECRET,
    VERIFIER,
    leaks,
    shown_by_error,
    shown_by_frames,
    shown_by_value,
    watching,
)
from tests.client.test_webhook import BODY, signed
from tests.support.scripted import (
    OPEN_ID,
    PROFILE,
    REFUSED,
    RESET,
    SILENCE,
    TOKENS,
    answer,
)
from tiktok_oauth import QrAuthorization, TikTokAPIError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.conftest import Shell, World
    from tests.support.scripted import Step
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

LOGIN = QrAuthorization(f"aweme://a?client_ticket={MARK}", QR_TOKEN, f"T{MARK}", "st")
CALLS: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("exchange_code_for_tokens", (CODE,), {"code_verifier": VERIFIER}),
    ("refresh_access_token", (REFRESH,), {}),
    ("refresh_access_token", (BARE,), {}),
    ("get_user_info", (ACCESS,), {}),
    ("get_user_info", (BARE,), {}),
    ("revoke_access", (ACCESS,), {}),
    ("revoke_access", (BARE,), {}),
    ("get_client_access_token", (), {}),
    ("validate_credentials", (), {"online": True}),
    ("start_qr_authorization", (), {}),
    ("poll_qr_authorization", (LOGIN,), {}),
    ("request", (ACCESS, "POST", "/v2/video/list/"), {"json": {"a": 1}}),
    ("request", (BARE, "GET", "/v2/video/list/"), {"params": {"a": "b"}}),
]


def everything(request: HttpRequest) -> str:
    """All that a request held, as a careless server would repeat it."""
    headers = " ".join(f"{name}: {value}" for name, value in request.headers)
    return f"{headers} {(request.body or b'').decode()}"


def secrets_in(request: HttpRequest) -> list[str]:
    """Each secret of a request by itself."""
    decoded = unquote(everything(request))
    known = (SECRET, CODE, VERIFIER, REFRESH, ACCESS, BARE, QR_TOKEN)
    return [secret for secret in known if secret in decoded]


def flat(code: str, status: int = 200) -> Callable[[HttpRequest], HttpResponse]:
    """An OAuth error that repeats the request's secrets."""

    def step(request: HttpRequest) -> HttpResponse:
        said = " ".join(secrets_in(request))
        return answer({"error": code, "error_description": f"You sent {said}."}, status)

    return step


def nested(code: str, status: int = 401) -> Callable[[HttpRequest], HttpResponse]:
    """The same in the shape of the data endpoints."""

    def step(request: HttpRequest) -> HttpResponse:
        said = " ".join(secrets_in(request))
        error = {"code": code, "message": f"You sent {said}."}
        return answer({"data": {"user": {"bio": said}}, "error": error}, status)

    return step


def parroting(status: int) -> Callable[[HttpRequest], HttpResponse]:
    """An answer in no known shape that repeats the whole request."""

    def step(request: HttpRequest) -> HttpResponse:
        said = everything(request)
        return answer(f"<html>{said}</html>".encode(), status, location=said, retry_after=said)

    return step


def naming(request: HttpRequest) -> HttpResponse:
    """An error whose very name is a secret, and so is its log ID."""
    secret = (*secrets_in(request), "x")[0]
    return answer({"error": secret, "error_description": "", "log_id": secret}, x_tt_logid=secret)


def echoed_as_sent(request: HttpRequest) -> HttpResponse:
    """An error that repeats the raw body, percent-encoded as it came."""
    said = (request.body or b"").decode()
    return answer({"error": "invalid_request", "error_description": said}, 400)


def cut_short(request: HttpRequest) -> HttpResponse:
    """An error whose sentence is so long that a secret lies where it is cut."""
    said = "".join(secrets_in(request)) or "-"
    return answer({"error": "invalid_request", "error_description": said * (2000 // len(said))})


FAILURES: dict[str, Step] = {
    "refused": REFUSED,
    "reset": RESET,
    "silence": SILENCE,
    "429": parroting(429),
    "500": parroting(500),
    "html": parroting(200),
    "redirect": parroting(302),
    "credentials": flat("invalid_client"),
    "grant": flat("invalid_grant"),
    "validation": flat("invalid_request", 400),
    "unknown": flat("something_new", 400),
    "busy": flat("server_error", 503),
    "expired": nested("access_token_invalid"),
    "scope": nested("scope_not_authorized"),
    "rate": nested("rate_limit_exceeded", 429),
    "naming": naming,
    "as-sent": echoed_as_sent,
    "cut-short": cut_short,
}


def canary(world: World) -> Shell:
    """A client whose secrets are all marked."""
    return world.client(client_secret=SECRET, client_secret_previous=PREVIOUS)


def outcome_of(
    shell: Shell, method: str, args: tuple[object, ...], kwargs: dict[str, object]
) -> BaseException | None:
    """What a call raised, if anything: a token that is dead already is revoked."""
    try:
        shell.call(method, *args, **kwargs)
    except TikTokAPIError as error:
        return error
    return None


@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_shows_a_secret(world: World, failure: str) -> None:
    """Every call, every kind of failure, though TikTok repeats all it was sent."""
    shell = canary(world)
    with watching(shell.client, as_json=True) as watch:
        for method, args, kwargs in CALLS:
            shell.script.play(FAILURES[failure])
            assert leaks(shown_by_error(outcome_of(shell, method, args, kwargs))) == []
        assert leaks(watch.shown()) == []
    assert leaks("\n".join(attempt.request.url for attempt in shell.script.attempts)) == []
    assert shell.sent >= len(CALLS)


MARKED = {**TOKENS, "access_token": ACCESS, "refresh_token": REFRESH}
SUCCESSES: list[tuple[str, tuple[object, ...], object]] = [
    ("exchange_code_for_tokens", (CODE,), MARKED),
    ("refresh_access_token", (REFRESH,), MARKED),
    ("get_user_info", (ACCESS,), PROFILE),
    ("revoke_access", (ACCESS,), {}),
    ("get_client_access_token", (), {"access_token": ACCESS, "expires_in": 7200}),
    ("start_qr_authorization", (), {"scan_qrcode_url": "a:?client_ticket=", "token": QR_TOKEN}),
    (
        "poll_qr_authorization",
        (LOGIN,),
        {"status": "confirmed", "client_ticket": f"T{MARK}", "code": CODE},
    ),
    ("request", (ACCESS, "GET", "/v2/a/"), {"data": {"open_id": OPEN_ID}}),
    ("verify_webhook", (signed(secret=PREVIOUS), BODY), {}),
]


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_no_success_shows_a_secret(world: World, as_json: bool) -> None:
    """The values mask what they carry, and the log does not have it."""
    shell = canary(world)
    with watching(shell.client, as_json=as_json) as watch:
        for method, args, body in SUCCESSES:
            shell.script.play(answer(body))
            assert leaks(shown_by_value(shell.call(method, *args))) == []
        assert leaks(watch.shown()) == []
    assert shell.client.metrics().successes == len(SUCCESSES)


def test_no_random_secret_shows(shell: Shell) -> None:
    """Code verifiers and QR tickets that we make ourselves are masked, too."""
    shell.script.play(answer({"scan_qrcode_url": "a:?client_ticket=", "token": "T"}))
    with watching(shell.client, as_json=True) as watch:
        made = shell.call("get_authorization_url", pkce=True)
        login = shell.call("start_qr_authorization")

    shown = watch.shown() + shown_by_value(made) + shown_by_value(login) + made.url
    assert made.code_verifier not in shown
    assert login.client_ticket not in shown
    assert login.client_ticket in login.scan_url


@pytest.mark.parametrize(
    "secret", [f"{MARK} x", f"{MARK}\n", f'"{MARK}"', f"your_{MARK}", f"é{MARK}", MARK * 100]
)
def test_a_bad_secret_is_not_shown(world: World, secret: str) -> None:
    """What cannot be right as a secret, a token or a code may be one with a typing error."""
    shell = world.client(client_secret=secret)
    with watching(shell.client, as_json=True) as watch:
        for method, args, kwargs in CALLS:
            wrong = tuple(secret if isinstance(arg, str) and MARK in arg else arg for arg in args)
            shell.script.play(answer(b"", 500))
            error = shell.refused(method, *wrong, **kwargs)
            assert leaks(shown_by_error(error)) == []
        assert leaks(watch.shown()) == []


def misplaced(token: str) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Calls with a token where it does not belong."""
    return [
        ("get_authorization_url", (token,), {}),
        ("get_authorization_url", ([token],), {}),
        ("get_user_info", (token, token), {}),
        ("get_user_info", (token, [token]), {}),
        ("request", (token, token, "/v2/a/"), {}),
        ("request", (token, "GET", token), {}),
        ("request", (token, "GET", "/v2/a/"), {"params": {token + "_token": 1}}),
        ("request", (token, "GET", "/v2/a/"), {"params": {token: "\n"}}),
        ("verify_webhook", ({"TikTok-Signature": token}, b""), {}),
    ]


def test_a_token_in_the_wrong_place_is_not_quoted(shell: Shell) -> None:
    """Arguments get mixed up: no sentence repeats a token."""
    with watching(shell.client, as_json=True) as watch:
        for method, args, kwargs in misplaced(ACCESS):
            assert leaks(str(shell.refused(method, *args, **kwargs))) == []
        assert leaks(watch.shown()) == []


def test_the_search_finds_what_it_is_for(shell: Shell) -> None:
    """A secret in a text, a cause or a local variable outside the tests would be found."""

    def careless(_: HttpRequest) -> HttpResponse:
        raise ValueError(SECRET) from KeyError(CODE)

    shell.script.play(careless)
    with pytest.raises(ValueError, match=MARK) as caught:
        shell.call("get_user_info", ACCESS)
    with pytest.raises(ValueError, match="Expecting") as decoding:
        json.loads("[" + ACCESS)

    assert SECRET in shown_by_error(caught.value)
    assert CODE in shown_by_error(caught.value)
    assert leaks("".join(shown_by_frames(decoding.value.__traceback__)))
