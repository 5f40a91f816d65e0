"""``TikTokOAuth``, the blocking client: a thin shell over the stories in ``engine.calls``.

Each method wraps its secrets and drops the plain arguments before anything can fail, so that
no traceback that shows local variables shows a token.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, Self

from tiktok_oauth.config import Options, RetryPolicy, load_config
from tiktok_oauth.engine import calls
from tiktok_oauth.engine.ports import ClosedError, Phase
from tiktok_oauth.engine.run import run
from tiktok_oauth.system import ThreadClock
from tiktok_oauth.types import Secret
from tiktok_oauth.wiring import Observers, check_transport, named_transport, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import Transport
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.types import (
        Clock,
        JsonObject,
        MetricsSnapshot,
        QrAuthorization,
        QrStatus,
        TikTokAuthUrl,
        TikTokClientToken,
        TikTokRefreshResponse,
        TikTokTokens,
        TikTokUserInfo,
        WebhookEvent,
    )

TransportName = Literal["urllib3", "httpx2"]

_TRANSPORTS = {
    "urllib3": ("tiktok_oauth.transport.urllib3", "Urllib3Transport"),
    "httpx2": ("tiktok_oauth.transport.httpx2", "Httpx2Transport"),
}
_DEFAULT_RETRY = RetryPolicy()


class TikTokOAuth:
    """TikTok's OAuth v2 for blocking code. Share one between threads, or make one per call.

    What is not given is read from the environment: ``TIKTOK_CLIENT_KEY``,
    ``TIKTOK_CLIENT_SECRET`` (or ``TIKTOK_CLIENT_SECRET_FILE``), ``TIKTOK_REDIRECT_URI``,
    ``TIKTOK_SCOPES``, ``TIKTOK_BASE_URL``, ``TIKTOK_AUTHORIZE_URL``.

    Args:
        client_key: the app's key (TikTok's word for the client ID).
        client_secret: the app's secret.
        redirect_uri: exactly as registered for the app.
        scopes: what to ask for by default: a list, or one comma-separated string.
        timeout: seconds for one attempt, over every phase.
        deadline: seconds for a whole call with its retries; None for no bound.
        retry: when a failed attempt is made again.
        base_url: the API's origin, e.g. a sandbox's; http only to this machine.
        authorize_url: the authorization page, e.g. a sandbox's.
        transport: ``"urllib3"`` (default), ``"httpx2"``, or an object with ``send`` and
            ``close``.
        client_secret_previous: keeps webhooks verifiable while the secret is rotated.
        ca_file: a PEM file of certificate authorities to trust instead of the system's.
        clock: another source of time, for tests.

    Raises:
        ValidationError: a setting is wrong. Credentials are judged before the first call.
    """

    def __init__(  # noqa: PLR0913 - every setting has a default and a name
        self,
        client_key: str | None = None,
        client_secret: str | None = None,
        redirect_uri: str | None = None,
        *,
        scopes: Sequence[str] | str | None = None,
        timeout: float = 10.0,
        deadline: float | None = None,
        retry: RetryPolicy = _DEFAULT_RETRY,
        base_url: str | None = None,
        authorize_url: str | None = None,
        transport: Transport | TransportName | None = None,
        client_secret_previous: str | None = None,
        ca_file: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        options = Options(
            client_key,
            None if client_secret is None else Secret(client_secret),
            None if client_secret_previous is None else Secret(client_secret_previous),
            redirect_uri,
            scopes,
            timeout,
            deadline,
            retry,
            base_url,
            authorize_url,
            ca_file,
        )
        del client_secret, client_secret_previous
        self._pauses = ThreadClock()
        self._observers = Observers()
        config = load_config(options, os.environ)
        self._sender = _Sender(_opener(transport, config.connection), transport)
        self._core = wire(config, self._sender, clock or self._pauses, self._observers)

    def __repr__(self) -> str:
        core = vars(self).get("_core")  # not there yet if the constructor failed
        return f"TikTokOAuth({f'client_key={core.config.client_key!r}' if core else ''})"

    def get_authorization_url(
        self,
        scopes: Sequence[str] | str | None = None,
        *,
        state: str | None = None,
        redirect_uri: str | None = None,
        pkce: bool | None = None,
        disable_auto_auth: bool | None = None,
    ) -> TikTokAuthUrl:
        """Build the URL that starts a login. No network.

        Args:
            scopes: what to ask for; one unapproved scope makes TikTok refuse all of them.
            state: your own state instead of 64 random hex characters.
            redirect_uri: another registered redirect URI than the configured one.
            pkce: None switches PKCE on for loopback redirects (TikTok's desktop kind) only.
            disable_auto_auth: True always shows the consent page, so that a person can choose
                another account; False skips it where possible.

        Raises:
            ValidationError: an argument is wrong.
            InvalidCredentialsError: client key, secret or redirect URI cannot be right.
        """
        return run(
            calls.get_authorization_url(
                self._core,
                scopes,
                state,
                redirect_uri,
                pkce_on=pkce,
                disable_auto_auth=disable_auto_auth,
            )
        )

    def exchange_code_for_tokens(
        self, code: str, *, code_verifier: str | None = None, redirect_uri: str | None = None
    ) -> TikTokTokens:
        """Turn the code of a callback into tokens. It works once, for a few minutes.

        Args:
            code: the code parameter as your web framework decoded it.
            code_verifier: the one that came with the authorization URL, if any.
            redirect_uri: the one of the authorization URL, if not the configured one.

        Raises:
            InvalidTokenError: the code is spent or expired; see ``lost_in_flight``.
            TikTokAPIError: any other failure.
        """
        story = calls.exchange_code_for_tokens(
            self._core,
            Secret(code),
            None if code_verifier is None else Secret(code_verifier),
            redirect_uri,
        )
        del code, code_verifier
        return run(story)

    def refresh_access_token(self, refresh_token: str) -> TikTokRefreshResponse:
        """Renew the access token. Store the refresh token in the answer before anything else.

        Args:
            refresh_token: the newest one; TikTok spends it with this call.

        Raises:
            InvalidTokenError: it is spent, revoked or expired; see ``lost_in_flight``.
            TikTokAPIError: any other failure.
        """
        story = calls.refresh_access_token(self._core, Secret(refresh_token))
        del refresh_token
        return run(story)

    def get_user_info(
        self, access_token: str, fields: Sequence[str] | str | None = None
    ) -> TikTokUserInfo:
        """Read a person's profile.

        Args:
            access_token: the person's.
            fields: what to ask for; by default open_id, union_id, avatar_url and display_name.
                A field whose scope was not granted fails the whole call.

        Raises:
            TokenExpiredError: the access token is dead: refresh it.
            ScopeError: a field needs a scope that was not granted.
            TikTokAPIError: any other failure.
        """
        story = calls.get_user_info(self._core, Secret(access_token), fields)
        del access_token
        return run(story)

    def revoke_access(self, access_token: str) -> None:
        """Disconnect the app from the account: the refresh token dies, too.

        A token that TikTok does not know counts as done, with a line at level warn. If it had
        only expired, the app is still connected: refresh, then revoke.

        Raises:
            TikTokAPIError: it did not work.
        """
        story = calls.revoke_access(self._core, Secret(access_token))
        del access_token
        run(story)

    def get_client_access_token(self) -> TikTokClientToken:
        """Get a token for the app itself, for the Research and Commercial Content APIs.

        Raises:
            TikTokAPIError: it did not work.
        """
        return run(calls.get_client_access_token(self._core))

    def start_qr_authorization(
        self, scopes: Sequence[str] | str | None = None, *, state: str | None = None
    ) -> QrAuthorization:
        """Start a login by QR code, for a screen without a browser.

        Raises:
            TikTokAPIError: it did not work.
        """
        return run(calls.start_qr_authorization(self._core, scopes, state))

    def poll_qr_authorization(self, login: QrAuthorization) -> QrStatus:
        """Ask how a QR login stands; TikTok documents no interval, so ask every few seconds.

        Raises:
            TikTokAPIError: it did not work.
        """
        return run(calls.poll_qr_authorization(self._core, login))

    def request(
        self,
        access_token: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint and return the ``data`` object of the answer.

        Args:
            access_token: the person's, or the app's.
            method: the HTTP method.
            path: e.g. ``/v2/video/list/``.
            params: query parameters, e.g. ``{"fields": "id,title"}``.
            json: the JSON body.
            idempotent: whether the call may be made twice. None means yes for GET and for the
                POST endpoints that only read; otherwise only what certainly was not sent, or
                429, is tried again.

        Raises:
            TikTokAPIError: it did not work; ``never_sent`` tells whether TikTok saw it.
        """
        story = calls.request(
            self._core,
            Secret(access_token),
            method,
            path,
            params=params,
            json=json,
            idempotent=idempotent,
        )
        del access_token
        return run(story)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, *, max_age: float | None = 300.0
    ) -> WebhookEvent:
        """Check a webhook's signature and age, and only then read it. No network.

        Args:
            headers: the request's headers.
            body: the request's raw bytes, before anything parsed them.
            max_age: seconds since TikTok signed it; None takes any age. TikTok retries for 72
                hours, and whether it signs anew each time is not documented.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
        """
        return run(calls.verify_webhook(self._core, headers, body, max_age=max_age))

    def validate_credentials(self, *, online: bool = False) -> None:
        """Judge client key, secret and redirect URI; the judgement holds for five minutes.

        Args:
            online: let TikTok judge key and secret, by a client-credentials request.

        Raises:
            InvalidCredentialsError: one of them is wrong; it names the variable to set.
            TikTokAPIError: TikTok could not be asked.
        """
        run(calls.validate_credentials(self._core, online=online))

    def metrics(self) -> MetricsSnapshot:
        """This client's figures so far."""
        return self._observers.snapshot()

    def close(self) -> None:
        """End the client's calls at once, from any thread, and refuse new ones."""
        self._sender.close()
        self._pauses.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Sender:
    """A blocking transport in the engine's clothes, opened at the first attempt."""

    def __init__(
        self, opener: Callable[[], Transport], chosen: Transport | TransportName | None
    ) -> None:
        self._opener = opener
        self.given = None if isinstance(chosen, str) else chosen
        # No lock, which a fork could leave locked: threads that start at the same time may open
        # one each, and close() closes them all.
        self._opened: list[Transport] = []
        self.closed = False

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        if not self._opened:
            self._opened.append(self._opener())
        if self.closed:
            raise ClosedError("closed", phase=Phase.CONNECT)
        return self._opened[0].send(request, timeout=timeout, limit=limit)

    def close(self) -> None:
        self.closed = True
        for transport in self._opened:
            transport.close()


def _opener(
    transport: Transport | TransportName | None, settings: ConnectionSettings
) -> Callable[[], Transport]:
    if transport is None:
        transport = "urllib3"
    if isinstance(transport, str):
        return named_transport(transport, _TRANSPORTS, settings)
    check_transport(transport, awaiting=False, close="close")
    return lambda: transport


class _FromEnvironment(TikTokOAuth):
    """A client that reads its settings from the environment when it is first used."""

    def __init__(self) -> None:
        pass

    def __getattr__(self, name: str) -> object:
        # Python asks here only for what is not set yet.
        if name not in {"_core", "_observers", "_pauses", "_sender"}:
            raise AttributeError(name)
        # Of threads that come at the same time, all take what the first one made.
        vars(self).update(vars(self).setdefault("_made", vars(TikTokOAuth())))
        return vars(self)[name]


tiktok_oauth: TikTokOAuth = _FromEnvironment()
