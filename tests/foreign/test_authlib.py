"""Authlib from PyPI, with TikTok registered as a provider of one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]  # it ships no types
from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]  # it ships no types
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # it ships no types

from tests.foreign.authlib_site import client_key_post, create_site, register_tiktok
from tests.foreign.person import consent, query_of, refusal

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.serve import Sandbox

pytestmark = pytest.mark.slow

WEB = "https://app.example/callback"
FIELDS = {"fields": "display_name"}


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy between a client and a sandbox on the same machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def session(sandbox: Sandbox) -> OAuth2Session:
    """Authlib's own session, told addresses and credentials and nothing else about TikTok."""
    return OAuth2Session(
        sandbox.client_key,
        sandbox.client_secret,
        scope="user.info.basic,video.list",
        redirect_uri=WEB,
        token_endpoint=f"{sandbox.base_url}/v2/oauth/token/",
    )


def test_client_id_is_not_enough(sandbox: Sandbox, session: OAuth2Session) -> None:
    """TikTok wants client_key, and shows a page that never comes back without it."""
    url, _ = session.create_authorization_url(sandbox.authorize_url)

    assert refusal(sandbox, url) == {
        "error": "param_error",
        "errCode": "10003",
        "error_type": "client_key",
    }


def test_a_list_of_scopes_is_refused(sandbox: Sandbox, session: OAuth2Session) -> None:
    """Authlib joins it with spaces; TikTok wants commas, which a string may have."""
    scopes = ["user.info.basic", "video.list"]
    url, _ = session.create_authorization_url(
        sandbox.authorize_url, client_key=sandbox.client_key, scope=scopes
    )

    assert refusal(sandbox, url) == {"error": "invalid_scope", "error_type": "scope"}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_its_client_authentication_is_refused(
    sandbox: Sandbox, session: OAuth2Session, method: str
) -> None:
    """TikTok reads the form only, and there client_key; Authlib has no such method built in."""
    session.token_endpoint_auth_method = method
    url, _ = session.create_authorization_url(sandbox.authorize_url, client_key=sandbox.client_key)
    code = query_of(consent(sandbox, url))["code"]

    with pytest.raises(OAuthError, match="The request parameters are malformed"):
        session.fetch_token(code=code)


def test_its_code_challenge_is_refused(sandbox: Sandbox, session: OAuth2Session) -> None:
    """code_challenge_method="S256" makes RFC 7636's base64url; TikTok wants hex."""
    session.code_challenge_method = "S256"
    session.token_endpoint_auth_method = client_key_post
    verifier = "a-verifier-of-forty-three-characters-or-more"
    url, _ = session.create_authorization_url(
        sandbox.authorize_url, client_key=sandbox.client_key, code_verifier=verifier
    )
    code = query_of(consent(sandbox, url))["code"]

    with pytest.raises(OAuthError, match="Code verifier or code challenge is invalid"):
        session.fetch_token(code=code, code_verifier=verifier)


def test_a_registration_is_all_it_needs(sandbox: Sandbox, settings: dict[str, str]) -> None:
    """With client_key, commas and a hex challenge a Flask site logs in, reads and refreshes."""
    renewed: list[dict[str, Any]] = []
    oauth = OAuth(update_token=lambda _name, token, **_old: renewed.append(token))
    register_tiktok(oauth, settings)
    site = create_site(oauth)
    browser = site.test_client()

    leaving = browser.get("/login").headers["Location"]
    first = json.loads(browser.get(consent(sandbox, leaving)).data)
    with site.app_context():
        person = oauth.tiktok.get("user/info/", params=FIELDS, token=first)
        later = oauth.tiktok.get("user/info/", params=FIELDS, token={**first, "expires_at": 1})

    assert first["scope"] == "user.info.basic,video.list"
    assert person.json()["data"] == {"user": {"display_name": "Mina Okafor"}}
    assert later.json()["data"] == {"user": {"display_name": "Mina Okafor"}}
    assert renewed[0]["refresh_token"] != first["refresh_token"]


def test_it_revokes(sandbox: Sandbox, session: OAuth2Session) -> None:
    """With the same client authentication; and it is the access token that TikTok wants."""
    session.token_endpoint_auth_method = client_key_post
    session.revocation_endpoint_auth_method = client_key_post
    url, _ = session.create_authorization_url(sandbox.authorize_url, client_key=sandbox.client_key)
    token = session.fetch_token(code=query_of(consent(sandbox, url))["code"])

    revoke = f"{sandbox.base_url}/v2/oauth/revoke/"
    answer = session.revoke_token(revoke, token=token["access_token"])
    after = session.get(f"{sandbox.base_url}/v2/user/info/", params=FIELDS)

    assert answer.json() == {}
    assert after.json()["error"]["code"] == "access_token_invalid"
