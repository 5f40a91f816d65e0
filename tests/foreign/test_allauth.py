"""django-allauth from PyPI, whose TikTok adapter has its addresses as attributes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.foreign.node import HERE
from tests.foreign.person import consent, refusal
from tests.foreign.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def site(settings: dict[str, str]) -> Callable[..., Program]:
    """Runs a Django site with these options of the provider."""

    def run(origin: str = "https://app.example", **options: object) -> Program:
        more = {"SITE": origin, "OPTIONS": json.dumps(options)}
        return Program([sys.executable, "allauth_site.py"], HERE, {**settings, **more})

    return run


def test_it_works_as_it_is(sandbox: Sandbox, site: Callable[..., Program]) -> None:
    """Login and user info work unchanged; allauth neither refreshes nor revokes."""
    with site() as django:
        answer = django.ask("exchange", callback=consent(sandbox, django.ask("authorize")))
        account = django.ask("account")

    assert answer == {"location": "/home"}
    assert account["name"] == "mina.makes"
    assert account["profile"]["display_name"] == "Mina Okafor"
    assert account["profile"]["open_id"] == account["uid"]
    assert account["refresh_token"].startswith("rft.")


def test_a_scope_switched_off_ends_the_login(
    sandbox: Sandbox, site: Callable[..., Program]
) -> None:
    """It asks for the fields of all scopes it wanted; one that was not granted fails the call."""
    with site() as django:
        callback = consent(sandbox, django.ask("authorize"), "user.info.basic")
        answer = django.ask("exchange", callback=callback)

    assert "401 Client Error" in answer["exception"]


def test_wanting_less_is_the_remedy(sandbox: Sandbox, site: Callable[..., Program]) -> None:
    """With SCOPE set to what comes with every login, nothing can be switched off."""
    with site(SCOPE=["user.info.basic"]) as django:
        answer = django.ask("exchange", callback=consent(sandbox, django.ask("authorize")))
        account = django.ask("account")

    assert answer == {"location": "/home"}
    assert account["name"] == "Mina Okafor"


def test_it_has_no_desktop_apps(sandbox: Sandbox, site: Callable[..., Program]) -> None:
    """It sends no code challenge, which TikTok asks of every app behind a loopback address."""
    with site("http://127.0.0.1:8000") as django:
        said = refusal(sandbox, django.ask("authorize"))

    assert said == {"error": "param_error", "errCode": "10007", "error_type": "code_challenge"}


def test_its_code_challenge_is_refused(sandbox: Sandbox, site: Callable[..., Program]) -> None:
    """OAUTH_PKCE_ENABLED makes RFC 7636's base64url; TikTok wants hex, so there is no remedy."""
    with site("http://127.0.0.1:8000", OAUTH_PKCE_ENABLED=True) as django:
        answer = django.ask("exchange", callback=consent(sandbox, django.ask("authorize")))

    assert "Code verifier or code challenge is invalid." in answer["exception"]
