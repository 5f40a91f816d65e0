"""What is rare: callers who go away, tokens that nearly are ours, tables that overflow."""

from __future__ import annotations

import random
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.limits import Limits
from tiktok_oauth.sandbox.live import LiveWorld
from tiktok_oauth.sandbox.mint import Claims, Mint
from tiktok_oauth.sandbox.notices import Notice
from tiktok_oauth.sandbox.outbox import Outbox
from tiktok_oauth.sandbox.posting import Post
from tiktok_oauth.sandbox.world import World

if TYPE_CHECKING:
    from tests.sandbox.visitor import Visitor
    from tiktok_oauth.sandbox.serve import Sandbox

MINT = Mint(bytes(32))
GOOD = MINT.seal("act", Claims(1, 2, 3.0))
FIELDS = "user.info.basic"


def half_a_call(sandbox: Sandbox, head: str) -> socket.socket:
    """Send the beginning of a call."""
    parts = urlsplit(sandbox.base_url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=5)
    connection.sendall(head.encode())
    return connection


def test_a_caller_may_go_away_amid_its_call(own_sandbox: Sandbox, guest: Visitor) -> None:
    """Nothing is counted, and the next one is served."""
    head = "POST /v2/oauth/token/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nclient"
    half_a_call(own_sandbox, head).close()

    assert guest.get("/").status == 200
    assert own_sandbox.requests() == []


def test_a_caller_may_go_away_amid_a_trickle(own_sandbox: Sandbox, guest: Visitor) -> None:
    """The rest is not sent to nobody."""
    own_sandbox.fault("trickle", seconds=0.001, count=1)
    with half_a_call(own_sandbox, "GET /v2/user/info/ HTTP/1.1\r\nHost: x\r\n\r\n") as caller:
        assert caller.recv(9) == b"HTTP/1.1 "

    assert guest.get("/").status == 200


def test_a_call_in_pieces_is_one(own_sandbox: Sandbox) -> None:
    """However its body is cut, and whatever is beyond what anybody reads."""
    size = 70_000
    head = f"POST /v2/oauth/revoke/ HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    with half_a_call(own_sandbox, head) as caller:
        for _ in range(7):
            caller.sendall(b"x" * 10_000)

        assert caller.recv(99).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "token",
    [
        "",
        GOOD[:-1],
        "é" * 76,
        GOOD.replace("act.", "rft."),
        "act." + "=" * 64 + GOOD[68:],
        "act." + "*" * 64 + GOOD[68:],
        "act.*" + GOOD[5:],
        GOOD[:40] + ("A" if GOOD[40] != "A" else "B") + GOOD[41:],
        GOOD[:69] + f"{(int(GOOD[69:73]) + 1) % 10_000:04}" + GOOD[73:],
    ],
)
def test_a_token_that_is_nearly_ours_is_none(token: str) -> None:
    """Every character counts."""
    assert MINT.open("act", GOOD) == Claims(1, 2, 3.0)
    assert MINT.open("act", token) is None


def test_a_mint_with_another_key_reads_nothing() -> None:
    """Worlds do not know each other's tokens."""
    assert Mint(bytes(31) + b"x").open("act", GOOD) is None


def test_who_has_been_silent_is_forgotten() -> None:
    """The table of limits stays small, however many callers there were."""
    limits = Limits()
    for number in range(10_001):
        limits.wait(0.0, ("user_info", number), 1)

    assert limits.wait(30.0, ("user_info", 0), 1) == 30.0
    assert limits.wait(61.0, ("user_info", 0), 1) == 0.0
    assert len(limits) == 1


@pytest.mark.slow
def test_the_oldest_post_makes_room(guest: Visitor) -> None:
    """There is no end of posts, but of memory."""
    posts = guest.sandbox.world.posts
    token = guest.token("video.upload")
    posts.update({str(n): Post(str(n), "k", "p", to_inbox=True, size=1) for n in range(10_000)})
    body = {"source_info": {"source": "PULL_FROM_URL", "video_url": "https://a.example"}}

    guest.data("/v2/post/publish/inbox/video/init/", token, body)

    assert len(posts) == 10_000
    assert "0" not in posts


def test_a_result_that_comes_after_a_reset_counts_for_nothing() -> None:
    """The webhook it belongs to has gone."""
    old, new = Outbox(), Outbox()
    old.accept(Notice("k", "e", 0, "o", "{}", 0.0), None)
    dispatch = old.next()
    assert dispatch is not None

    new.settle(dispatch, 0.0, 200)

    assert new.rows() == []


def test_a_world_without_a_listener_can_move(own_sandbox: Sandbox) -> None:
    """Nobody has to be there to be told."""
    live = LiveWorld(World(random.Random(1)), lambda: 0.0)  # noqa: S311 - a toy world
    with live as (world, _):
        world.advance(5)

    assert live.now() == 5
    assert own_sandbox.world is not live.world


def test_qr_codes_of_yesterday_are_forgotten(own_sandbox: Sandbox, guest: Visitor) -> None:
    """When a new one is shown."""
    form = {"client_key": DEFAULT_APP.client_key, "scope": FIELDS}
    guest.post("/v2/oauth/get_qrcode/", **form)
    own_sandbox.advance(86_400)
    guest.post("/v2/oauth/get_qrcode/", **form)

    assert len(own_sandbox.world.qr_logins) == 1


def test_a_file_that_is_not_ours_is_not_served(guest: Visitor) -> None:
    """Nor is one above."""
    assert guest.get("/_sandbox/static/nothing.css").status == 404
    assert guest.get("/_sandbox/static/../pages.py").status == 404


def test_a_fault_for_nobody_plays_for_nobody(own_sandbox: Sandbox, guest: Visitor) -> None:
    """A call without a token is nobody's; a list's items get names where types go wrong."""
    own_sandbox.fault("server_error", account="mina")

    assert guest.get("/v2/user/info/?fields=open_id").status == 401
    own_sandbox.clear_faults()
    token = guest.token("video.publish,video.list")
    own_sandbox.fault("wrong_types")
    answer = guest.data("/v2/post/publish/creator_info/query/", token).json
    assert answer["data"]["privacy_level_options"] == {"0": 18, "1": 21, "2": 9}
    upload = guest.send("PUT", "/video/?upload_id=x", b"")
    assert upload.text == "forbidden"


@pytest.mark.parametrize("fault", ["token_expired", "revoked_elsewhere", "family_killed"])
def test_a_fault_without_a_grant_changes_nothing(
    own_sandbox: Sandbox, guest: Visitor, fault: str
) -> None:
    """The call is answered as it would have been."""
    own_sandbox.fault(fault)

    assert guest.refresh("x").json["error"] == "invalid_grant"
