"""The OAuth endpoints without HTTP: a decoded form in, the answer's fields out.

Facts from https://developers.tiktok.com/docs/en/oauth-user-access-token-management and its
sister pages (read 2026-11-22); the error texts are those that TikTok documents or was seen to
send.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from tiktok_oauth.sandbox.world import OAuthRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.world import TokenSet, World

Fields: TypeAlias = "dict[str, str | int]"


def token(world: World, now: float, form: Mapping[str, str]) -> Fields:
    """Answer ``POST /v2/oauth/token/``.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    app = _authenticate(world, form)
    answer_grant = _GRANT_TYPES.get(_required(form, "grant_type"))
    if answer_grant is None:
        raise OAuthRefusal("unsupported_grant_type", "The grant type is not supported.")
    return answer_grant(world, now, app, form)


def revoke(world: World, now: float, form: Mapping[str, str]) -> Fields:
    """Answer ``POST /v2/oauth/revoke/``: success has no fields.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    app = _authenticate(world, form)
    world.revoke(now, app, _required(form, "token"))
    return {}


def refusal_status(world: World, error: str) -> int:
    """Return the HTTP status of an OAuth error: 200 was seen, RFC 6749 (5.2) has 400 and 401."""
    if world.knobs.oauth_error_status == "200":
        return 200
    return 401 if error == "invalid_client" else 400


def _exchange(world: World, now: float, app: App, form: Mapping[str, str]) -> Fields:
    tokens = world.exchange(
        now,
        app,
        _required(form, "code"),
        redirect_uri=_required(form, "redirect_uri"),
        verifier=form.get("code_verifier"),
    )
    return _fields(tokens)


def _refresh(world: World, now: float, app: App, form: Mapping[str, str]) -> Fields:
    # An empty token was seen to be answered as a dead one, not as a malformed request.
    refresh_token = form.get("refresh_token")
    return _fields(world.refresh(now, app, _malformed_if_none(refresh_token)))


def _client_credentials(world: World, now: float, _app: App, _form: Mapping[str, str]) -> Fields:
    access_token, expires_in = world.client_token(now)
    return {"access_token": access_token, "expires_in": expires_in, "token_type": "Bearer"}


_GRANT_TYPES: Mapping[str, Callable[[World, float, App, Mapping[str, str]], Fields]] = {
    "authorization_code": _exchange,
    "client_credentials": _client_credentials,
    "refresh_token": _refresh,
}


def _authenticate(world: World, form: Mapping[str, str]) -> App:
    client_key = _required(form, "client_key")
    secret = form.get("client_secret")
    if not secret:
        raise OAuthRefusal("invalid_request", "Client secret is missed in request.")
    app = world.apps.get(client_key)
    if app is None or secret != secret.strip():
        raise OAuthRefusal("invalid_client", "Client info is illegal or malformed.")
    if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise OAuthRefusal("invalid_client", "Client key or secret is incorrect.")
    return app


def _required(form: Mapping[str, str], name: str) -> str:
    return _malformed_if_none(form.get(name) or None)


def _malformed_if_none(value: str | None) -> str:
    if value is None:
        raise OAuthRefusal("invalid_request", "The request parameters are malformed.")
    return value


def _fields(tokens: TokenSet) -> Fields:
    return {**asdict(tokens), "token_type": "Bearer"}
