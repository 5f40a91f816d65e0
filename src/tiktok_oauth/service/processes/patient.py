"""uvicorn's HTTP protocol, whose patience with slow and endless requests has an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

_LONGEST_HEAD = 1 << 16


class PatientProtocol(HttpToolsProtocol):
    """Hangs up on whoever takes too long to send a request, or sends a head without end.

    One timer a connection looks now and then, so a request costs two assignments; what is too
    slow is found between one and two times the patience.
    """

    patience: float = 10.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._since: float | None = None
        self._head = 0
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._timer = self.loop.call_later(self.patience, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless the head has become too long."""
        if self._in_head:
            self._head += len(data)
            if self._head > _LONGEST_HEAD:
                self.send_400_response("The head of this request is too long.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Take the time of a request's first byte."""
        self._since = self.loop.time()
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is over."""
        self._in_head = False
        self._head = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here."""
        self._since = None
        self._in_head = True
        super().on_message_complete()

    def _look(self) -> None:
        since, now = self._since, self.loop.time()
        if since is not None and now - since >= self.patience:
            self.transport.abort()
            return
        self._timer = self.loop.call_later(self.patience, self._look)


def patient_protocol(patience: float) -> type[PatientProtocol]:
    """The protocol with another patience, in seconds."""
    return type("PatientProtocol", (PatientProtocol,), {"patience": patience})
