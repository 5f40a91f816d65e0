"""The story of every public method, told once for the blocking and the awaiting client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tiktok_oauth.config import check_scopes
from tiktok_oauth.credentials import is_desktop_redirect
from tiktok_oauth.engine import arguments
from tiktok_oauth.engine.send import Call, send
from tiktok_oauth.engine.span import Span
from tiktok_oauth.errors import InvalidCredentialsError, ScopeError
from tiktok_oauth.protocol import authorize, data, endpoints, pkce, token
from tiktok_oauth.types import (
    JsonObject,
    QrAuthorization,
    QrStatus,
    Secret,
    TikTokAuthUrl,
    TikTokClientToken,
    TikTokRefreshResponse,
    TikTokTokens,
    TikTokUserInfo,
    WebhookEvent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiktok_oauth.engine.core import Core

_VERIFIER_BYTES = 64
_STATE_BYTES = 32
_TICKET_BYTES = 24
_NOT_KNOWN = (
    "TikTok did not know this token; if it had only expired the app is still connected: "
    "refresh, then revoke"
)


async def get_authorization_url(
    core: Core,
    scopes: Sequence[str] | str | None,
    state: str | None,
    redirect_uri: str | None,
    *,
    pkce_on: bool | None,
    disable_auto_auth: bool | None,
) -> TikTokAuthUrl:
    """Build the URL that starts a login, with a fresh state and, where needed, PKCE."""
    with Span(core, "get_authorization_url") as span:
        asked = core.config.scopes if scopes is None else check_scopes(scopes)
        own_state = None if state is None else arguments.check_state(state)
        wanted = arguments.check_flag("pkce", pkce_on)
        always_ask = arguments.check_flag("disable_auto_auth", disable_auto_auth)
        core.credentials.check()
        redirect = core.credentials.check_redirect(redirect_uri)
        verifier = None
        if wanted or (wanted is None and is_desktop_redirect(redirect)):
            verifier = Secret(core.dice.token_urlsafe(_VERIFIER_BYTES))
        final_state = own_state or core.dice.token_hex(_STATE_BYTES)
        url = authorize.build_authorization_url(
            authorize.AuthorizationRequest(
                authorize_url=core.config.authorize_url,
                client_key=core.app.client_key,
                scopes=asked,
                redirect_uri=redirect,
                state=final_state,
                code_challenge=None if verifier is None else pkce.challenge_of(verifier.reveal()),
                disable_auto_auth=always_ask,
            )
        )
        span.succeeded(("scopes", ",".join(asked)))
        return TikTokAuthUrl(url, final_state, None if verifier is None else verifier.reveal())


async def exchange_code_for_tokens(
    core: Core, code: Secret, code_verifier: Secret | None, redirect_uri: str | None
) -> TikTokTokens:
    """Turn an authorization code into tokens. A code works once."""
    with Span(core, "exchange_code_for_tokens") as span:
        arguments.check_code(code)
        arguments.check_verifier(code_verifier)
        core.credentials.check()
        redirect = core.credentials.check_redirect(redirect_uri)
        request = token.build_exchange(
            core.app, code, redirect_uri=redirect, code_verifier=code_verifier
        )
        secrets = (code, core.app.client_secret, *((code_verifier,) if code_verifier else ()))
        tokens = await send(span, Call(endpoints.TOKEN, request, token.parse_tokens, secrets))
        _report_tokens(span, tokens)
        return tokens


async def refresh_access_token(core: Core, refresh_token: Secret) -> TikTokRefreshResponse:
    """Renew the access token. The refresh token in the answer replaces the one sent."""
    with Span(core, "refresh_access_token") as span:
        arguments.check_token("refresh_token", refresh_token)
        core.credentials.check()
        request = token.build_refresh(core.app, refresh_token)
        parse = partial(token.parse_refresh, sent=refresh_token)
        secrets = (refresh_token, core.app.client_secret)
        tokens = await send(span, Call(endpoints.TOKEN, request, parse, secrets))
        _report_tokens(span, tokens)
        return tokens


async def get_user_info(
    core: Core, access_token: Secret, fields: Sequence[str] | str | None
) -> TikTokUserInfo:
    """Read a person's profile."""
    with Span(core, "get_user_info") as span:
        arguments.check_token("access_token", access_token)
        names = arguments.check_fields(fields)
        core.credentials.check()
        request = data.build_user_info(core.app, access_token, names)
        call = Call(endpoints.USER_INFO, request, data.parse_user_info, (access_token,))
        try:
            user = await send(span, call)
        except ScopeError as error:
            scopes = sorted({endpoints.FIELD_SCOPES[name] for name in names})
            error.hint = f"These fields need {', '.join(scopes)}. {error.hint}"
            raise
        span.succeeded(("openId", user.open_id), ("fields", ",".join(names)))
        return user


async def revoke_access(core: Core, access_token: Secret) -> bool:
    """Disconnect the app from the account. A token TikTok does not know counts as done.

    Returns:
        Whether TikTok knew it.
    """
    with Span(core, "revoke_access") as span:
        arguments.check_token("access_token", access_token)
        core.credentials.check()
        request = token.build_revoke(core.app, access_token)
        secrets = (access_token, core.app.client_secret)
        known = await send(span, Call(endpoints.REVOKE, request, token.parse_revoke, secrets))
        if not known:
            span.noticed(_NOT_KNOWN)
        span.succeeded()
        return known


