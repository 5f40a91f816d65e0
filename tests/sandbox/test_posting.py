"""Content posting over HTTP: creator info, the four kinds of post, upload and status."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tiktok_oauth.sandbox.catalog import DEFAULT_APP

if TYPE_CHECKING:
    from tests.sandbox.visitor import Answer, Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

POST = "/v2/post/publish/"
MEGABYTE = 1024 * 1024
PUBLIC = {"privacy_level": "PUBLIC_TO_EVERYONE"}
PULLED = {"source": "PULL_FROM_URL", "video_url": "https://app.example/a.mp4"}


@pytest.fixture
def token(guest: Visitor) -> str:
    """An access token that may post and put drafts."""
    return guest.token("video.publish,video.upload")


def chunked(size: int, chunk: int, count: int) -> dict[str, object]:
    """Return where a file of this size comes from."""
    return {
        "source": "FILE_UPLOAD",
        "video_size": size,
        "chunk_size": chunk,
        "total_chunk_count": count,
    }


def put(guest: Visitor, url: str, part: bytes, begin: int, total: int) -> Answer:
    """Upload some bytes."""
    content_range = f"bytes {begin}-{begin + len(part) - 1}/{total}"
    path = "/video/" + url.partition("/video/")[2]
    return guest.send("PUT", path, part, [("Content-Range", content_range)])


def status(guest: Visitor, token: str, publish_id: str) -> object:
    """Return where a post stands."""
    return guest.data(POST + "status/fetch/", token, {"publish_id": publish_id}).json.get("data")


def test_a_public_creator(guest: Visitor, token: str) -> None:
    """Everybody is among the privacy levels."""
    data = guest.data(POST + "creator_info/query/", token).json["data"]

    assert list(data) == sorted(data)
    assert data["privacy_level_options"][0] == "PUBLIC_TO_EVERYONE"
    assert data["creator_username"] == "mina.makes"


def test_a_private_creator(guest: Visitor, own_sandbox: Sandbox, token: str) -> None:
    """Followers instead of everybody; no duets, no stitches."""
    people = own_sandbox.world.people
    people["mina"] = replace(people["mina"], is_private=True)

    data = guest.data(POST + "creator_info/query/", token).json["data"]

    assert data["privacy_level_options"][0] == "FOLLOWER_OF_CREATOR"
    assert (data["duet_disabled"], data["stitch_disabled"]) == (True, True)


def test_a_file_is_uploaded_in_chunks_and_published(guest: Visitor, token: str) -> None:
    """206 for a part, 201 for the last; the status follows."""
    size = 11 * MEGABYTE
    body = {"post_info": PUBLIC, "source_info": chunked(size, 5 * MEGABYTE, 2)}
    begun = guest.data(POST + "video/init/", token, body).json["data"]
    url, publish_id = begun["upload_url"], begun["publish_id"]
    first, last = bytes(5 * MEGABYTE), bytes(6 * MEGABYTE)

    assert publish_id.startswith("v_pub_file~v2-1.")
    assert status(guest, token, publish_id) == {"status": "PROCESSING_UPLOAD", "uploaded_bytes": 0}
    assert put(guest, url, first, 0, size).status == 206
    assert put(guest, url, first, 0, size).status == 416
    assert put(guest, url, last, len(first), size).status == 201
    assert put(guest, url, last, len(first), size).status == 416
    assert status(guest, token, publish_id) == {"status": "PUBLISH_COMPLETE"}


def test_an_upload_needs_its_token(guest: Visitor, token: str) -> None:
    """The URL is the secret: without its last part there is nothing to put to."""
    body = {"source_info": chunked(10, 10, 1)}
    url = guest.data(POST + "inbox/video/init/", token, body).json["data"]["upload_url"]

    assert put(guest, url[:-1], bytes(10), 0, 10).status == 403
    assert put(guest, "/video/?upload_id=x", bytes(10), 0, 10).status == 403
    assert put(guest, url, bytes(10), 0, 10).status == 201


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            "video/init/",
            {"post_info": PUBLIC, "source_info": PULLED},
            ("v_pub_url~v2-1", "PUBLISH_COMPLETE"),
        ),
        (
            "inbox/video/init/",
            {"source_info": PULLED},
            ("v_inbox_url~v2", "SEND_TO_USER_INBOX"),
        ),
        (
            "content/init/",
            {
                "post_info": PUBLIC,
                "source_info": {"source": "PULL_FROM_URL", "photo_images": ["https://a.example"]},
            },
            ("p_pub_url~v2", "PUBLISH_COMPLETE"),
        ),
        (
            "content/init/",
            {
                "post_mode": "MEDIA_UPLOAD",
                "source_info": {"source": "PULL_FROM_URL", "photo_images": ["https://a.example"]},
            },
            ("p_inbox_url~v2", "SEND_TO_USER_INBOX"),
        ),
    ],
)
def test_what_is_pulled_takes_ten_seconds(
    guest: Visitor, token: str, path: str, body: object, expected: tuple[str, str]
) -> None:
    """The id tells the kind; downloading first, then done."""
    publish_id = guest.data(POST + path, token, body).json["data"]["publish_id"]

    before = status(guest, token, publish_id)
    guest.sandbox.advance(10)

    kind, end = expected
    assert publish_id.partition(".")[0] == kind
    assert isinstance(before, dict)
    assert before["status"] == "PROCESSING_DOWNLOAD"
    assert status(guest, token, publish_id) == {"status": end}


@pytest.mark.parametrize(
    "source",
    [
        chunked(20 * MEGABYTE, 4 * MEGABYTE, 5),
        chunked(20 * MEGABYTE, 6 * MEGABYTE, 4),
        chunked(20 * MEGABYTE, 30 * MEGABYTE, 1),
        chunked(100, 50, 2),
        chunked(100, 100, 2),
    ],
)
def test_chunks_of_a_wrong_size_are_refused(
    guest: Visitor, token: str, source: dict[str, object]
) -> None:
    """In the words that were seen."""
    answer = guest.data(POST + "inbox/video/init/", token, {"source_info": source})

    assert answer.status == 400
    assert answer.json["error"]["code"] == "invalid_params"
    assert answer.json["error"]["message"] == "The chunk size is invalid"


def test_other_wrong_posts_are_refused(guest: Visitor, own_sandbox: Sandbox, token: str) -> None:
    """No URL, a level that the creator does not have, an app that was not audited."""
    nowhere = {"post_info": PUBLIC, "source_info": {"source": "PULL_FROM_URL"}}
    unknown = {"post_info": {"privacy_level": "ALL"}, "source_info": PULLED}
    codes = [
        guest.data(POST + path, token, body).json["error"]["code"]
        for path, body in (
            ("video/init/", nowhere),
            ("content/init/", nowhere),
            ("video/init/", unknown),
            ("status/fetch/", {"publish_id": "x"}),
        )
    ]
    apps = own_sandbox.world.apps
    apps[own_sandbox.client_key] = replace(apps[own_sandbox.client_key], audited=False)
    answer = guest.data(POST + "video/init/", token, {"post_info": PUBLIC, "source_info": PULLED})

    assert codes == [
        "invalid_params",
        "invalid_params",
        "privacy_level_option_mismatch",
        "invalid_publish_id",
    ]
    assert answer.status == 403
    assert answer.json["error"]["code"] == "unaudited_client_can_only_post_to_private_accounts"


def test_a_post_belongs_to_its_creator(guest: Visitor, own_sandbox: Sandbox, token: str) -> None:
    """Another person's token does not open it."""
    body = {"source_info": PULLED}
    publish_id = guest.data(POST + "inbox/video/init/", token, body).json["data"]["publish_id"]
    world = own_sandbox.world
    other = guest.exchange(code=guest.code(scope="video.upload")).json["access_token"]
    post = world.posts[publish_id]
    world.posts[publish_id] = replace(post, person_id="ha")

    answer = guest.data(POST + "status/fetch/", other, {"publish_id": publish_id})

    assert answer.json["error"]["code"] == "token_not_authorized_for_specified_publish_id"


