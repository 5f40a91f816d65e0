"""One public call from its first line to its last: correlation ID, duration, outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import TikTokAPIError, invalid_argument
from tiktok_oauth.events import AttemptFailed, CallEnded, CallSucceeded, Noticed

if TYPE_CHECKING:
    from types import TracebackType

    from tiktok_oauth.engine.core import Core


class Span:
    """A context manager around a call: it signs the call's error and reports how it ended."""

    __slots__ = ("_started", "attempts", "core", "correlation_id", "method")

    def __init__(self, core: Core, method: str) -> None:
        self.core: Core = core
        self.method: str = method
        self.attempts: int = 0
        self.correlation_id: str = current_correlation_id() or (
            f"tiktok-{int(core.clock.now() * 1000)}-{core.dice.token_hex(4)}"
        )
        self._started = core.clock.monotonic()

    def __enter__(self) -> Self:
        if self.core.sender.closed:
            error = invalid_argument("The client is closed.", "Make a new one.")
            self.__exit__(type(error), error, None)
            raise error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A cancelled call has no outcome, so it counts as none.
        if isinstance(error, TikTokAPIError):
            self.sign(error)
            if self.attempts == 0:
                self.failed(error)
        elif error is not None:
            return
        seconds = self.core.clock.monotonic() - self._started
        code = None if error is None else error.code
        self.core.report(CallEnded(self.method, self.correlation_id, seconds, self.attempts, code))

    def sign(self, error: TikTokAPIError) -> None:
        """Write on an error which call it ended."""
        error.method = self.method
        error.correlation_id = self.correlation_id
        error.attempts = self.attempts

    def failed(self, error: TikTokAPIError) -> None:
        """Report a failed attempt, or a refusal before any."""
        self.core.report(
            AttemptFailed(
                self.method,
                self.correlation_id,
                error.message,
                error.code,
                error.retryable,
                self.attempts,
                self.core.config.retry.attempts,
                error.hint,
                error.log_id,
                error.tiktok_code,
            )
        )

    def succeeded(self, *details: tuple[str, str]) -> None:
        """Report success, with what the log line says about it."""
        self.core.report(CallSucceeded(self.method, self.correlation_id, details))

    def noticed(self, text: str) -> None:
        """Report something unusual that is no failure."""
        self.core.report(Noticed(self.method, self.correlation_id, text))
