"""better-auth from npm, whose addresses are built in: its fetch is told where to go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.foreign.person import consent, query_of, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.foreign.program import Program
    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow

SITE = "https://app.example"


def test_it_works_as_it_is(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """Login, user info and refresh work unchanged; better-auth does not revoke."""
    with node("better-auth.mjs", SITE=SITE, OPTIONS="{}") as site:
        home = site.ask("exchange", callback=consent(sandbox, site.ask("authorize")))
        account = site.ask("account")
        person = site.ask("userInfo")
        tokens = site.ask("refresh")

    assert home == "/home"
    assert account["scope"] == "user.info.basic,user.info.profile"
    assert person["data"]["data"]["user"]["username"] == "mina.makes"
    assert person["data"]["data"]["user"]["open_id"] == account["accountId"]
    assert tokens["refreshToken"] != account["refreshToken"]


def test_it_never_learns_when_a_grant_ends(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """It looks for refresh_token_expires_in, and TikTok calls it refresh_expires_in."""
    with node("better-auth.mjs", SITE=SITE, OPTIONS="{}") as site:
        site.ask("exchange", callback=consent(sandbox, site.ask("authorize")))
        account = site.ask("account")

    assert account["accessTokenExpiresAt"]
    assert "refreshTokenExpiresAt" not in account


def test_it_needs_the_profile_scope(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """It asks for `username` whatever was granted, and one field too many fails the whole call."""
    basic_only = {"disableDefaultScope": True, "scope": ["user.info.basic"]}
    with node("better-auth.mjs", SITE=SITE, OPTIONS=json.dumps(basic_only)) as site:
        page = site.ask("exchange", callback=consent(sandbox, site.ask("authorize")))

    assert query_of(page) == {"error": "unable_to_get_user_info"}


def test_it_has_no_desktop_apps(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """It sends no code challenge, which TikTok asks of every app behind a loopback address."""
    with node("better-auth.mjs", SITE="http://127.0.0.1:8000", OPTIONS="{}") as site:
        said = refusal(sandbox, site.ask("authorize"))

    assert said == {"error": "param_error", "errCode": "10007", "error_type": "code_challenge"}