def test_photos_need_the_scope_of_their_mode(guest: Visitor) -> None:
    """A draft needs video.upload, a post video.publish."""
    token = guest.token("video.upload")
    body = {"post_info": PUBLIC, "source_info": {"source": "PULL_FROM_URL", "photo_images": ["a"]}}

    answer = guest.data(POST + "content/init/", token, body)

    assert answer.json["error"]["code"] == "scope_not_authorized"


def test_posting_is_limited_for_each_person(guest: Visitor, token: str) -> None:
    """Six posts a minute."""
    body = {"source_info": PULLED}

    statuses = [guest.data(POST + "inbox/video/init/", token, body).status for _ in range(7)]

    assert statuses == [200] * 6 + [429]


def test_a_post_under_way_is_cancelled(guest: Visitor, own_sandbox: Sandbox, token: str) -> None:
    """It has failed then, its upload is refused, and the app hears of nothing else."""
    own_sandbox.add_app(replace(DEFAULT_APP, webhook_url="http://127.0.0.1:1/"))
    fields = {"post_info": PUBLIC, "source_info": PULLED}
    publish_id = guest.data(POST + "video/init/", token, fields).json["data"]["publish_id"]
    answer = guest.data(POST + "cancel/", token, {"publish_id": publish_id})

    assert (answer.status, list(answer.json)) == (200, ["error"])
    assert answer.json["error"]["code"] == "ok"
    assert status(guest, token, publish_id) == {
        "fail_reason": "publish_cancelled",
        "status": "FAILED",
    }
    hooks = own_sandbox.webhooks()
    assert [(one.notice.event, one.status) for one in hooks] == [
        ("post.publish.complete", "dropped"),
        ("post.publish.failed", "pending"),
    ]


def test_an_upload_that_was_cancelled_is_refused(guest: Visitor, token: str) -> None:
    """The rest of the bytes is not wanted."""
    fields = {"source_info": chunked(10, 10, 1)}
    begun = guest.data(POST + "inbox/video/init/", token, fields).json["data"]
    guest.data(POST + "cancel/", token, {"publish_id": begun["publish_id"]})

    assert put(guest, begun["upload_url"], b"0123456789", 0, 10).status == 416


def test_what_is_over_cannot_be_cancelled(guest: Visitor, own_sandbox: Sandbox, token: str) -> None:
    """Published, cancelled already, unknown, or somebody else's."""
    fields = {"post_info": PUBLIC, "source_info": PULLED}
    publish_id = guest.data(POST + "video/init/", token, fields).json["data"]["publish_id"]
    other = own_sandbox.grant("ha", ["video.publish"]).access_token

    def code(access_token: str, publish_id: str = publish_id) -> object:
        answer = guest.data(POST + "cancel/", access_token, {"publish_id": publish_id})
        return answer.status, answer.json["error"]["code"]

    assert code(other) == (400, "token_not_authorized_for_specified_publish_id")
    assert code(token, "unknown") == (400, "invalid_publish_id")
    own_sandbox.advance(10)
    assert code(token) == (400, "publish_not_cancellable")
