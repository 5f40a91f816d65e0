"""Client key, secret and redirect URI, judged before the first call that needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import (
    ACCESS_TOKEN,
    CLIENT_TOKEN,
    CODE,
    PROFILE,
    REFRESH_TOKEN,
    REFRESHED,
    RESET,
    answer,
    oauth_error,
)
from tiktok_oauth import InvalidCredentialsError, NetworkError, TikTokAPIError

if TYPE_CHECKING:
    from tests.client.conftest import Shell, World
    from tests.support.scripted import Step

BAD = [
    None,
    "",
    "   ",
    '"quoted"',
    "'quoted'",
    "with space",
    "newline\n",
    "your_client_key",
    "YOUR-CLIENT-SECRET",
    "changeme",
    "<client key>",
    "${TIKTOK_CLIENT_KEY}",
    "xxxxxx",
    "todo",
    "é",
    "a" * 513,
    5,
    b"bytes",
]

NEEDING_THE_APP = [
    ("get_authorization_url", ()),
    ("exchange_code_for_tokens", (CODE,)),
    ("refresh_access_token", (REFRESH_TOKEN,)),
    ("get_user_info", (ACCESS_TOKEN,)),
    ("revoke_access", (ACCESS_TOKEN,)),
    ("request", (ACCESS_TOKEN, "GET", "/v2/video/list/")),
    ("get_client_access_token", ()),
    ("start_qr_authorization", ()),
    ("validate_credentials", ()),
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", ["client_key", "client_secret"])
def test_credentials_that_cannot_be_right_are_refused(world: World, name: str, bad: object) -> None:
    """The error names the variable to set, quotes nothing, and costs no network."""
    shell = world.client(**{name: bad})
    error = shell.refused("refresh_access_token", REFRESH_TOKEN)

    assert isinstance(error, InvalidCredentialsError)
    assert error.message.startswith(name)
    assert f"TIKTOK_{name.upper()}" in error.message
    assert (error.status_code, error.action, error.attempts) == (500, "fail", 0)
    assert shell.sent == 0


@pytest.mark.parametrize(("method", "args"), NEEDING_THE_APP)
def test_every_call_that_sends_them_judges_them(
    world: World, method: str, args: tuple[str, ...]
) -> None:
    """Nothing leaves without a client secret."""
    shell = world.client(client_secret=None)
    error = shell.refused(method, *args)

    assert (error.code, error.method) == ("INVALID_CREDENTIALS", method)
    assert shell.sent == 0


def test_a_worker_that_only_refreshes_needs_no_redirect_uri(world: World) -> None:
    """The redirect URI is judged only by the calls that send it."""
    shell = world.client(redirect_uri=None)
    shell.script.play(answer(REFRESHED), answer(CLIENT_TOKEN), answer(b""), answer(PROFILE))

    shell.call("refresh_access_token", REFRESH_TOKEN)
    shell.call("get_client_access_token")
    shell.call("revoke_access", ACCESS_TOKEN)
    shell.call("get_user_info", ACCESS_TOKEN)
    for method, args in (("get_authorization_url", ()), ("exchange_code_for_tokens", (CODE,))):
        error = shell.refused(method, *args)
        assert "TIKTOK_REDIRECT_URI" in error.message
        assert error.code == "INVALID_CREDENTIALS"
    assert shell.sent == 4


def test_the_redirect_uri_of_a_call_is_an_argument(world: World) -> None:
    """A wrong one is the caller's mistake, a good one makes up for a wrong configured one."""
    shell = world.client(redirect_uri="http://app.example.com/")

    made = shell.call("get_authorization_url", redirect_uri="https://app.example.com/")
    assert "redirect_uri=https%3A%2F%2Fapp.example.com%2F" in made.url
    assert (
        shell.refused("get_authorization_url", redirect_uri="http://a.example/").status_code == 400
    )
    assert shell.refused("get_authorization_url").status_code == 500


def test_offline_validation_asks_nobody(shell: Shell) -> None:
    """Good credentials pass without network."""
    assert shell.call("validate_credentials") is None
    assert shell.sent == 0


def test_a_worker_validates_what_it_has(world: World) -> None:
    """A redirect URI that is configured must be good; none is fine."""
    assert world.client(redirect_uri=None).call("validate_credentials") is None

    error = world.client(redirect_uri="http://a.example/").refused("validate_credentials")
    assert isinstance(error, InvalidCredentialsError)


def test_online_validation_asks_tiktok_once_in_five_minutes(shell: Shell) -> None:
    """A definite yes holds for 300 seconds."""
    shell.script.play(answer(CLIENT_TOKEN))
    shell.call("validate_credentials", online=True)
    shell.clock.advance(299)
    shell.call("validate_credentials", online=True)
    assert shell.sent == 1

    shell.clock.advance(2)
    shell.call("validate_credentials", online=True)
    assert shell.sent == 2
    assert shell.script.attempts[0].form["grant_type"] == "client_credentials"


def told(error: TikTokAPIError) -> str:
    """What an error says and advises."""
    return f"{error.message} {error.hint}".strip()


def test_a_definite_no_holds_for_five_minutes(shell: Shell) -> None:
    """The remembered refusal says the same as TikTok's own."""
    shell.script.play(oauth_error("invalid_client", "Client key or secret is incorrect."))
    first = shell.refused("validate_credentials", online=True)
    again = shell.refused("validate_credentials", online=True)

    assert shell.sent == 1
    assert again.code == first.code
    assert told(again) == told(first)
    assert (first.attempts, again.attempts) == (1, 0)

    shell.clock.advance(301)
    shell.script.play(answer(CLIENT_TOKEN))
    assert shell.call("validate_credentials", online=True) is None


@pytest.mark.parametrize("failure", [RESET, answer(b"", 500), answer(b"garbage")])
def test_an_unclear_answer_is_not_remembered(shell: Shell, failure: Step) -> None:
    """TikTok is asked again as soon as somebody asks."""
    shell.script.play(failure)
    error = shell.refused("validate_credentials", online=True)
    sent = shell.sent
    shell.script.play(answer(CLIENT_TOKEN))
    shell.call("validate_credentials", online=True)

    assert not isinstance(error, InvalidCredentialsError)
    assert shell.sent == sent + 1


def test_an_online_refusal_does_not_stop_other_calls(shell: Shell) -> None:
    """Only ``online=True`` asks for TikTok's judgement."""
    shell.script.play(oauth_error("invalid_client"))
    shell.refused("validate_credentials", online=True)

    assert shell.call("validate_credentials") is None
    assert isinstance(shell.refused("refresh_access_token", REFRESH_TOKEN), InvalidCredentialsError)
    assert shell.sent == 2


def test_unreachable_is_no_verdict(shell: Shell) -> None:
    """A network failure stays a network failure."""
    shell.script.play(RESET)

    assert isinstance(shell.refused("validate_credentials", online=True), NetworkError)
