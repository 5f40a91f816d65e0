"""Auth.js from npm (@auth/core), whose TikTok provider takes its addresses as settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.foreign.person import consent, query_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.foreign.program import Program
    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow

SITE = "https://app.example"


def test_its_code_challenge_is_refused(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """By default it sends a base64url challenge; TikTok wants hex, and the exchange fails."""
    with node("auth-core.mjs", SITE=SITE, OPTIONS="{}") as site:
        page = site.ask("exchange", callback=consent(sandbox, site.ask("authorize")))
        failure = site.ask("failure")

    assert query_of(page) == {"error": "Configuration"}
    assert '"access_token" property must be a string' in failure


def test_checking_the_state_is_all_it_needs(sandbox: Sandbox, node: Callable[..., Program]) -> None:
    """Without PKCE a web app logs in; Auth.js neither refreshes nor revokes."""
    options = json.dumps({"checks": ["state"]})
    with node("auth-core.mjs", SITE=SITE, OPTIONS=options) as site:
        home = site.ask("exchange", callback=consent(sandbox, site.ask("authorize")))
        session = site.ask("signedIn")

    assert home == SITE
    assert session["user"]["name"] == "Mina Okafor"
    assert session["account"]["scope"] == "user.info.basic"
    assert session["account"]["providerAccountId"] == session["account"]["open_id"]
    assert session["profile"]["error"]["code"] == "ok"
