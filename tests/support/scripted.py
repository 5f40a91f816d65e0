"""A TikTok that answers from a script, in memory, and a clock that moves only when told.

    script = Script(answer({"data": {}}), Fault.RESET)
    client = TikTokOAuth(KEY, SECRET, transport=ScriptedTransport(script), clock=FakeClock())

Each attempt plays the next step, and the last step again and again. A step is an answer, a
failure to raise, or a function of the request that makes one of them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tiktok_oauth.engine.ports import (
    ClosedError,
    DeadlineError,
    NoConnectionError,
    Phase,
    TransportError,
)
from tiktok_oauth.protocol.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from tiktok_oauth.events import Event

NOW = 1_790_000_000.0
"""Unix seconds at which every test begins: 21 September 2026."""


class FakeClock:
    """Time that passes only in pauses and when a test says so.

    Attributes:
        pauses: the seconds of each.
        meanwhile: what else happens in each pause, before it is over.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._passed = 0.0

    def now(self) -> float:
        """Unix seconds."""
        return NOW + self._passed

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return 500.0 + self._passed

    async def pause(self, seconds: float) -> None:
        """Let the time pass at once, and remember the wish."""
        self.pauses.append(round(seconds, 9))
        self.meanwhile()
        self._passed += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds


Step = HttpResponse | TransportError | Callable[[HttpRequest], HttpResponse | TransportError]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt was made with."""

    request: HttpRequest
    timeout: float
    limit: int

    @property
    def form(self) -> dict[str, str]:
        """The form in the body."""
        return dict(parse_qsl((self.request.body or b"").decode(), keep_blank_values=True))

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by lower-case name."""
        return {name.lower(): value for name, value in self.request.headers}


class Script:
    """What TikTok will answer, and what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self.attempts: list[Attempt] = []
        self.play(*steps)

    def play(self, *steps: Step) -> None:
        """Begin another script."""
        self._steps = steps
        self._turn = 0

    def next(self, attempt: Attempt) -> HttpResponse:
        """Play the next step."""
        self.attempts.append(attempt)
        step = self._steps[min(self._turn, len(self._steps) - 1)]
        self._turn += 1
        outcome = step if isinstance(step, HttpResponse | TransportError) else step(attempt.request)
        if isinstance(outcome, TransportError):
            raise type(outcome)(outcome.detail, phase=outcome.phase)
        return outcome


class _Closable:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.closed = False

    def _next(self, request: HttpRequest, timeout: float, limit: int) -> HttpResponse:
        if self.closed:
            raise ClosedError("the client is closed", phase=Phase.CONNECT)
        return self.script.next(Attempt(request, timeout, limit))


class ScriptedTransport(_Closable):
    """The script behind a blocking client."""

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Play one step."""
        return self._next(request, timeout, limit)

    def close(self) -> None:
        """Refuse from now on."""
        self.closed = True


class AsyncScriptedTransport(_Closable):
    """The script behind an awaiting client."""

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Play one step."""
        return self._next(request, timeout, limit)

    async def aclose(self) -> None:
        """Refuse from now on."""
        self.closed = True


class Recorder:
    """Keeps every event it hears of."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)


def silence_logging() -> None:
    """Make the library's log as silent as it was when imported."""
    logger = logging.getLogger("tiktok_oauth")
    for handler in logger.handlers[1:]:
        logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def answer(body: object = b"", status: int = 200, **headers: str) -> HttpResponse:
    """An answer: bytes as they are, anything else as JSON; ``retry_after=`` is ``Retry-After``."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, names, raw)


def oauth_error(code: str, description: str = "", status: int = 200) -> HttpResponse:
    """The flat error of TikTok's OAuth endpoints."""
    body = {"error": code, "error_description": description, "log_id": "202609210000AAAA"}
    return answer(body, status)


def data_error(code: str, message: str = "", status: int = 401) -> HttpResponse:
    """The nested error of TikTok's data endpoints."""
    error = {"code": code, "message": message, "log_id": "202609210000BBBB"}
    return answer({"data": {}, "error": error}, status)


REFUSED = NoConnectionError("no connection could be made", phase=Phase.CONNECT)
RESET = NoConnectionError("the connection broke", phase=Phase.EXCHANGE)
SILENCE = DeadlineError("no whole answer", phase=Phase.EXCHANGE)
UNCONNECTED = DeadlineError("no whole answer", phase=Phase.CONNECT)

ACCESS_TOKEN = "act.Example64characters!4521.u1"
REFRESH_TOKEN = "rft.Example64characters!4522.u1"
NEXT_REFRESH_TOKEN = "rft.Another64characters!4523.u1"
CODE = "Example-code*1!4520.u1"
VERIFIER = "v" * 43
OPEN_ID = "-000ExampleOpenId"

TOKENS = {
    "access_token": ACCESS_TOKEN,
    "refresh_token": REFRESH_TOKEN,
    "expires_in": 7200,
    "refresh_expires_in": 15552000,
    "open_id": OPEN_ID,
    "scope": "user.info.basic,video.upload",
    "token_type": "Bearer",
}
REFRESHED = {**TOKENS, "refresh_token": NEXT_REFRESH_TOKEN}
PROFILE = {
    "data": {
        "user": {
            "avatar_url": "https://p16.example.com/a.webp?x-expires=1",
            "display_name": "Ada",
            "open_id": OPEN_ID,
            "union_id": "union-1",
        }
    },
    "error": {"code": "ok", "message": "", "log_id": "202609210000CCCC"},
}
CLIENT_TOKEN = {"access_token": "clt.Example", "expires_in": 7200, "token_type": "Bearer"}
