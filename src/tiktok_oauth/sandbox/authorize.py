"""The authorization request: what TikTok checks before it asks the person.

TikTok shows a wrong request on a page of its own and never sends the browser back with it; only
the person's decision reaches the app's redirect URI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tiktok_oauth.sandbox.catalog import BASIC_SCOPE
from tiktok_oauth.sandbox.registration import is_desktop, may_redirect, serves
from tiktok_oauth.sandbox.world import Consent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.world import World


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be put before a person.

    Attributes:
        app: who asks.
        redirect_uri: where the answer goes.
        scopes: what is asked for, in the order of an answer.
        state: what goes back with the answer.
        code_challenge: what the code verifier will be measured by.
        always_ask: whether the consent page is shown to somebody who allowed all this before.
    """

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None
    always_ask: bool = False

    @property
    def redirect_origin(self) -> str:
        """Scheme, host and port of where the browser goes next."""
        return "/".join(self.redirect_uri.split("/", 3)[:3])


class AuthorizeError(Exception):
    """TikTok shows its own error page and never goes back to the app.

    Attributes:
        error: TikTok's word for what went wrong.
        error_type: the parameter to correct.
        err_code: TikTok's number, where it shows one.
    """

    def __init__(self, error: str, error_type: str, err_code: str | None = None) -> None:
        super().__init__(f"{error}: correct {error_type}")
        self.error = error
        self.error_type = error_type
        self.err_code = err_code

    def query(self, log_id: str) -> str:
        """Return the query of the error page's address."""
        code = {} if self.err_code is None else {"errCode": self.err_code}
        return urlencode(
            {"error": self.error, "error_type": self.error_type, **code, "logid": log_id}
        )


def read_request(world: World, params: Mapping[str, str]) -> AuthorizationRequest:
    """Return the request, if every parameter stands; what is unknown is ignored.

    Raises:
        AuthorizeError: one does not.
    """
    client_key = params.get("client_key")
    if not client_key:
        raise AuthorizeError("param_error", "client_key", "10003")
    app = world.apps.get(client_key)
    if app is None or not app.approved:
        raise AuthorizeError("unauthorized_client", "client_key")
    if params.get("response_type") != "code":
        raise AuthorizeError("unsupported_response_type", "response_type")
    redirect_uri = params.get("redirect_uri", "")
    if not may_redirect(app, redirect_uri):
        raise AuthorizeError("invalid_request", "redirect_uri")
    return AuthorizationRequest(
        app=app,
        redirect_uri=redirect_uri,
        scopes=_read_scopes(world, app, params.get("scope", "")),
        state=params.get("state"),
        always_ask=params.get("disable_auto_auth") == "1",
        code_challenge=_read_challenge(world, params, redirect_uri),
    )


def allow(
    world: World, now: float, asked: AuthorizationRequest, person_id: str, scopes: Iterable[str]
) -> str:
    """Return the callback URL with a code; only scopes that were asked for can be granted."""
    if not serves(asked.app, person_id):
        return _callback(asked, {"error": "access_denied", "error_type": "non_sandbox_target"})
    allowed = set(scopes)
    granted = world.in_order(scope for scope in asked.scopes if scope in allowed)
    code = world.consent(
        now,
        Consent(asked.app.client_key, person_id, granted, asked.redirect_uri, asked.code_challenge),
    )
    return _callback(asked, {"code": code, "scopes": ",".join(granted)})


def allow_again(
    world: World, now: float, asked: AuthorizationRequest, person_id: str
) -> str | None:
    """Return the callback URL when this person allowed all of it before; nobody is asked then."""
    known = {
        scope
        for grant in world.grants.between(asked.app.client_key, person_id)
        if now < grant.dies
        for scope in grant.scopes
    }
    if asked.always_ask or not set(asked.scopes) <= known:
        return None
    return allow(world, now, asked, person_id, asked.scopes)


def deny(asked: AuthorizationRequest) -> str:
    """Return the callback URL for a person who declined."""
    return _callback(
        asked, {"error": "access_denied", "error_description": "User cancelled authorization"}
    )


def _callback(asked: AuthorizationRequest, answer: dict[str, str]) -> str:
    if asked.state is not None:
        answer["state"] = asked.state
    # The state goes back byte for byte, in whatever encoding it came.
    return f"{asked.redirect_uri}?{urlencode(answer, errors='surrogateescape')}"


def _read_scopes(world: World, app: App, scope: str) -> tuple[str, ...]:
    if not set(scope.split(",")) <= {*app.scopes, BASIC_SCOPE}:
        raise AuthorizeError("invalid_scope", "scope")
    return world.in_order(scope.split(","))


def _read_challenge(world: World, params: Mapping[str, str], redirect_uri: str) -> str | None:
    """Return the code challenge; whether it is hex shows at the exchange only, as at TikTok."""
    challenge = params.get("code_challenge") or None
    method = params.get("code_challenge_method")
    rule, on_desktop = world.knobs.pkce, is_desktop(redirect_uri)
    required = on_desktop and rule != "lenient"
    if challenge is None and required:
        raise AuthorizeError("param_error", "code_challenge", "10007")
    # One report says that TikTok refuses any method where the redirect is no desktop one.
    refused_on_web = rule == "strict" and not on_desktop and method is not None
    if method not in ("S256", None) or (method is None and required) or refused_on_web:
        raise AuthorizeError("param_error", "code_challenge_method", "10008")
    return challenge
