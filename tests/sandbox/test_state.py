"""People come and go, and a world survives being written down."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.http import Call
from tiktok_oauth.sandbox.mint import open_id
from tiktok_oauth.sandbox.notices import Notice, Reason
from tiktok_oauth.sandbox.posting import Post
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.sandbox.state import export_world, import_world
from tiktok_oauth.sandbox.world import Consent, OAuthRefusal, TokenSet, World

NOW = 1_795_000_000.0
KEY = DEFAULT_APP.client_key
HOOKED = replace(DEFAULT_APP, webhook_url="http://127.0.0.1:9/hook")


@pytest.fixture
def world() -> World:
    """A reproducible world whose app hears of events."""
    return World(random.Random(1), apps=[HOOKED])  # noqa: S311 - a toy world


def connect(world: World, person: str = "mina") -> TokenSet:
    """Return the tokens of a new grant."""
    return world.begin_grant(NOW, Consent(KEY, person, ("video.list",), None))


@pytest.mark.parametrize(
    ("reason", "status"),
    [(Reason.DELETED, "deleted"), (Reason.BANNED, "banned"), (Reason.AGE_CHANGED, "active")],
)
def test_who_leaves_is_gone_from_every_app(world: World, reason: Reason, status: str) -> None:
    """The grants end, and the app is told why, once."""
    tokens = connect(world)
    connect(world)

    world.leave(NOW, "mina", reason)

    account = open_id(KEY, "mina")
    content = f'{{"reason": {int(reason)}}}'
    assert world.notices == [Notice(KEY, "authorization.removed", int(NOW), account, content, NOW)]
    assert world.bearer(NOW, tokens.access_token) is None
    assert world.people["mina"].status == status


def test_a_person_disconnects_one_app(world: World) -> None:
    """Reason 1; what others granted stays, and disconnecting twice is no event."""
    connect(world)
    other = connect(world, "ha")

    assert world.disconnect(NOW, KEY, "mina", Reason.DISCONNECTED)
    assert not world.disconnect(NOW, KEY, "mina", Reason.DISCONNECTED)

    assert [notice.content for notice in world.notices] == ['{"reason": 1}']
    assert world.bearer(NOW, other.access_token) is not None


def test_a_revoked_app_is_told_so(world: World) -> None:
    """Reason 5; an app without an address for events hears nothing."""
    tokens = connect(world)
    world.revoke(NOW, HOOKED, tokens.access_token)
    world.apps[KEY] = DEFAULT_APP
    world.revoke(NOW, DEFAULT_APP, connect(world).access_token)

    assert [notice.content for notice in world.notices] == ['{"reason": 5}']


def test_a_world_comes_back_as_it_was(world: World) -> None:
    """Tokens, codes, people and the clock; nothing is issued twice."""
    world.advance(3_600)
    tokens, rotated = connect(world), connect(world, "ha")
    world.refresh(NOW, HOOKED, world.mint.open("rft", rotated.refresh_token))
    code = world.consent(NOW, Consent(KEY, "jonas", (), None))

    again, _ = import_world(export_world(world, world.pace.offset))

    assert again.pace.offset == 3_600
    assert again.bearer(NOW, tokens.access_token) == world.bearer(NOW, tokens.access_token)
    assert (
        again.refresh(NOW, HOOKED, again.mint.open("rft", tokens.refresh_token)).open_id
        == tokens.open_id
    )
    with pytest.raises(OAuthRefusal):
        again.refresh(NOW, HOOKED, again.mint.open("rft", rotated.refresh_token))
    assert again.exchange(NOW, HOOKED, code, redirect_uri="x", verifier=None).scope
    assert again.log_id(NOW) == world.log_id(NOW)


def test_logins_and_posts_under_way_come_back() -> None:
    """So do the faults, with what is left of their counts; the ledger does not."""
    first = Sandbox(seed=1, clock=lambda: NOW)
    first.fault("server_error", endpoint="refresh", count=2, retry_after=3)
    form = b"client_key=sbawsandbox0000001&scope=video.list&grant_type=refresh_token"
    headers = ((b"content-type", b"application/x-www-form-urlencoded"),)
    for path in ("/v2/oauth/token/", "/v2/oauth/get_qrcode/"):
        first.respond(Call("POST", path, b"", headers, form, len(form)))
    first.world.posts["p1"] = Post("p1", KEY, "mina", to_inbox=True, size=9, upload_token="t")

    second = Sandbox(seed=2, clock=lambda: NOW)
    second.import_state(first.export_state())

    assert [(rule.count, rule.retry_after) for rule in second.faults()] == [(1, 3)]
    assert second.faults() == first.faults()
    assert list(second.world.qr_logins.values()) == list(first.world.qr_logins.values()) != []
    assert second.world.posts == first.world.posts
    assert second.requests() == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"key": ""},
        {"offset": -1},
        {"rate": 0},
        {"offset": 1e300},
        {"apps": []},
        {"people": []},
        {"knobs": {"rotation": "x"}},
        {"last_grant": -1},
        {"faults": [{"fault": "sloow"}]},
        {"posts": [{"publish_id": "p", "client_key": "x", "person_id": "mina", "to_inbox": True}]},
        {"qr_logins": {"t": {"client_key": "x", "scopes": [], "state": "", "dies": 1}}},
    ],
)
def test_what_is_no_world_is_refused(world: World, change: dict[str, object]) -> None:
    """With a sentence."""
    connect(world)
    exported = json.loads(export_world(world, world.pace.offset))

    with pytest.raises(ValidationError):
        import_world(json.dumps({**exported, **change}).encode())


@pytest.mark.parametrize("noise", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_noise_is_no_world(noise: bytes) -> None:
    """Nor is it a crash."""
    with pytest.raises(ValidationError):
        import_world(noise)


def test_a_seed_makes_the_same_world() -> None:
    """The same codes and tokens in every run, and others with another seed."""
    first, second, third = (
        connect(World(random.Random(seed))).access_token  # noqa: S311 - a toy world
        for seed in (1, 1, 2)
    )

    assert first == second
    assert first != third
