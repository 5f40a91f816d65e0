"""``AsyncTikTokOAuth``, the awaiting client: a thin shell over the stories in ``engine.calls``.

Same names, same arguments, same errors as ``TikTokOAuth``. Each method wraps its secrets and
drops the plain arguments before anything can fail, so that no traceback that shows local
variables shows a token.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Literal, Self

from tiktok_oauth.config import Options, RetryPolicy, load_config
from tiktok_oauth.engine import calls
from tiktok_oauth.engine.ports import ClosedError, Phase
from tiktok_oauth.system import ThreadClock
from tiktok_oauth.types import Secret
from tiktok_oauth.wiring import Observers, check_transport, named_transport, wire

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from tiktok_oauth.connection import ConnectionSettings
    from tiktok_oauth.engine.ports import AsyncTransport
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

AsyncTransportName = Literal["aiohttp", "pyreqwest", "httpx2"]

_TRANSPORTS = {
    "aiohttp": ("tiktok_oauth.transport.aiohttp", "AiohttpTransport"),
    "pyreqwest": ("tiktok_oauth.transport.pyreqwest", "PyreqwestTransport"),
    "httpx2": ("tiktok_oauth.transport.httpx2", "AsyncHttpx2Transport"),
}
_DEFAULT_RETRY = RetryPolicy()


class AsyncTikTokOAuth:
    """TikTok's OAuth v2 for awaiting code. Share one between tasks, or make one per call.

    Arguments and environment are those of ``TikTokOAuth``.

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
        transport: ``"aiohttp"`` (default), ``"pyreqwest"``, ``"httpx2"``, or an object with
            awaitable ``send`` and ``aclose``.
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
        transport: AsyncTransport | AsyncTransportName | None = None,
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
        self._pauses = LoopClock()
        self._observers = Observers()
        config = load_config(options, os.environ)
        self._sender = _Sender(_opener(transport, config.connection), transport)
        self._core = wire(config, self._sender, clock or self._pauses, self._observers)

    def __repr__(self) -> str:
        core = vars(self).get("_core")  # not there yet if the constructor failed
        return f"AsyncTikTokOAuth({f'client_key={core.config.client_key!r}' if core else ''})"

    async def get_authorization_url(
        self,
        scopes: Sequence[str] | str | None = None,
        *,
        state: str | None = None,
        redirect_uri: str | None = None,
        pkce: bool | None = None,
        disable_auto_auth: bool | None = None,
    ) -> TikTokAuthUrl:
        """Build the URL that starts a login. No network; see ``TikTokOAuth``.

        Raises:
            ValidationError: an argument is wrong.
            InvalidCredentialsError: client key, secret or redirect URI cannot be right.
        """
        return await calls.get_authorization_url(
            self._core,
            scopes,
            state,
            redirect_uri,
            pkce_on=pkce,
            disable_auto_auth=disable_auto_auth,
        )

    async def exchange_code_for_tokens(
        self, code: str, *, code_verifier: str | None = None, redirect_uri: str | None = None
    ) -> TikTokTokens:
        """Turn the code of a callback into tokens; see ``TikTokOAuth``.

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
        return await story

    async def refresh_access_token(self, refresh_token: str) -> TikTokRefreshResponse:
        """Renew the access token; see ``TikTokOAuth``.

        Raises:
            InvalidTokenError: it is spent, revoked or expired; see ``lost_in_flight``.
            TikTokAPIError: any other failure.
        """
        story = calls.refresh_access_token(self._core, Secret(refresh_token))
        del refresh_token
        return await story

    async def get_user_info(
        self, access_token: str, fields: Sequence[str] | str | None = None
    ) -> TikTokUserInfo:
        """Read a person's profile; see ``TikTokOAuth``.

        Raises:
            TokenExpiredError: the access token is dead: refresh it.
            ScopeError: a field needs a scope that was not granted.
            TikTokAPIError: any other failure.
        """
        story = calls.get_user_info(self._core, Secret(access_token), fields)
        del access_token
        return await story

    async def revoke_access(self, access_token: str) -> None:
        """Disconnect the app from the account; see ``TikTokOAuth``.

        Raises:
            TikTokAPIError: it did not work.
        """
        story = calls.revoke_access(self._core, Secret(access_token))
        del access_token
        await story

    async def get_client_access_token(self) -> TikTokClientToken:
        """Get a token for the app itself; see ``TikTokOAuth``.

        Raises:
            TikTokAPIError: it did not work.
        """
        return await calls.get_client_access_token(self._core)

    async def start_qr_authorization(
        self, scopes: Sequence[str] | str | None = None, *, state: str | None = None
    ) -> QrAuthorization:
        """Start a login by QR code; see ``TikTokOAuth``.

        Raises:
            TikTokAPIError: it did not work.
        """
        return await calls.start_qr_authorization(self._core, scopes, state)

    async def poll_qr_authorization(self, login: QrAuthorization) -> QrStatus:
        """Ask how a QR login stands; see ``TikTokOAuth``.

        Raises:
            TikTokAPIError: it did not work.
        """
        return await calls.poll_qr_authorization(self._core, login)

    async def request(
        self,
        access_token: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float] | None = None,
        json: JsonObject | None = None,
        idempotent: bool | None = None,
    ) -> JsonObject:
        """Call any other v2 endpoint and return its ``data``; see ``TikTokOAuth``.

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
        return await story

    async def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, *, max_age: float | None = 300.0
    ) -> WebhookEvent:
        """Check a webhook's signature and age, and only then read it; see ``TikTokOAuth``.

        Raises:
            ValidationError: it is not from TikTok, too old, or no event.
        """
        return await calls.verify_webhook(self._core, headers, body, max_age=max_age)

    async def validate_credentials(self, *, online: bool = False) -> None:
        """Judge client key, secret and redirect URI; see ``TikTokOAuth``.

        Raises:
            InvalidCredentialsError: one of them is wrong; it names the variable to set.
            TikTokAPIError: TikTok could not be asked.
        """
        await calls.validate_credentials(self._core, online=online)

    def metrics(self) -> MetricsSnapshot:
        """This client's figures so far."""
        return self._observers.snapshot()

    async def close(self) -> None:
        """End the client's calls at once and refuse new ones."""
        self._sender.closed = True
        self._pauses.stop()
        await self._sender.aclose()

    aclose = close

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class LoopClock:
    """Time for awaiting code. A pause ends at once when the client is closed."""

    def __init__(self) -> None:
        self._pauses: set[asyncio.Future[None]] = set()
        self._stopped = False

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def in_thread(self) -> ThreadClock:
        """The same time for a thread without an event loop."""
        return ThreadClock()

    async def pause(self, seconds: float) -> None:
        """Let other tasks run for a while."""
        import asyncio  # noqa: PLC0415 - a program that only builds a client needs no event loop

        loop = asyncio.get_running_loop()
        over = loop.create_future()
        timer = loop.call_later(seconds, _end, over)
        self._pauses.add(over)
        if self._stopped:
            _end(over)
        try:
            await over
        finally:
            timer.cancel()
            self._pauses.discard(over)

    def stop(self) -> None:
        """End every pause, from any thread."""
        self._stopped = True
        for over in tuple(self._pauses):
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody waits any more
                over.get_loop().call_soon_threadsafe(_end, over)


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


class _Sender:
    """An awaiting transport, opened at the first attempt."""

    def __init__(
        self,
        opener: Callable[[], AsyncTransport],
        chosen: AsyncTransport | AsyncTransportName | None,
    ) -> None:
        self._opener = opener
        self.given = None if isinstance(chosen, str) else chosen
        # No lock, which a fork could leave locked: threads that start at the same time may open
        # one each, and aclose() closes them all.
        self._opened: list[AsyncTransport] = []
        self.closed = False

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> Awaitable[HttpResponse]:
        if not self._opened:
            self._opened.append(self._opener())
        if self.closed:
            raise ClosedError("closed", phase=Phase.CONNECT)
        # Not awaited here: with many calls at once, each coroutine is one more object to collect.
        return self._opened[0].send(request, timeout=timeout, limit=limit)

    async def aclose(self) -> None:
        for transport in self._opened:
            await transport.aclose()


def _opener(
    transport: AsyncTransport | AsyncTransportName | None, settings: ConnectionSettings
) -> Callable[[], AsyncTransport]:
    if transport is None:
        transport = "aiohttp"
    if isinstance(transport, str):
        return named_transport(transport, _TRANSPORTS, settings)
    check_transport(transport, awaiting=True, close="aclose")
    return lambda: transport
