"""A world as JSON, and back: what survives a restart, and what a test can be handed."""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.sandbox.catalog import App, Count, Person  # noqa: TC001 - msgspec reads the types
from tiktok_oauth.sandbox.grants import Grant, Grants
from tiktok_oauth.sandbox.knobs import Knobs  # noqa: TC001 - as above
from tiktok_oauth.sandbox.mint import Mint
from tiktok_oauth.sandbox.pace import Pace
from tiktok_oauth.sandbox.posting import Post  # noqa: TC001 - as above
from tiktok_oauth.sandbox.qr import QrLogin  # noqa: TC001 - as above
from tiktok_oauth.sandbox.rules import Rule, make_rule
from tiktok_oauth.sandbox.world import Code, World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Snapshot:
    version: int
    key: Annotated[bytes, Meta(min_length=32, max_length=64)]
    drawn: Count
    offset: float
    knobs: Knobs
    apps: tuple[App, ...]
    people: tuple[Person, ...]
    codes: dict[str, Code]
    last_grant: Count
    grants: tuple[Grant, ...]
    rate: float = 1.0
    qr_logins: dict[str, QrLogin] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()
    faults: tuple[dict[str, object], ...] = ()


def export_world(world: World, ahead: float, rules: Iterable[Rule] = ()) -> bytes:
    """Return the whole world as JSON. It holds the secrets of its apps.

    Args:
        world: what to write.
        ahead: how far its clock is ahead of the machine's now.
        rules: the faults that are switched on.
    """
    return msgspec.json.encode(
        _Snapshot(
            _VERSION,
            world.mint.key,
            world.mint.drawn,
            ahead,
            world.knobs,
            tuple(world.apps.values()),
            tuple(world.people.values()),
            dict(world.codes),
            world.grants.last,
            tuple(world.grants),
            world.pace.rate,
            dict(world.qr_logins),
            tuple(world.posts.values()),
            tuple(asdict(rule) for rule in rules),
        )
    )


def import_world(exported: bytes) -> tuple[World, list[Rule]]:
    """Return the world that was exported, and the faults that were switched on.

    Raises:
        ValidationError: this is no exported world; the sentence says what is wrong.
    """
    snapshot = _decode(exported)
    apps = {app.client_key for app in snapshot.apps}
    people = {person.person_id for person in snapshot.people}
    connected = {(grant.client_key, grant.person_id) for grant in snapshot.grants}
    connected |= {(c.consent.client_key, c.consent.person_id) for c in snapshot.codes.values()}
    connected |= {(post.client_key, post.person_id) for post in snapshot.posts}
    apps_known = {login.client_key for login in snapshot.qr_logins.values()} <= apps
    if not (apps_known and all(app in apps and who in people for app, who in connected)):
        raise invalid_argument("The world has a grant, a code, a QR login or a post of nobody.")
    world = World(
        random.Random(0),  # noqa: S311 - its key is replaced at once
        knobs=snapshot.knobs,
        apps=snapshot.apps,
        people=snapshot.people,
    )
    world.mint = Mint(snapshot.key, snapshot.drawn)
    world.pace = Pace().advanced(snapshot.offset).at_rate(snapshot.rate, machine=0.0)
    world.codes = OrderedDict(snapshot.codes)
    world.grants = Grants(snapshot.grants, snapshot.last_grant)
    world.qr_logins = OrderedDict(snapshot.qr_logins)
    world.posts = OrderedDict((post.publish_id, post) for post in snapshot.posts)
    return world, [make_rule(fault) for fault in snapshot.faults]


def _decode(exported: bytes) -> _Snapshot:
    problem = ""
    snapshot: Any = None
    try:
        snapshot = msgspec.json.decode(exported, type=_Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        problem = str(wrong)
    if problem:
        raise invalid_argument(f"This is no exported world: {problem}.")
    result: _Snapshot = snapshot
    if result.version != _VERSION:
        raise invalid_argument(f"This world is of version {result.version}, not {_VERSION}.")
    return result
