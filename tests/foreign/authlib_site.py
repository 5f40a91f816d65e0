"""A Flask site, on a person's own computer, where Authlib logs people in with TikTok."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import flask
from authlib.common.urls import add_params_to_qs  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]  # it ships no types
    from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]  # it ships no types
    from flask.typing import ResponseReturnValue

REDIRECT_URI = "http://localhost:5000/callback"


def client_key_post(
    client: ClientAuth,
    _method: str,
    url: str,
    headers: Mapping[str, str],
    body: str,
) -> tuple[str, Mapping[str, str], str]:
    """Authenticate as TikTok wants it: in the form, as client_key."""
    who = [("client_key", client.client_id), ("client_secret", client.client_secret)]
    return url, headers, add_params_to_qs(body, who)


def register_tiktok(oauth: OAuth, settings: Mapping[str, str]) -> None:
    """Tell Authlib about TikTok, with the sandbox's addresses."""
    origin = settings["TIKTOK_BASE_URL"]
    oauth.register(
        "tiktok",
        client_id=settings["TIKTOK_CLIENT_KEY"],
        client_secret=settings["TIKTOK_CLIENT_SECRET"],
        authorize_url=f"{origin}/v2/auth/authorize/",
        authorize_params={"client_key": settings["TIKTOK_CLIENT_KEY"]},
        access_token_url=f"{origin}/v2/oauth/token/",
        api_base_url=f"{origin}/v2/",
        client_auth_methods=[("client_key_post", client_key_post)],
        client_kwargs={
            "scope": "user.info.basic,video.list",
            "token_endpoint_auth_method": "client_key_post",
        },
    )


def create_site(oauth: OAuth) -> flask.Flask:
    """Return a site with a place to log in and a place to come back to."""
    site = flask.Flask(__name__)
    site.secret_key = secrets.token_bytes()
    oauth.init_app(site)

    @site.get("/login")
    def login() -> ResponseReturnValue:
        flask.session["verifier"] = secrets.token_urlsafe(48)
        challenge = hashlib.sha256(flask.session["verifier"].encode()).hexdigest()
        response: ResponseReturnValue = oauth.tiktok.authorize_redirect(
            REDIRECT_URI, code_challenge=challenge, code_challenge_method="S256"
        )
        return response

    @site.get("/callback")
    def callback() -> ResponseReturnValue:
        verifier = flask.session.pop("verifier")
        tokens: ResponseReturnValue = oauth.tiktok.authorize_access_token(code_verifier=verifier)
        return tokens

    return site
