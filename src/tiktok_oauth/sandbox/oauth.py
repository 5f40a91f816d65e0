"""The OAuth endpoints without HTTP: a decoded form in, the answer's fields out.

Facts from https://developers.tiktok.com/docs/en/oauth-user-access-token-management and its
sister pages (read 2026-11-22); the error texts are those that TikTok documents or was seen to
send.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, TypeAlias

from tiktok_oauth.sandbox.world import OAuthRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.visit import Visit
    from tiktok_oauth.sandbox.world import TokenSet, World

Fields: TypeAlias = "dict[str, str | int]"


def token(visit: Visit) -> Fields:
    """Answer ``POST /v2/oauth/token/``.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    app = authenticate(visit)
    answer_grant = _GRANT_TYPES.get(required(visit.form, "grant_type"))
    if answer_grant is None:
        raise OAuthRefusal("unsupported_grant_type", "The grant type is not supported.")
    return answer_grant(visit, app)


def revoke(visit: Visit) -> Fields:
    """Answer ``POST /v2/oauth/revoke/``: success has no fields.

    Raises:
        OAuthRefusal: TikTok would refuse.
    """
    app = authenticate(visit)
    visit.person_id = visit.world.revoke(visit.now, app, required(visit.form, "token"))
    return {}


def refusal_status(world: World, error: str) -> int:
    """Return the HTTP status of an OAuth error: 200 was seen, RFC 6749 (5.2) has 400 and 401."""
    if world.knobs.oauth_error_status == "200":
        return 200
    return 401 if error == "invalid_client" else 400


def _exchange(visit: Visit, app: App) -> Fields:
    tokens = visit.world.exchange(
        visit.now,
        app,
        required(visit.form, "code"),
        redirect_uri=required(visit.form, "redirect_uri"),
        verifier=visit.form.get("code_verifier"),
    )
    return _fields(visit, tokens)


def _refresh(visit: Visit, app: App) -> Fields:
    # An empty token was seen to be answered as a dead one, not as a malformed request.
    _malformed_if_none(visit.form.get("refresh_token"))
    return _fields(visit, visit.world.refresh(visit.now, app, visit.sent))


def _client_credentials(visit: Visit, _app: App) -> Fields:
    access_token, expires_in = visit.world.client_token(visit.now)
    return {"access_token": access_token, "expires_in": expires_in, "token_type": "Bearer"}


_GRANT_TYPES: Mapping[str, Callable[[Visit, App], Fields]] = {
    "authorization_code": _exchange,
    "client_credentials": _client_credentials,
    "refresh_token": _refresh,
}


def authenticate(visit: Visit) -> App:
    """Return the app whose key and secret the form has; HTTP Basic does not count.

    Raises:
        OAuthRefusal: one is missing, or wrong.
    """
    client_key = required(visit.form, "client_key")
    secret = visit.form.get("client_secret")
    if not secret:
        raise OAuthRefusal("invalid_request", "Client secret is missed in request.")
    app = visit.world.apps.get(client_key)
    if app is None or secret != secret.strip():
        raise OAuthRefusal("invalid_client", "Client info is illegal or malformed.")
    if not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise OAuthRefusal("invalid_client", "Client key or secret is incorrect.")
    return app


def required(form: Mapping[str, str], name: str) -> str:
    """Return a field that must not be empty.

    Raises:
        OAuthRefusal: it is, or missing.
    """
    return _malformed_if_none(form.get(name) or None)


def _malformed_if_none(value: str | None) -> str:
    if value is None:
        raise OAuthRefusal("invalid_request", "The request parameters are malformed.")
    return value


def _fields(visit: Visit, tokens: TokenSet) -> Fields:
    visit.person_id = tokens.person_id
    visit.grant_id, visit.issued = tokens.grant_id, tokens.generation
    return token_fields(tokens)


def token_fields(tokens: TokenSet) -> Fields:
    """Return tokens as TikTok answers them: flat and sorted."""
    return {
        "access_token": tokens.access_token,
        "expires_in": tokens.expires_in,
        "open_id": tokens.open_id,
        "refresh_expires_in": tokens.refresh_expires_in,
        "refresh_token": tokens.refresh_token,
        "scope": tokens.scope,
        "token_type": "Bearer",
    }
