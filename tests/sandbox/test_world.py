"""The world alone: what a code, a grant and a token live through. No HTTP."""

from __future__ import annotations

import hashlib
import random

import pytest

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, App
from tiktok_oauth.sandbox.knobs import Knobs
from tiktok_oauth.sandbox.world import Consent, OAuthRefusal, TokenSet, World

NOW = 1_795_000_000.0
REDIRECT_URI = "https://app.example/callback"
OTHER_APP = App("sbawother000000001", "other-secret", "Other app")
EXPIRED_CODE = "invalid_grant: Authorization code is expired."
DEAD_REFRESH = "invalid_grant: Refresh token is invalid or expired."


@pytest.fixture
def world() -> World:
    """A reproducible world with two apps."""
    return World(random.Random(1), apps=(DEFAULT_APP, OTHER_APP))  # noqa: S311 - a toy world


def code_for(world: World, *, challenge: str | None = None, scopes: tuple[str, ...] = ()) -> str:
    """Return a code that Mina gave the default app."""
    consent = Consent(DEFAULT_APP.client_key, "mina", scopes, REDIRECT_URI, challenge)
    return world.consent(NOW, consent)


def exchange(
    world: World, code: str, *, now: float = NOW, app: App = DEFAULT_APP, verifier: str = ""
) -> TokenSet:
    """Exchange a code with the right redirect URI."""
    return world.exchange(now, app, code, redirect_uri=REDIRECT_URI, verifier=verifier)


def test_lifetimes_are_those_of_november_2026(world: World) -> None:
    """An access token lives two hours and a grant a hundred and eighty days."""
    tokens = exchange(world, code_for(world))

    assert (tokens.expires_in, tokens.refresh_expires_in) == (7_200, 15_552_000)


def test_a_code_is_spent_once(world: World) -> None:
    """A second exchange of a code says what a late one says."""
    code = code_for(world)
    exchange(world, code)

    with pytest.raises(OAuthRefusal) as refused:
        exchange(world, code)

    assert str(refused.value) == EXPIRED_CODE


def test_a_code_lives_five_minutes(world: World) -> None:
    """A code works up to its last second and not at its end."""
    late, just = code_for(world), code_for(world)

    assert exchange(world, just, now=NOW + 299).expires_in == 7_200
    with pytest.raises(OAuthRefusal, match="code is expired"):
        exchange(world, late, now=NOW + 300)


def test_a_code_belongs_to_its_app(world: World) -> None:
    """Another app cannot exchange it, and trying does not spend it."""
    code = code_for(world)

    with pytest.raises(OAuthRefusal, match="code is expired"):
        exchange(world, code, app=OTHER_APP)
    assert exchange(world, code).open_id.startswith("-000")


def test_the_challenge_is_lower_case_hex(world: World) -> None:
    """The hex SHA-256 of the verifier is accepted; RFC 7636's base64url is refused."""
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).hexdigest()
    good, bad = code_for(world, challenge=digest), code_for(world, challenge=digest.upper())

    assert exchange(world, good, verifier=verifier).scope == "user.info.basic"
    with pytest.raises(OAuthRefusal, match="Code verifier or code challenge is invalid"):
        exchange(world, bad, verifier=verifier)


def test_a_verifier_without_a_challenge_is_ignored(world: World) -> None:
    """Clients that always send a verifier get their tokens."""
    assert exchange(world, code_for(world), verifier="whatever").expires_in == 7_200


def test_scopes_come_in_the_servers_order(world: World) -> None:
    """The order asked in does not matter, and the basic scope is always there."""
    code = code_for(world, scopes=("video.list", "video.upload", "user.info.stats"))

    assert exchange(world, code).scope == (
        "user.info.basic,user.info.stats,video.upload,video.list"
    )


def test_a_refresh_rotates_and_counts_down(world: World) -> None:
    """The sent token dies, and the grant's end does not move."""
    first = exchange(world, code_for(world))

    second = world.refresh(NOW + 20, DEFAULT_APP, world.mint.open("rft", first.refresh_token))

    assert second.refresh_token != first.refresh_token
    assert second.refresh_expires_in == 15_552_000 - 20
    with pytest.raises(OAuthRefusal) as refused:
        world.refresh(NOW + 21, DEFAULT_APP, world.mint.open("rft", first.refresh_token))
    assert str(refused.value) == DEAD_REFRESH


