"""What the data endpoints may answer, and what we make of it."""

from __future__ import annotations

from dataclasses import fields
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.protocol.answers import LOG_ID, OK, answer, data_error, facts, oauth_error, refused
from tests.protocol.contract import EXPIRED, SCOPE, UNKNOWN_SUCCESS, expected
from tiktok_oauth.protocol.data import parse_data, parse_user_info
from tiktok_oauth.protocol.endpoints import FIELD_SCOPES
from tiktok_oauth.types import JsonObject, TikTokUserInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpResponse

PROFILE: JsonObject = {
    "open_id": "-000person",
    "union_id": "u",
    "avatar_url": "https://p16.example/a~c5.webp?x-expires=1&x-signature=a%2Bb%3D",
    "avatar_url_100": "https://p16.example/100",
    "avatar_large_url": "https://p16.example/large",
    "display_name": "Ada 🦊 \u200f",
    "bio_description": "",
    "profile_deep_link": "https://vm.tiktok.com/x/",
    "profile_web_link": "https://www.tiktok.com/@ada",
    "is_verified": True,
    "username": "ada",
    "follower_count": 2**62,
    "following_count": 0,
    "likes_count": 1,
    "video_count": 20,
}
WRONG_VALUES: list[object] = [[], "odd", 5, True]
WRONG_FIELDS: list[tuple[str, object]] = [
    *(("username", 5), ("is_verified", 1), ("follower_count", "5"), ("likes_count", 5.5)),
    *(("video_count", True), ("following_count", []), ("union_id", {})),
]
PARSERS: dict[str, Callable[[HttpResponse], object]] = {
    "user info": parse_user_info,
    "data": parse_data,
}


def user(profile: object, error: object = OK) -> dict[str, object]:
    """A user-info answer."""
    return {"data": {"user": profile}, "error": error}


@pytest.mark.parametrize("status", [200, 401, 500])
def test_every_field_is_read(status: int) -> None:
    """All fifteen documented fields arrive unchanged; 64-bit counts keep their value."""
    info = parse_user_info(answer(user(PROFILE), status))

    assert info == TikTokUserInfo(**PROFILE)  # type: ignore[arg-type]  # fields by name, of several types
    assert {f.name for f in fields(info)} == set(PROFILE) == set(FIELD_SCOPES)


def test_absent_and_null_are_none() -> None:
    """What TikTok leaves out or sets to null is None; what nobody documented is dropped."""
    body = user({"open_id": "o", "union_id": None, "email": "a@b.example"})

    assert parse_user_info(answer(body)) == TikTokUserInfo("o")


@pytest.mark.parametrize("error", [OK, None, {}, {"code": "ok"}])
def test_success_does_not_depend_on_the_ok(error: object) -> None:
    """An error object that says ok, nothing, or is missing, is no error."""
    assert parse_user_info(answer(user({"open_id": "o"}, error))) == TikTokUserInfo("o")
    assert parse_data(answer({"data": {"a": 1}, "error": error})) == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        *map(user, [None, {}, [], "x", {"open_id": ""}, {"open_id": 5}]),
        *(user({"open_id": "o", name: value}) for name, value in WRONG_FIELDS),
        *({"data": value, "error": OK} for value in WRONG_VALUES),
        *({"data": {"user": {"open_id": "o"}}, "error": value} for value in WRONG_VALUES),
        {"user": {"open_id": "o"}},
        {},
    ],
)
def test_wrong_profile_is_typed(body: object) -> None:
    """A profile of wrong types, or without open_id, is an answer in no known shape."""
    error = refused(parse_user_info, answer(body))

    assert not error.retryable


@pytest.mark.parametrize(
    "code",
    [
        *("access_token_invalid", "scope_not_authorized", "scope_permission_missed"),
        *("rate_limit_exceeded", "internal_error", "invalid_params", "spam_risk_too_many_posts"),
        "never_heard_of_it",
    ],
)
@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_error_is_typed_by_its_code(parse: Callable[[HttpResponse], object], code: str) -> None:
    """The code in the error object decides at every status, with and without ``data``."""
    bodies = data_error(code), {"error": data_error(code)["error"]}
    for body, status in product(bodies, (200, 400, 401, 403, 500)):
        response = answer(body, status)

        error = refused(parse, response)

        assert facts(error) == expected(code, status)
        assert (error.tiktok_code, error.log_id) == (code, LOG_ID)
        assert (error.message, error.http_status) == ("Not today.", status)


def test_the_two_meanings_of_401_are_told_apart() -> None:
    """A dead token wants a refresh, a missing scope a new consent: both come with 401."""
    dead = refused(parse_user_info, answer(data_error("access_token_invalid"), 401))
    scope = refused(parse_user_info, answer({"error": {"code": "scope_not_authorized"}}, 401))

    assert (facts(dead), facts(scope)) == (EXPIRED, SCOPE)


def test_oauth_error_on_a_data_endpoint_is_typed() -> None:
    """An error in the OAuth endpoints' shape is understood here too."""
    error = refused(parse_data, answer(oauth_error("invalid_client"), 401))

    assert facts(error) == expected("invalid_client", 401)


def test_data_is_handed_over_as_it_is() -> None:
    """Whatever the data object holds arrives unchanged: nested, null, large, in any script."""
    held: JsonObject = {"videos": [{"id": "7", "n": 2**53 + 1, "t": None, "d": 0.5}], "é": "ü"}

    assert parse_data(answer({"data": held, "error": OK})) == held


@pytest.mark.parametrize("data", ["absent", None, {}])
def test_ok_without_data_is_an_empty_object(data: object) -> None:
    """TikTok's own string decides: an answer that says ok is a success, with or without data."""
    body = {"error": OK} if data == "absent" else {"data": data, "error": OK}

    assert parse_data(answer(body)) == {}


@pytest.mark.parametrize("body", [{}, {"data": [1]}, {"data": "x"}, [], 5, {"error": []}])
def test_other_data_is_typed(body: object) -> None:
    """An answer that neither says ok nor has a data object is in no known shape."""
    assert facts(refused(parse_data, answer(body))) == UNKNOWN_SUCCESS
