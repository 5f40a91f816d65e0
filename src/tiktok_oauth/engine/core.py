"""What a client's stories share: configuration, credentials, a way out, a clock, listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from tiktok_oauth.credentials import credential_problem, redirect_problem
from tiktok_oauth.errors import InvalidCredentialsError, invalid_argument, invalid_credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tiktok_oauth.config import ClientConfig
    from tiktok_oauth.events import Event
    from tiktok_oauth.protocol.http import HttpRequest, HttpResponse
    from tiktok_oauth.protocol.token import App
    from tiktok_oauth.types import Clock


class Sender(Protocol):
    """A transport as the engine awaits it; a blocking one simply never waits."""

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        ...

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> Awaitable[HttpResponse]:
        """As ``Transport.send``."""
        ...


class Dice(Protocol):
    """Randomness from a secure source."""

    def token_hex(self, count: int) -> str:
        """``count`` random bytes in hex."""
        ...

    def token_urlsafe(self, count: int) -> str:
        """``count`` random bytes in base64url without padding."""
        ...

    def roll(self) -> float:
        """A number in [0, 1)."""
        ...


class Core(msgspec.Struct, frozen=True, eq=False):
    """One client, as its stories see it."""

    config: ClientConfig
    app: App
    sender: Sender
    clock: Clock
    dice: Dice
    report: Callable[[Event], None]
    credentials: Credentials


class Credentials:
    """Judges one client's credentials and remembers the judgement for five minutes."""

    TTL = 300.0

    def __init__(self, config: ClientConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._judged: dict[str, tuple[float, str | None]] = {}

    def check(self) -> None:
        """Client key and secrets can be right.

        Raises:
            InvalidCredentialsError: one of them cannot; it names the variable to set.
        """
        if not self._is_fresh("app"):
            self._judge("app", self._app_problem())

    def check_redirect(self, argument: str | None = None) -> str:
        """The redirect URI to send: the argument, else the configured one, if TikTok takes it.

        Raises:
            ValidationError: TikTok would refuse the argument.
            InvalidCredentialsError: none is configured, or TikTok would refuse it.
        """
        if argument is not None:
            problem = redirect_problem(argument)
            if problem is not None:
                raise invalid_argument(problem, "Pass one exactly as registered for the app.")
            return argument
        if not self._is_fresh("redirect"):
            problem = redirect_problem(self._config.redirect_uri)
            self._judge("redirect", problem and f"{problem} Correct TIKTOK_REDIRECT_URI.")
        return self._config.redirect_uri or ""

    def is_known_online(self) -> bool:
        """Whether TikTok itself said within five minutes that the credentials are good.

        Raises:
            InvalidCredentialsError: it said within five minutes that they are not.
        """
        return self._is_fresh("online")

    def remember_online(self, refusal: InvalidCredentialsError | None) -> None:
        """Remember a definite answer of TikTok's."""
        problem = None if refusal is None else f"{refusal.message} {refusal.hint}"
        self._judged["online"] = (self._clock.monotonic() + self.TTL, problem)

    def _app_problem(self) -> str | None:
        config = self._config
        # Two expressions, so that no local variable ever holds the secret.
        return (
            credential_problem("client_key", "TIKTOK_CLIENT_KEY", config.client_key)
            or credential_problem(
                "client_secret",
                "TIKTOK_CLIENT_SECRET",
                None if config.client_secret is None else config.client_secret.reveal(),
            )
            or self._previous_problem()
        )

    def _previous_problem(self) -> str | None:
        previous = self._config.client_secret_previous
        if previous is None:
            return None
        # An empty key would let anybody sign webhooks.
        return credential_problem(
            "client_secret_previous", "client_secret_previous", previous.reveal()
        )

    def _is_fresh(self, key: str) -> bool:
        until, problem = self._judged.get(key, (0.0, None))
        if self._clock.monotonic() >= until:
            return False
        if problem is not None:
            raise invalid_credentials(problem)
        return True

    def _judge(self, key: str, problem: str | None) -> None:
        self._judged[key] = (self._clock.monotonic() + self.TTL, problem)
        if problem is not None:
            raise invalid_credentials(problem)
