"""User info over HTTP: by field, by scope, and with two meanings of 401."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import Visitor, authorize_path
from tiktok_oauth.sandbox.catalog import Person
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

INFO = "/v2/user/info/?fields="
ALL_SCOPES = "user.info.basic,user.info.profile,user.info.stats"


@pytest.fixture
def token(visitor: Visitor) -> str:
    """An access token with the basic scope."""
    return str(visitor.exchange().json["access_token"])


def test_fields_come_sorted_in_an_envelope(visitor: Visitor, sandbox: Sandbox, token: str) -> None:
    """What was asked for, in alphabetical order, with an error object that says ok."""
    answer = visitor.get(INFO + "open_id,display_name,avatar_url", token)

    user = answer.json["data"]["user"]
    assert answer.status == 200
    assert list(answer.json) == ["data", "error"]
    assert list(user) == ["avatar_url", "display_name", "open_id"]
    assert user["display_name"] == "Mina Okafor"
    assert user["avatar_url"] == f"{sandbox.base_url}/_sandbox/avatars/mina.svg"
    assert answer.json["error"] == {
        "code": "ok",
        "message": "",
        "log_id": answer.headers["x-tt-logid"],
    }


def test_all_documented_fields_have_their_types(visitor: Visitor) -> None:
    """With all three scopes every field is there, counts as integers, verified as a boolean."""
    tokens = visitor.exchange(code=visitor.code(scope=ALL_SCOPES)).json
    fields = (
        "open_id,union_id,avatar_url,avatar_url_100,avatar_large_url,display_name,"
        "bio_description,profile_deep_link,profile_web_link,is_verified,username,"
        "follower_count,following_count,likes_count,video_count"
    )

    user = visitor.get(INFO + fields, tokens["access_token"]).json["data"]["user"]

    counts = {"follower_count", "following_count", "likes_count", "video_count"}
    assert list(user) == sorted(fields.split(","))
    assert {name for name, value in user.items() if type(value) is int} == counts
    assert {name for name, value in user.items() if type(value) is bool} == {"is_verified"}
    assert all(type(user[name]) is str for name in user.keys() - counts - {"is_verified"})


def test_a_field_without_its_scope_refuses_all(visitor: Visitor, token: str) -> None:
    """401, scope_not_authorized, and no data key at all."""
    answer = visitor.get(INFO + "open_id,follower_count", token)

    assert answer.status == 401
    assert list(answer.json) == ["error"]
    assert answer.json["error"]["code"] == "scope_not_authorized"


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer act.dead", "Basic abc"])
def test_a_dead_token_is_the_other_401(visitor: Visitor, authorization: str) -> None:
    """401, access_token_invalid, with an empty data object."""
    answer = visitor.send("GET", INFO + "open_id", None, [("Authorization", authorization)])

    assert answer.status == 401
    assert answer.json == {
        "data": {},
        "error": {
            "code": "access_token_invalid",
            "message": "The access token is invalid or not found in the request.",
            "log_id": answer.headers["x-tt-logid"],
        },
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "Fields is required, please provide fields in the request"),
        ("open_id,e-mail", "Fields e-mail are not valid"),
    ],
)
def test_fields_are_checked(visitor: Visitor, token: str, fields: str, message: str) -> None:
    """None, or one that does not exist, is a 400."""
    answer = visitor.get(INFO + fields, token)

    assert answer.status == 400
    assert answer.json["data"] == {}
    assert answer.json["error"]["code"] == "invalid_params"
    assert answer.json["error"]["message"] == message


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD"])
def test_a_wrong_method_is_an_unknown_page(visitor: Visitor, token: str, method: str) -> None:
    """TikTok answers 404, not 405."""
    headers = [("Authorization", f"Bearer {token}")]

    assert visitor.send(method, INFO + "open_id", b"", headers).status == 404


def test_ids_are_per_app_and_stable(visitor: Visitor) -> None:
    """The same person has the same open_id each time they consent."""
    assert visitor.exchange().json["open_id"] == visitor.exchange().json["open_id"]


@pytest.fixture
def strange() -> Iterator[Sandbox]:
    """A sandbox with somebody whose name is a script."""
    with Sandbox() as running:
        name = "<script>alert(1)</script> & Co"
        running.world.people["strange"] = Person("strange", name, "strange")
        yield running


@pytest.mark.slow
def test_a_strange_name_stays_text(strange: Sandbox) -> None:
    """JSON escapes what HTML would read, as TikTok's encoder does; pages escape it too."""
    visitor = Visitor(strange)
    callback = strange.authorize(strange.base_url + authorize_path(), person="strange")
    code = callback.partition("code=")[2].partition("&")[0]
    code = code.replace("%2A", "*").replace("%21", "!")
    token = visitor.exchange(code=code).json["access_token"]

    info = visitor.get(INFO + "display_name", token)
    pages = visitor.get(authorize_path()).text + visitor.get("/_sandbox/avatars/strange.svg").text

    assert b"\\u003cscript\\u003ealert(1)\\u003c/script\\u003e \\u0026 Co" in info.body
    assert info.json["data"]["user"]["display_name"] == "<script>alert(1)</script> & Co"
    assert "<script" not in pages
    assert "&lt;script&gt;" in pages
