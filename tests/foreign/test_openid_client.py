"""openid-client from npm, told about TikTok in metadata and custom parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.foreign.person import consent, refusal
from tests.foreign.program import Program, ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow


@pytest.fixture
def app(node: Callable[..., Program]) -> Iterator[Program]:
    """An app that uses openid-client, on a person's own computer."""
    with node("openid-client.mjs", TIKTOK_REDIRECT_URI="http://127.0.0.1:8000/callback") as program:
        yield program


@pytest.fixture
def parameters(sandbox: Sandbox) -> dict[str, str]:
    """What TikTok's authorization request has beyond the standard, or writes differently."""
    return {"client_key": sandbox.client_key, "scope": "user.info.basic,video.list"}


def test_client_id_is_not_enough(
    sandbox: Sandbox, app: Program, parameters: dict[str, str]
) -> None:
    """TikTok wants client_key, and shows a page that never comes back without it."""
    del parameters["client_key"]
    url = app.ask("authorize", parameters=parameters, hexChallenge=True)

    assert refusal(sandbox, url) == {
        "error": "param_error",
        "errCode": "10003",
        "error_type": "client_key",
    }


def test_scopes_with_spaces_are_refused(
    sandbox: Sandbox, app: Program, parameters: dict[str, str]
) -> None:
    """TikTok's list has commas; the standard's is one scope that nobody knows."""
    parameters["scope"] = "user.info.basic video.list"
    url = app.ask("authorize", parameters=parameters, hexChallenge=True)

    assert refusal(sandbox, url) == {"error": "invalid_scope", "error_type": "scope"}


def test_its_code_challenge_is_refused(
    sandbox: Sandbox, app: Program, parameters: dict[str, str]
) -> None:
    """calculatePKCECodeChallenge() is base64url; the refusal has status 200, so it is unread."""
    url = app.ask("authorize", parameters=parameters, hexChallenge=False)
    callback = consent(sandbox, url)

    with pytest.raises(ProgramError, match="invalid response encountered"):
        app.ask("exchange", callback=callback)


def test_parameters_are_all_it_needs(
    sandbox: Sandbox, app: Program, parameters: dict[str, str]
) -> None:
    """With client_key, commas and a hex challenge all calls work, to the end."""
    url = app.ask("authorize", parameters=parameters, hexChallenge=True)
    first = app.ask("exchange", callback=consent(sandbox, url))
    person = app.ask("resource")
    second = app.ask("refresh")
    app.ask("revoke")
    after = app.ask("resource")

    assert first["scope"] == "user.info.basic,video.list"
    assert person["data"]["user"] == {"display_name": "Mina Okafor", "open_id": first["open_id"]}
    assert second["open_id"] == first["open_id"]
    assert second["refresh_token"] != first["refresh_token"]
    assert after["error"]["code"] == "access_token_invalid"


def test_user_info_is_a_resource(
    sandbox: Sandbox, app: Program, parameters: dict[str, str]
) -> None:
    """fetchUserInfo() wants OpenID Connect's `sub`; fetchProtectedResource() takes anything."""
    url = app.ask("authorize", parameters=parameters, hexChallenge=True)
    app.ask("exchange", callback=consent(sandbox, url))

    with pytest.raises(ProgramError, match="invalid response encountered"):
        app.ask("userInfo")
