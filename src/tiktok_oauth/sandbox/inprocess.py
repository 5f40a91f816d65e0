"""The sandbox as a transport: both clients talk to it without a socket, and nothing waits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tiktok_oauth.engine.ports import ClosedError, DeadlineError, NoConnectionError, Phase
from tiktok_oauth.protocol.http import HttpResponse
from tiktok_oauth.sandbox.http import BODY_LIMIT, Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.protocol.http import HttpRequest
    from tiktok_oauth.sandbox.http import Answer

    Respond = Callable[[Call], Answer]


class InProcess:
    """A blocking transport into a sandbox of this process.

    Faults arrive as they would over a wire, but for the time they take: what would outlast the
    attempt's time ends it at once, everything else is there at once.

    Args:
        respond: answers a call.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._closed = False

    def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt.

        Raises:
            TransportError: there was no whole answer.
        """
        if self._closed:
            raise ClosedError("closed", phase=Phase.CONNECT)
        answer = self._respond(_call(request))
        delivery = answer.delivery
        if delivery is not None:
            takes = delivery.pause + delivery.gap * len(answer.body)
            if takes >= timeout or (delivery.more and delivery.cut is None):
                raise DeadlineError("no answer in time", phase=Phase.EXCHANGE)
            if delivery.cut is not None:
                raise NoConnectionError("the connection was closed", phase=Phase.EXCHANGE)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        body = answer.body[:limit]
        return HttpResponse(answer.status, headers, body, overflow=len(answer.body) > limit)

    def close(self) -> None:
        """Refuse new attempts."""
        self._closed = True


class AsyncInProcess:
    """An awaiting transport into a sandbox of this process.

    Args:
        respond: answers a call.
    """

    def __init__(self, respond: Respond) -> None:
        self._blocking = InProcess(respond)

    async def send(self, request: HttpRequest, *, timeout: float, limit: int) -> HttpResponse:
        """Make one attempt.

        Raises:
            TransportError: there was no whole answer.
        """
        return self._blocking.send(request, timeout=timeout, limit=limit)

    async def aclose(self) -> None:
        """Refuse new attempts."""
        self._blocking.close()


def _call(request: HttpRequest) -> Call:
    url = urlsplit(request.url)
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    body = request.body or b""
    return Call(
        request.method,
        unquote(url.path),
        url.query.encode(),
        [(b"host", url.netloc.encode()), *headers],
        body[:BODY_LIMIT],
        len(body),
        url.scheme,
    )
