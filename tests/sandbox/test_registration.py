"""What an app was registered with decides what it may ask, and whom."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.visitor import CHALLENGE
from tiktok_oauth.errors import ValidationError
from tiktok_oauth.sandbox.authorize import AuthorizeError, allow, allow_again, read_request
from tiktok_oauth.sandbox.catalog import DEFAULT_APP, App
from tiktok_oauth.sandbox.registration import check_app, may_redirect
from tiktok_oauth.sandbox.world import World

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.authorize import AuthorizationRequest

NOW = 1_795_000_000.0
WEB = "https://app.example/callback"
DESKTOP = "http://127.0.0.1:*/callback/"
REGISTERED = App(
    "awregistered00001", "secret", redirect_uris=(WEB, DESKTOP), scopes=("video.list",)
)


def world_of(app: App) -> World:
    """Return a world with one app."""
    return World(random.Random(1), apps=[app])  # noqa: S311 - a toy world


def ask(world: World, app: App, **changes: str) -> AuthorizationRequest:
    """Read the app's authorization request."""
    params = {
        "client_key": app.client_key,
        "response_type": "code",
        "scope": "video.list",
        "redirect_uri": WEB,
        "state": "s1",
        **changes,
    }
    return read_request(world, params)


@pytest.mark.parametrize(
    ("redirect_uri", "expected"),
    [
        (WEB, True),
        (WEB + "/", False),
        ("https://app.example/", False),
        ("http://127.0.0.1:1/callback/", True),
        ("http://127.0.0.1:65535/callback/", True),
        ("http://127.0.0.1:*/callback/", False),
        ("http://localhost:1/callback/", False),
        ("http://127.0.0.1:1/callback", False),
    ],
)
def test_a_redirect_uri_has_to_be_registered(redirect_uri: str, *, expected: bool) -> None:
    """To the character; only a registered ``*`` stands for any port."""
    assert may_redirect(REGISTERED, redirect_uri) is expected


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (replace(REGISTERED, approved=False), ("unauthorized_client", "client_key")),
        (replace(REGISTERED, scopes=("video.upload",)), ("invalid_scope", "scope")),
        (replace(REGISTERED, redirect_uris=()), ("invalid_request", "redirect_uri")),
    ],
)
def test_what_was_not_approved_is_refused(app: App, expected: tuple[str, str]) -> None:
    """A draft, a scope it does not have, a redirect URI it did not register."""
    with pytest.raises(AuthorizeError) as refused:
        ask(world_of(app), app)

    assert (refused.value.error, refused.value.error_type) == expected


def test_a_sandbox_app_serves_its_target_users() -> None:
    """Anybody else is sent back with TikTok's words for it."""
    app = replace(REGISTERED, kind="sandbox", target_users=("ha",))
    world = world_of(app)
    asked = ask(world, app)

    callback = allow(world, NOW, asked, "mina", asked.scopes)

    assert dict(parse_qsl(urlsplit(callback).query)) == {
        "error": "access_denied",
        "error_type": "non_sandbox_target",
        "state": "s1",
    }
    assert "?code=" in allow(world, NOW, asked, "ha", asked.scopes)


def test_who_allowed_it_before_is_not_asked_again() -> None:
    """Unless the app asks for more, for another person, or always (disable_auto_auth=1)."""
    world = world_of(DEFAULT_APP)
    asked = ask(world, DEFAULT_APP)
    code = parse_qsl(urlsplit(allow(world, NOW, asked, "mina", asked.scopes)).query)[0][1]
    world.exchange(NOW, DEFAULT_APP, code, redirect_uri=WEB, verifier=None)
    more = ask(world, DEFAULT_APP, scope="video.list,video.upload")
    always = ask(world, DEFAULT_APP, disable_auto_auth="1")

    assert "?code=" in (allow_again(world, NOW, asked, "mina") or "")
    assert allow_again(world, NOW, more, "mina") is None
    assert allow_again(world, NOW, always, "mina") is None
    assert allow_again(world, NOW, asked, "ha") is None
    assert allow_again(world, NOW + 15_552_000, asked, "mina") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"redirect_uris": ("http://app.example/",)}, "redirect_uris cannot have"),
        ({"redirect_uris": (WEB + "?a=1",)}, "redirect_uris cannot have"),
        ({"redirect_uris": tuple(f"{WEB}/{n}" for n in range(11))}, "10 at most"),
        ({"target_users": tuple(f"p{n}" for n in range(11))}, "10 at most"),
        ({"scopes": ("video.lists",)}, "'video.lists' is no scope"),
        ({"webhook_url": "http://app.example/hook"}, "of this machine"),
        ({"webhook_url": "http://127.0.0.1:99999/"}, "of this machine"),
        ({"webhook_url": "https://127.0.0.1/"}, "of this machine"),
        ({"webhook_url": "http://user@127.0.0.1/"}, "of this machine"),
    ],
)
def test_an_app_that_could_not_be_registered_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    """With a sentence that says why."""
    with pytest.raises(ValidationError, match=words):
        check_app(replace(REGISTERED, **changes))


def test_a_desktop_app_is_registered_with_any_port() -> None:
    """And with an address of this machine for its webhooks."""
    app = replace(DEFAULT_APP, redirect_uris=(DESKTOP,), webhook_url="http://localhost:9/hook")

    assert check_app(app) is app
    assert ask(
        world_of(app),
        app,
        redirect_uri="http://127.0.0.1:5/callback/",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
