"""Video list and query over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.visitor import Visitor

LIST = "/v2/video/list/?fields="
QUERY = "/v2/video/query/?fields="
ALL_FIELDS = (
    "comment_count,cover_image_url,create_time,duration,embed_html,embed_link,height,id,"
    "like_count,share_count,share_url,title,video_description,view_count,width"
)


@pytest.fixture
def token(guest: Visitor) -> str:
    """An access token that may list videos."""
    return guest.token("video.list")


def test_a_page_of_videos_is_sorted_twice(guest: Visitor, token: str) -> None:
    """Newest first, and the keys of each by alphabet; cursor, has_more and videos beside them."""
    data = guest.data(LIST + ALL_FIELDS, token, {"max_count": 3}).json["data"]

    times = [video["create_time"] for video in data["videos"]]
    assert list(data) == ["cursor", "has_more", "videos"]
    assert data["has_more"] is True
    assert data["cursor"] == times[-1] * 1_000
    assert times == sorted(times, reverse=True)
    assert list(data["videos"][0]) == ALL_FIELDS.split(",")


def test_the_cursor_leads_through_all_videos(guest: Visitor, token: str) -> None:
    """Page by page, each of the 186 once, and then there are no more."""
    found: list[str] = []
    cursor, more = 0, True
    while more:
        data = guest.data(LIST + "id", token, {"cursor": cursor, "max_count": 20}).json["data"]
        found += [video["id"] for video in data["videos"]]
        cursor, more = data["cursor"], data["has_more"]

    beyond = guest.data(LIST + "id", token, {"cursor": 1}).json["data"]
    assert len(set(found)) == len(found) == 186
    assert beyond == {"cursor": 0, "has_more": False, "videos": []}


def test_videos_are_found_by_id(guest: Visitor, token: str) -> None:
    """Those of others, and those that never were, are left out without a word."""
    known = guest.data(LIST + "id", token, {"max_count": 1}).json["data"]["videos"]
    ids = [known[0]["id"], "7000000000000000000", "x", "9" * 30]

    answer = guest.data(QUERY + "id", token, {"filters": {"video_ids": ids}})

    assert answer.json["data"] == {"cursor": 0, "has_more": False, "videos": known}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LIST, {}),
        (LIST + "id,nothing", {}),
        (LIST + "id", {"max_count": 21}),
        (LIST + "id", {"cursor": "x"}),
        (LIST + "id", []),
        (QUERY + "id", {}),
        (QUERY + "id", {"filters": {"video_ids": []}}),
    ],
)
def test_a_wrong_question_is_refused(guest: Visitor, token: str, path: str, body: object) -> None:
    """400, invalid_params."""
    answer = guest.data(path, token, body)

    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_params")


def test_listing_needs_its_scope(guest: Visitor) -> None:
    """401 with the other meaning, and without data."""
    answer = guest.data(LIST + "id", guest.token("user.info.basic"))

    assert answer.status == 401
    assert list(answer.json) == ["error"]
    assert answer.json["error"]["code"] == "scope_not_authorized"


@pytest.mark.slow
def test_the_600th_call_of_a_minute_is_the_last(guest: Visitor, token: str) -> None:
    """Then 429 until the minute is over; other endpoints have counts of their own."""
    statuses = [guest.data(LIST + "id", token, {"max_count": 1}).status for _ in range(601)]
    elsewhere = guest.data(QUERY + "id", token, {"filters": {"video_ids": ["x"]}})

    assert set(statuses[:600]) == {200}
    assert statuses[600] == 429
    assert elsewhere.status == 200


def test_the_headers_are_those_of_tiktok(guest: Visitor, token: str) -> None:
    """A log id that is the body's, and the others that answers were recorded with."""
    answer = guest.data(LIST + "id", token)

    assert answer.headers["x-tt-logid"] == answer.json["error"]["log_id"]
    for name in [
        "x-janus-info",
        "x-tt-trace-id",
        "x-tt-trace-tag",
        "x-tt-trace-host",
        "x-tt-origin-idc",
        "server-timing",
        "cache-control",
        "pragma",
        "expires",
        "x-parent-response-time",
        "x-origin-response-time",
        "access-control-allow-origin",
        "access-control-expose-headers",
    ]:
        assert answer.headers[name]