def test_a_grant_ends_however_often_it_is_refreshed(world: World) -> None:
    """A hundred and eighty days after the consent nothing of it works."""
    tokens = exchange(world, code_for(world))
    tokens = world.refresh(
        NOW + 15_551_999, DEFAULT_APP, world.mint.open("rft", tokens.refresh_token)
    )

    assert world.bearer(NOW + 15_552_000, tokens.access_token) is None
    with pytest.raises(OAuthRefusal, match="Refresh token is invalid"):
        world.refresh(NOW + 15_552_000, DEFAULT_APP, world.mint.open("rft", tokens.refresh_token))


def test_an_old_access_token_outlives_a_refresh(world: World) -> None:
    """A refresh does not touch the access token before it, which ends at its own time."""
    first = exchange(world, code_for(world))
    world.refresh(NOW + 1, DEFAULT_APP, world.mint.open("rft", first.refresh_token))

    assert world.bearer(NOW + 7_199, first.access_token) is not None
    assert world.bearer(NOW + 7_200, first.access_token) is None


def test_revoke_disconnects_the_app(world: World) -> None:
    """Every grant between the app and the person ends, and everybody else's stays."""
    first, second = exchange(world, code_for(world)), exchange(world, code_for(world))
    other = world.consent(NOW, Consent(DEFAULT_APP.client_key, "ha", (), REDIRECT_URI))
    others = exchange(world, other)

    world.revoke(NOW, DEFAULT_APP, first.access_token)

    assert world.bearer(NOW, second.access_token) is None
    assert world.bearer(NOW, others.access_token) is not None
    with pytest.raises(OAuthRefusal, match="Refresh token is invalid"):
        world.refresh(NOW, DEFAULT_APP, world.mint.open("rft", second.refresh_token))


def test_revoke_takes_a_living_access_token_of_the_app(world: World) -> None:
    """A dead, a foreign and a refresh token are refused alike."""
    tokens = exchange(world, code_for(world))
    tries = [
        (NOW + 7_200, DEFAULT_APP, tokens.access_token),
        (NOW, OTHER_APP, tokens.access_token),
        (NOW, DEFAULT_APP, tokens.refresh_token),
    ]

    for now, app, token in tries:
        with pytest.raises(OAuthRefusal, match="Access token is invalid or expired"):
            world.revoke(now, app, token)


def test_what_is_over_is_swept() -> None:
    """A world in use keeps no row whose time is over."""
    knobs = Knobs(access_ttl=10, refresh_ttl=20, code_ttl=5)
    world = World(random.Random(1), knobs=knobs)  # noqa: S311 - a toy world

    for second in range(1_000):
        consent = Consent(DEFAULT_APP.client_key, "mina", (), REDIRECT_URI)
        world.consent(NOW + second, consent)
        exchange(world, world.consent(NOW + second, consent), now=NOW + second)

    counts = world.counts()
    assert counts["codes"] <= 6
    assert counts["grants"] <= 26  # A quarter more than live: each one is looked at in turn.


def test_the_clock_never_goes_back(world: World) -> None:
    """Time can be skipped, never taken back."""
    world.advance(3_600)

    assert world.pace.offset == 3_600
    for seconds in (-1, float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="only moves forward"):
            world.advance(seconds)


def test_a_seed_makes_a_world_reproducible() -> None:
    """Two worlds of one seed issue the same tokens."""
    worlds = [World(random.Random(7)) for _ in range(2)]  # noqa: S311 - a toy world

    first, second = (exchange(world, code_for(world)) for world in worlds)

    assert first == second


def test_no_token_shows_in_a_repr(world: World) -> None:
    """Rows and answers can be printed."""
    tokens = exchange(world, code_for(world))
    grant = world.bearer(NOW, tokens.access_token)

    shown = repr((tokens, grant, DEFAULT_APP))
    assert grant is not None
    for secret in (tokens.access_token, tokens.refresh_token, DEFAULT_APP.client_secret):
        assert secret not in shown
