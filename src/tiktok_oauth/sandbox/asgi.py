"""The sandbox as an ASGI app, and how an answer reaches the wire, well or badly."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tiktok_oauth.sandbox import control, desk
from tiktok_oauth.sandbox.http import Call, text_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from tiktok_oauth.sandbox.http import Answer, Delivery

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_CONNECTION = "tiktok_oauth.connection"
_OWN_NAME = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?")
_NO_LINGER = struct.pack("ii", 1, 0)


class WireProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets the app have the connection: ASGI has no word for a reset."""

    def on_message_begin(self) -> None:
        """Put the connection into the scope of each request."""
        super().on_message_begin()
        self.scope["extensions"] = {_CONNECTION: {"transport": self.transport}}


class Wire:
    """Reads a call from ASGI, and delivers its answer.

    Args:
        respond: answers a call.
        exposed: whether the controls may be found under other names than this machine's own.
            Otherwise a web page could steer them from somebody's browser, by a name of its own
            that leads here.
    """

    def __init__(self, respond: Callable[[Call], Answer], *, exposed: bool) -> None:
        self._respond = respond
        self._exposed = exposed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = await _read(scope, receive)
        if call is None:
            return
        trusted = self._exposed or _OWN_NAME.fullmatch(call.header(b"host"))
        guarded = call.path == desk.PATH or control.is_control(call.path)
        if guarded and not trusted:
            answer = text_answer(421, "Call the controls by this machine's own name: 127.0.0.1.")
        else:
            answer = self._respond(call)
        if answer.delivery is not None:
            await _deliver_badly(scope, receive, answer, answer.delivery)
            return
        length = (b"content-length", b"%d" % len(answer.body))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [*answer.headers, length],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})


async def _read(scope: Message, receive: Receive) -> Call | None:
    """Return the call with the beginning of its body, None when the caller went away."""
    limit = control.body_limit(scope["path"])
    body, size, more = bytearray(), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        body += part[: max(0, limit - len(body))]
        more = message.get("more_body", False)
    return Call(
        scope["method"],
        scope["path"],
        scope["query_string"],
        scope["headers"],
        bytes(body),
        size,
        scope["scheme"],
    )


async def _deliver_badly(
    scope: Message, receive: Receive, answer: Answer, delivery: Delivery
) -> None:
    """Write the answer by hand, as the fault says, and end the connection."""
    transport = cast("asyncio.Transport", scope["extensions"][_CONNECTION]["transport"])
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait([gone], timeout=delivery.pause)
        if delivery.cut != -1:
            transport.write(_head(answer, delivery))
            await _write_body(transport, gone, answer.body, delivery)
        if not delivery.more or delivery.cut is not None:
            _close(transport, reset=delivery.reset)
        # uvicorn takes a request as answered once its connection is gone.
        await gone
    finally:
        gone.cancel()


async def _disconnected(receive: Receive) -> None:
    # The body has been read, so nothing else can come.
    await receive()


async def _write_body(
    transport: asyncio.Transport, gone: asyncio.Future[None], body: bytes, delivery: Delivery
) -> None:
    body = body[: delivery.cut]
    if not delivery.gap:
        transport.write(body)
        return
    for byte in body:
        await asyncio.wait([gone], timeout=delivery.gap)
        if gone.done():
            return
        transport.write(bytes([byte]))


def _head(answer: Answer, delivery: Delivery) -> bytes:
    phrase = HTTPStatus(answer.status).phrase.encode()
    length = b"%d" % (len(answer.body) + delivery.more)
    lines = [b"HTTP/1.1 %d %s" % (answer.status, phrase)]
    lines += [b"%s: %s" % header for header in answer.headers]
    lines += [b"content-length: " + length, b"connection: close", b"", b""]
    return b"\r\n".join(lines)


def _close(transport: asyncio.Transport, *, reset: bool) -> None:
    if reset:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()
