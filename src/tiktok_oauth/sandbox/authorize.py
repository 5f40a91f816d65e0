"""The authorization request: what TikTok checks before it asks the person.

TikTok shows a wrong request on a page of its own and never sends the browser back with it; only
the person's decision reaches the app's redirect URI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tiktok_oauth.sandbox.catalog import SCOPES
from tiktok_oauth.sandbox.world import Consent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiktok_oauth.sandbox.catalog import App
    from tiktok_oauth.sandbox.knobs import PkceRule
    from tiktok_oauth.sandbox.world import World

_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?"
_LOOPBACK_REDIRECT = re.compile(rf"https?://(localhost|127\.0\.0\.1):[0-9]{{1,5}}{_PATH}")
_WEB_REDIRECT = re.compile(
    rf"https://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]+(:[0-9]{{1,5}})?{_PATH}"
)
_REDIRECT_LIMIT = 512


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be put before a person."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None

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
    if app is None:
        raise AuthorizeError("unauthorized_client", "client_key")
    if params.get("response_type") != "code":
        raise AuthorizeError("unsupported_response_type", "response_type")
    redirect_uri = params.get("redirect_uri", "")
    on_desktop = _LOOPBACK_REDIRECT.fullmatch(redirect_uri) is not None
    on_web = _WEB_REDIRECT.fullmatch(redirect_uri) is not None
    if not (on_desktop or on_web) or len(redirect_uri) >= _REDIRECT_LIMIT:
        raise AuthorizeError("invalid_request", "redirect_uri")
    return AuthorizationRequest(
        app=app,
        redirect_uri=redirect_uri,
        scopes=_read_scopes(world, params.get("scope", "")),
        state=params.get("state"),
        code_challenge=_read_challenge(params, world.knobs.pkce, on_desktop=on_desktop),
    )


def allow(
    world: World, now: float, asked: AuthorizationRequest, person_id: str, scopes: Iterable[str]
) -> str:
    """Return the callback URL with a code; only scopes that were asked for can be granted."""
    allowed = set(scopes)
    granted = world.in_order(scope for scope in asked.scopes if scope in allowed)
    code = world.consent(
        now,
        Consent(asked.app.client_key, person_id, granted, asked.redirect_uri, asked.code_challenge),
    )
    return _callback(asked, {"code": code, "scopes": ",".join(granted)})


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


def _read_scopes(world: World, scope: str) -> tuple[str, ...]:
    wanted = set(scope.split(","))
    if not wanted <= SCOPES.keys():
        raise AuthorizeError("invalid_scope", "scope")
    return world.in_order(scope.split(","))


def _read_challenge(params: Mapping[str, str], rule: PkceRule, *, on_desktop: bool) -> str | None:
    """Return the code challenge; whether it is hex shows at the exchange only, as at TikTok."""
    challenge = params.get("code_challenge") or None
    method = params.get("code_challenge_method")
    required = on_desktop and rule != "lenient"
    if challenge is None and required:
        raise AuthorizeError("param_error", "code_challenge", "10007")
    # One report says that TikTok refuses any method where the redirect is no desktop one.
    refused_on_web = rule == "strict" and not on_desktop and method is not None
    if method not in ("S256", None) or (method is None and required) or refused_on_web:
        raise AuthorizeError("param_error", "code_challenge_method", "10008")
    return challenge
