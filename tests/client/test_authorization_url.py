"""The URL that starts a login, from both clients."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.client.conftest import KEY, REDIRECT_URI
from tiktok_oauth import InvalidCredentialsError, TikTokAuthUrl

if TYPE_CHECKING:
    from tests.client.conftest import Shell, World


def query_of(made: TikTokAuthUrl) -> dict[str, str]:
    """The URL's query, each name once."""
    fields = parse_qs(urlsplit(made.url).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def test_the_url_asks_tiktok_for_a_code(shell: Shell) -> None:
    """The URL is TikTok's page with the client key, scope, redirect URI and state."""
    made = shell.call("get_authorization_url")

    assert made.url.partition("?")[0] == "https://www.tiktok.com/v2/auth/authorize/"
    assert query_of(made) == {
        "client_key": KEY,
        "response_type": "code",
        "scope": "user.info.basic",
        "redirect_uri": REDIRECT_URI,
        "state": made.state,
    }
    assert made.code_verifier is None
    assert shell.sent == 0


def test_states_are_64_random_hex_characters(shell: Shell) -> None:
    """Every URL has a state of its own."""
    states = {shell.call("get_authorization_url").state for _ in range(50)}

    assert len(states) == 50
    assert all(re.fullmatch(r"[0-9a-f]{64}", state) for state in states)


@pytest.mark.parametrize(
    "scopes",
    [
        ["user.info.basic", "video.list"],
        "user.info.basic, video.list",
        ("user.info.basic", "video.list"),
    ],
)
def test_scopes_are_a_list_or_a_comma_string(world: World, scopes: object) -> None:
    """Both ways ask for the same, per call and per client."""
    by_call = world.client().call("get_authorization_url", scopes)
    by_client = world.client(scopes=scopes).call("get_authorization_url")

    assert query_of(by_call)["scope"] == "user.info.basic,video.list"
    assert query_of(by_client)["scope"] == "user.info.basic,video.list"


def test_a_state_of_ones_own_is_used(shell: Shell) -> None:
    """The caller's state goes out, encoded, and comes back in the value."""
    made = shell.call("get_authorization_url", state="cart 7&x=é")

    assert made.state == query_of(made)["state"] == "cart 7&x=é"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_pkce_is_on_for_loopback_redirects(world: World, host: str) -> None:
    """TikTok's desktop kind needs PKCE: the challenge is the verifier's hex SHA-256."""
    made = world.client(redirect_uri=f"http://{host}:8000/callback").call("get_authorization_url")

    query = query_of(made)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", made.code_verifier)
    assert query["code_challenge"] == hashlib.sha256(made.code_verifier.encode()).hexdigest()
    assert query["code_challenge_method"] == "S256"


@pytest.mark.parametrize("pkce", [True, False])
def test_pkce_can_be_forced(shell: Shell, pkce: bool) -> None:
    """``pkce=`` overrides what the redirect URI suggests, both ways."""
    web = shell.call("get_authorization_url", pkce=pkce)
    desktop = shell.call(
        "get_authorization_url", pkce=pkce, redirect_uri="http://localhost:8000/callback"
    )

    assert [made.code_verifier is not None for made in (web, desktop)] == [pkce, pkce]
    assert [("code_challenge" in query_of(made)) for made in (web, desktop)] == [pkce, pkce]


@pytest.mark.parametrize(("asked", "sent"), [(True, "1"), (False, "0"), (None, None)])
def test_automatic_consent_can_be_switched(
    shell: Shell, asked: bool | None, sent: str | None
) -> None:
    """``disable_auto_auth`` goes out as 1 or 0, and stays away when not said."""
    made = shell.call("get_authorization_url", disable_auto_auth=asked)

    assert query_of(made).get("disable_auto_auth") == sent


def test_another_redirect_uri_can_be_used(shell: Shell) -> None:
    """The call's redirect URI goes before the configured one."""
    made = shell.call("get_authorization_url", redirect_uri="https://other.example.com/cb")

    assert query_of(made)["redirect_uri"] == "https://other.example.com/cb"


def test_another_authorization_page_can_be_used(world: World) -> None:
    """``authorize_url`` points the login at a sandbox."""
    shell = world.client(authorize_url="http://127.0.0.1:4010/v2/auth/authorize/")

    assert shell.call("get_authorization_url").url.startswith(
        "http://127.0.0.1:4010/v2/auth/authorize/?"
    )


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "callback",
        "http://app.example.com/callback",
        "https://app.example.com/callback?a=b",
        "https://app.example.com/callback#a",
        "http://localhost/callback",
        "https://192.0.2.1/callback",
        "https://app.example.com/" + "a" * 512,
        '"https://app.example.com/callback"',
        "https://app.example.com/callback\n",
        "https://user:pw@app.example.com/",
        "https://app.example.com:99999/",
    ],
)
def test_a_redirect_uri_tiktok_would_refuse_is_refused(
    world: World, redirect_uri: str | None
) -> None:
    """The error names the redirect URI and is one of the configuration."""
    shell = world.client(redirect_uri=redirect_uri)
    error = shell.refused("get_authorization_url")

    assert isinstance(error, InvalidCredentialsError)
    assert error.message.startswith("redirect_uri ")
    assert error.attempts == 0
