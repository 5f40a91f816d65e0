"""arctic from npm, whose addresses are built in: its fetch is told where to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.foreign.person import consent
from tests.foreign.program import Program, ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def arctic(node: Callable[..., Program]) -> Iterator[Program]:
    """An app that uses arctic, on a person's own computer."""
    with node("arctic.mjs", TIKTOK_REDIRECT_URI="http://127.0.0.1:8000/callback") as program:
        yield program


def exchange(sandbox: Sandbox, arctic: Program, *, hex_challenge: bool) -> dict[str, str]:
    """Log a person in, and return what arctic takes for tokens."""
    scopes = ["user.info.basic", "video.list"]
    url = arctic.ask("authorize", scopes=scopes, hexChallenge=hex_challenge)
    tokens: dict[str, str] = arctic.ask("exchange", callback=consent(sandbox, url))
    return tokens


def test_its_code_challenge_is_refused(sandbox: Sandbox, arctic: Program) -> None:
    """It makes RFC 7636's base64url; TikTok wants hex, and says so at the exchange only."""
    answer = exchange(sandbox, arctic, hex_challenge=False)

    assert answer["error"] == "invalid_request"
    assert answer["error_description"] == "Code verifier or code challenge is invalid."


def test_it_takes_a_refusal_for_tokens(sandbox: Sandbox, arctic: Program) -> None:
    """TikTok refuses with status 200, so arctic raises only once a token is read."""
    exchange(sandbox, arctic, hex_challenge=False)

    with pytest.raises(ProgramError, match="Missing or invalid 'access_token' field"):
        arctic.ask("accessToken")


def test_a_hex_challenge_is_all_it_needs(sandbox: Sandbox, arctic: Program) -> None:
    """The URL is the app's to change before it redirects: then all calls work, to the end."""
    first = exchange(sandbox, arctic, hex_challenge=True)
    person = arctic.ask("userInfo")
    second = arctic.ask("refresh")
    arctic.ask("revoke")
    after = arctic.ask("userInfo")

    assert first["scope"] == "user.info.basic,video.list"
    assert person["data"] == {"user": {"display_name": "Mina Okafor"}}
    assert second["open_id"] == first["open_id"]
    assert second["refresh_token"] != first["refresh_token"]
    assert after["error"]["code"] == "access_token_invalid"


def test_it_reads_all_scopes_as_one(sandbox: Sandbox, arctic: Program) -> None:
    """It splits the granted scopes at spaces, and TikTok joins them with commas."""
    exchange(sandbox, arctic, hex_challenge=True)

    assert arctic.ask("scopes") == ["user.info.basic,video.list"]
