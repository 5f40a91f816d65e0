"""Every knob, turned: what the world does then."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.authorize import AuthorizeError, read_request
from tiktok_oauth.sandbox.catalog import DEFAULT_APP
from tiktok_oauth.sandbox.knobs import PROFILES, Knobs, turn
from tiktok_oauth.sandbox.oauth import refusal_status
from tiktok_oauth.sandbox.world import Consent, OAuthRefusal, TokenSet, World

NOW = 1_795_000_000.0
REDIRECT_URI = "https://app.example/callback"
VERIFIER = "v" * 43
HEX = hashlib.sha256(VERIFIER.encode()).hexdigest()
BASE64URL = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


def world_with(**changes: object) -> World:
    """Return a reproducible world with these knobs turned."""
    return World(random.Random(1), knobs=turn(Knobs(), changes))  # noqa: S311 - a toy world


def granted(world: World, *, challenge: str | None = None, verifier: str = VERIFIER) -> TokenSet:
    """Return the tokens that Mina's consent buys."""
    consent = Consent(DEFAULT_APP.client_key, "mina", ("video.list",), REDIRECT_URI, challenge)
    code = world.consent(NOW, consent)
    return world.exchange(NOW, DEFAULT_APP, code, redirect_uri=REDIRECT_URI, verifier=verifier)


def refresh(world: World, tokens: TokenSet, *, after: float = 0) -> TokenSet:
    """Refresh some seconds later."""
    return world.refresh(NOW + after, DEFAULT_APP, world.mint.open("rft", tokens.refresh_token))


def is_refused(world: World, tokens: TokenSet, *, after: float = 0) -> bool:
    """Whether a refresh is refused."""
    try:
        refresh(world, tokens, after=after)
    except OAuthRefusal:
        return True
    return False


def asked(world: World, redirect_uri: str, **params: str) -> str | None:
    """Return the challenge of an authorization request, or the code of the error page."""
    query = {
        "client_key": DEFAULT_APP.client_key,
        "response_type": "code",
        "scope": "video.list",
        "redirect_uri": redirect_uri,
        **params,
    }
    try:
        return read_request(world, query).code_challenge
    except AuthorizeError as refused:
        return refused.err_code


def test_two_profiles() -> None:
    """November 2026 is the default; the year before had a day and a year."""
    assert PROFILES["2026"] == Knobs()
    assert (PROFILES["2025"].access_ttl, PROFILES["2025"].refresh_ttl) == (86_400, 31_536_000)


def test_strict_rotation_ends_the_token_that_was_sent() -> None:
    """Its successor goes on."""
    world = world_with()
    first = granted(world)
    second = refresh(world, first)

    assert is_refused(world, first)
    assert refresh(world, second).refresh_token != second.refresh_token


def test_family_rotation_ends_the_grant_on_reuse() -> None:
    """Neither the successor nor an access token survives."""
    world = world_with(rotation="family")
    first = granted(world)
    second = refresh(world, first)

    assert is_refused(world, first)
    assert is_refused(world, second)
    assert world.bearer(NOW, second.access_token) is None


def test_leeway_rotation_forgives_for_some_seconds() -> None:
    """The token before buys its successor again, and no longer than that."""
    world = world_with(rotation="leeway", leeway=10)
    first = granted(world)
    second = refresh(world, first)

    assert refresh(world, first, after=9).refresh_token == second.refresh_token
    assert is_refused(world, first, after=10)
    assert not is_refused(world, second, after=10)


def test_grace_rotation_waits_until_the_successor_is_used() -> None:
    """Then, and only then, the token before is dead."""
    world = world_with(rotation="grace")
    first = granted(world)
    second = refresh(world, first)

    assert refresh(world, first, after=86_400).refresh_token == second.refresh_token
    refresh(world, second)
    assert is_refused(world, first)


def test_no_rotation_gives_the_same_token_again() -> None:
    """However often it is used."""
    world = world_with(rotation="none")
    first = granted(world)

    assert refresh(world, first).refresh_token == first.refresh_token
    assert refresh(world, first).refresh_token == first.refresh_token


def test_refresh_expiry_counts_from_the_consent_or_slides() -> None:
    """Absolute counts down, sliding starts again."""
    absolute, sliding = world_with(), world_with(refresh_expiry="sliding")

    assert refresh(absolute, granted(absolute), after=20).refresh_expires_in == 15_551_980
    assert refresh(sliding, granted(sliding), after=20).refresh_expires_in == 15_552_000


def test_the_old_access_token_may_die_at_a_refresh() -> None:
    """By default it lives on."""
    stays, dies = world_with(), world_with(old_access_dies=True)
    kept, gone = granted(stays), granted(dies)
    refresh(stays, kept)
    new = refresh(dies, gone)

    assert stays.bearer(NOW, kept.access_token) is not None
    assert dies.bearer(NOW, gone.access_token) is None
    assert dies.bearer(NOW, new.access_token) is not None


def test_oauth_errors_have_status_200_or_those_of_the_rfc() -> None:
    """401 for the client, 400 for the rest."""
    rfc = world_with(oauth_error_status="rfc")

    assert refusal_status(world_with(), "invalid_client") == 200
    assert refusal_status(rfc, "invalid_client") == 401
    assert refusal_status(rfc, "invalid_grant") == 400


def test_lenient_pkce_takes_base64url_and_never_insists() -> None:
    """As RFC 7636 has it, and on desktop redirects too."""
    world = world_with(pkce="lenient")

    assert granted(world, challenge=BASE64URL).expires_in == 7_200
    assert asked(world, "http://127.0.0.1:1/") is None
    with pytest.raises(OAuthRefusal):
        granted(world_with(), challenge=BASE64URL)


def test_strict_pkce_measures_the_verifier() -> None:
    """Forty-three unreserved characters at least; TikTok's own Android SDK sends thirty-two."""
    world = world_with(pkce="strict")
    short = hashlib.sha256(b"short").hexdigest()

    assert granted(world, challenge=HEX).expires_in == 7_200
    assert granted(world_with(), challenge=short, verifier="short").expires_in == 7_200
    with pytest.raises(OAuthRefusal, match="Code verifier"):
        granted(world, challenge=short, verifier="short")


def test_strict_pkce_refuses_a_method_on_the_web() -> None:
    """As one report says; by default hex is accepted there when it is sent."""
    params = {"code_challenge": HEX, "code_challenge_method": "S256"}

    assert asked(world_with(pkce="strict"), REDIRECT_URI, **params) == "10008"
    assert asked(world_with(), REDIRECT_URI, **params) == HEX


def test_scopes_come_in_the_servers_order_or_as_asked() -> None:
    """The basic one is always among them."""
    scopes = ("video.list", "video.publish")

    assert world_with().in_order(scopes) == ("user.info.basic", "video.publish", "video.list")
    assert world_with(scope_order="asked").in_order(scopes) == (*scopes, "user.info.basic")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"access_tll": 1}, "'access_tll' is no knob"),
        ({"access_ttl": 0}, "`int` >= 1"),
        ({"rotation": "loose"}, "rotation"),
        ({"access_ttl": "1"}, "access_ttl"),
    ],
)
def test_a_knob_that_cannot_be_turned_is_refused(changes: dict[str, object], words: str) -> None:
    """With a sentence that names it."""
    with pytest.raises(ValidationError, match=words):
        turn(Knobs(), changes)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_the_clock_stays_on_the_calendar(seconds: float) -> None:
    """It goes forward only, and not for ever."""
    with pytest.raises(ValidationError):
        world_with().advance(seconds)
