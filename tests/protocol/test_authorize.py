"""The two halves that go through the browser: authorization request and callback."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.protocol.answers import CODE, STATE, facts, refused
from tests.protocol.contract import SERVER, TOKEN, VALIDATION
from tiktok_oauth.errors import ValidationError
from tiktok_oauth.protocol.authorize import (
    AuthorizationRequest,
    Callback,
    build_authorization_url,
    callback_error,
    parse_callback,
)
from tiktok_oauth.types import Secret

PAGE = "https://www.tiktok.com/v2/auth/authorize/"
WEB = {
    "client_key": "awkey0123",
    "response_type": "code",
    "scope": "user.info.basic,video.list",
    "redirect_uri": "https://app.example.com/cb/",
    "state": STATE,
}
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def query_of(challenge: str | None = None, disable_auto_auth: bool | None = None) -> dict[str, str]:
    """The parameters of a built URL."""
    url = build_authorization_url(
        AuthorizationRequest(
            PAGE,
            "awkey0123",
            ("user.info.basic", "video.list"),
            "https://app.example.com/cb/",
            STATE,
            challenge,
            disable_auto_auth,
        )
    )
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, strict_parsing=True)

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == PAGE
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def test_web_url_has_exactly_the_documented_parameters() -> None:
    """A web login names the key ``client_key`` and joins scopes by comma; nothing more."""
    assert query_of() == WEB


def test_desktop_url_adds_the_challenge() -> None:
    """A desktop login adds the challenge and its method, which TikTok wants to be S256."""
    assert query_of("c0ffee") == WEB | {
        "code_challenge": "c0ffee",
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize(("flag", "sent"), [(True, "1"), (False, "0")])
def test_auto_auth_is_switched_by_a_digit(flag: bool, sent: str) -> None:
    """``disable_auto_auth`` goes as 1 or 0, and is left out when nobody said."""
    assert query_of(disable_auto_auth=flag) == WEB | {"disable_auto_auth": sent}


@given(
    PLAIN_TEXT,
    PLAIN_TEXT,
    st.lists(st.text("abc._", min_size=1), min_size=1, max_size=4),
    st.booleans(),
)
def test_any_text_survives_the_url(
    state: str,
    redirect: str,
    scopes: list[str],
    always: bool,
) -> None:
    """State, redirect URI and scopes come out of the URL as they went in."""
    url = build_authorization_url(
        AuthorizationRequest(PAGE, "key", tuple(scopes), redirect, state, None, always)
    )
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))

    assert (query["state"], query["redirect_uri"]) == (state, redirect)
    assert query["scope"].split(",") == scopes
    assert url.isascii()


@pytest.mark.parametrize(
    "query",
    [
        "code=Xy_-9aBcDeFgHiJkLmNoP%2A1%216431.u1&scopes=user.info.basic%2Cvideo.list&state=s+1",
        "?scopes=user.info.basic,video.list&state=s%201&code=Xy_-9aBcDeFgHiJkLmNoP*1!6431.u1",
        {"code": CODE, "scopes": "user.info.basic,video.list", "state": "s 1", "lang": "de"},
    ],
    ids=["encoded", "raw with question mark", "mapping"],
)
def test_success_is_read_in_every_form(query: str | dict[str, str]) -> None:
    """The code is decoded exactly once, in any order, from a query string or a mapping."""
    assert parse_callback(query) == Callback(
        state="s 1", code=Secret(CODE), scopes=("user.info.basic", "video.list")
    )


@pytest.mark.parametrize(
    ("query", "callback", "expected"),
    [
        (
            "error=access_denied&error_description=User+cancelled+authorization&state=s",
            Callback("s", None, (), "access_denied", "User cancelled authorization"),
            TOKEN,
        ),
        (
            "error=access_denied&error_type=non_sandbox_target&state=s",
            Callback("s", None, (), "access_denied", "non_sandbox_target"),
            TOKEN,
        ),
        (
            "error=param_error&errCode=10007&error_type=code_challenge",
            Callback("", None, (), "param_error", "code_challenge"),
            VALIDATION,
        ),
        ("error=server_error&errCode=10004", Callback("", error="server_error"), SERVER),
    ],
)
def test_error_is_read_and_typed(query: str, callback: Callback, expected: object) -> None:
    """A callback with an error has no code, and its error is of the contract's type."""
    read = parse_callback(query)
    error = callback_error(read)

    assert read == callback
    assert facts(error) == expected
    assert (error.tiktok_code, bool(error.message), bool(error.hint)) == (read.error, True, True)
    assert error.http_status is None


def test_error_beats_code() -> None:
    """A callback that brings both is believed to have failed."""
    assert parse_callback("code=abc&error=access_denied&state=s").code is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "state=only",
        "code=&error=",
        "code=a&code=b",
        "code=a&state=1&state=2",
        "code=" + "x" * 4097,
        "x" * 16385,
        {"code": ["a"]},
        {"code": None},
        {1: "code"},
        None,
        b"code=a",
        7,
        [("code", "a")],
        "https://app.example.com/cb?code=a",
    ],
)
def test_anything_else_is_refused_with_a_sentence(query: object) -> None:
    """What is no callback of TikTok's is a ValidationError that says why."""
    with pytest.raises(ValidationError) as caught:
        parse_callback(query)  # type: ignore[arg-type]  # wrong on purpose

    assert caught.value.message


def test_longest_values_are_taken() -> None:
    """Values of 4,096 characters are read: live codes are a few hundred long."""
    assert parse_callback("code=" + "x" * 4096).code == Secret("x" * 4096)


def test_callback_does_not_show_its_code() -> None:
    """A callback in a log shows no code."""
    assert CODE not in repr(parse_callback({"code": CODE, "state": STATE}))


def test_foreign_text_is_made_fit_for_logs() -> None:
    """Control characters and tokens in TikTok's words never reach an error."""
    read = parse_callback({"error": "a\nb", "error_description": "no \x1b[31m act.s3cret*1!1.u1"})

    assert (read.error, read.description) == ("a b", "no  [31m act.***")


@pytest.mark.parametrize("error", ["%00", "%0A%0D", "+", "\u200b"])
def test_error_of_nothing_printable_is_still_an_error(error: str) -> None:
    """A callback has a code or an error, even when nothing of the error can be shown."""
    callback = parse_callback(f"error={error}&state=s")

    assert callback.error
    assert callback_error(callback).tiktok_code


@given(PLAIN_TEXT.filter(bool), PLAIN_TEXT, st.lists(st.text("abc._", min_size=1), unique=True))
@example("a+b %2A", "ä&=#", ["x"])
def test_callback_round_trip(code: str, state: str, scopes: list[str]) -> None:
    """Whatever code, state and scopes TikTok encodes, the same come out."""
    query = urlencode({"code": code, "state": state, "scopes": ",".join(scopes)})

    assert parse_callback(query) == Callback(state, Secret(code), tuple(scopes))
    assert parse_callback(query) == parse_callback(dict(parse_qsl(query, keep_blank_values=True)))


def test_refused_argument_names_what_to_pass() -> None:
    """The sentence about a missing code says what to hand over."""
    error = refused(parse_callback, "state=s")

    assert "neither code nor error" in error.message