async def get_client_access_token(core: Core) -> TikTokClientToken:
    """Get a token for the app itself (client credentials)."""
    with Span(core, "get_client_access_token") as span:
        core.credentials.check()
        answer = await _client_token(span)
        span.succeeded(("expiresIn", f"{answer.expires_in}s"))
        return answer


async def validate_credentials(core: Core, *, online: bool) -> None:
    """Judge client key, secret and redirect URI; ``online`` lets TikTok judge the first two."""
    with Span(core, "validate_credentials") as span:
        arguments.check_switch("online", online)
        core.credentials.check()
        if core.config.redirect_uri is not None:
            core.credentials.check_redirect()
        if online and not core.credentials.is_known_online():
            try:
                await _client_token(span)
            except InvalidCredentialsError as error:
                core.credentials.remember_online(error)
                raise
            core.credentials.remember_online(None)
        span.succeeded(("online", str(online).lower()))


async def _client_token(span: Span) -> TikTokClientToken:
    app = span.core.app
    request = token.build_client_token(app)
    call = Call(endpoints.CLIENT_TOKEN, request, token.parse_client_token, (app.client_secret,))
    return await send(span, call)


async def start_qr_authorization(
    core: Core, scopes: Sequence[str] | str | None, state: str | None
) -> QrAuthorization:
    """Start a QR login. TikTok takes no redirect URI for it."""
    from tiktok_oauth.protocol import qr  # noqa: PLC0415 - as for webhooks

    with Span(core, "start_qr_authorization") as span:
        asked = core.config.scopes if scopes is None else check_scopes(scopes)
        own_state = None if state is None else arguments.check_state(state)
        core.credentials.check()
        final_state = own_state or core.dice.token_hex(_STATE_BYTES)
        ticket = Secret(core.dice.token_urlsafe(_TICKET_BYTES))
        request = qr.build_qr_get(core.app, asked, final_state)
        parse = partial(qr.parse_qr_get, ticket=ticket, state=final_state)
        started = await send(span, Call(endpoints.QR_GET, request, parse, (ticket,)))
        span.succeeded(("scopes", ",".join(asked)))
        return started


async def poll_qr_authorization(core: Core, login: QrAuthorization) -> QrStatus:
    """Ask how a QR login stands. Poll every few seconds: TikTok documents no interval."""
    from tiktok_oauth.protocol import qr  # noqa: PLC0415 - as for webhooks

    with Span(core, "poll_qr_authorization") as span:
        login = arguments.check_qr(login)
        core.credentials.check()
        name, ticket = Secret(login.token), Secret(login.client_ticket)
        request = qr.build_qr_check(core.app, name)
        parse = partial(qr.parse_qr_check, ticket=ticket, state=login.state)
        secrets = (name, ticket, core.app.client_secret)
        status = await send(span, Call(endpoints.QR_CHECK, request, parse, secrets))
        span.succeeded(("status", status.status))
        return status


async def request(  # noqa: PLR0913 - the public method has as many
    core: Core,
    access_token: Secret,
    method: str,
    path: str,
    *,
    params: Mapping[str, str | float] | None,
    json: JsonObject | None,
    idempotent: bool | None,
) -> JsonObject:
    """Call any other v2 endpoint and return its ``data``."""
    with Span(core, "request") as span:
        arguments.check_token("access_token", access_token)
        verb, where = arguments.check_method(method), arguments.check_path(path)
        query = urlencode(arguments.check_params(params))
        body = arguments.encode_json(json)
        repeatable = arguments.check_flag("idempotent", idempotent)
        if repeatable is None:
            slashed = where if where.endswith("/") else where + "/"
            repeatable = verb == "GET" or slashed in endpoints.REPEATABLE_POSTS
        core.credentials.check()
        endpoint = data.data_endpoint(verb, where, repeatable=repeatable)
        sent = data.build_data(core.app, access_token, endpoint, query, body)
        answer = await send(span, Call(endpoint, sent, data.parse_data, (access_token,)))
        span.succeeded(("path", where))
        return answer


async def verify_webhook(
    core: Core, headers: Mapping[str, str], body: bytes, *, max_age: float | None
) -> WebhookEvent:
    """Check a webhook's signature and age, and only then read it."""
    from tiktok_oauth.protocol import webhook  # noqa: PLC0415 - few programs need it at start

    with Span(core, "verify_webhook") as span:
        oldest = arguments.check_max_age(max_age)
        core.credentials.check()
        previous = core.config.client_secret_previous
        secrets = [core.app.client_secret] + ([previous] if previous else [])
        event = webhook.parse_webhook(
            headers, body, secrets=secrets, now=core.clock.now(), max_age=oldest
        )
        span.succeeded(("event", event.event))
        return event


def _report_tokens(span: Span, tokens: TikTokTokens) -> None:
    span.succeeded(
        ("openId", tokens.open_id),
        ("expiresIn", f"{tokens.expires_in}s"),
        ("scopes", tokens.scope),
    )
