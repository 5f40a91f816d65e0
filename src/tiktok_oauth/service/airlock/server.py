"""The airlock's end of its socket."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from tiktok_oauth.correlation import correlation_id, is_correlation_id
from tiktok_oauth.errors import ServerError, TikTokAPIError, TikTokErrorCode
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.airlock import wire

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from pathlib import Path

    from tiktok_oauth.service.airlock.port import Airlock, Finished

_PRIVATE = 0o177


class AirlockServer:
    """Answers the web workers of this host, many calls at once.

    Args:
        airlock: does what they ask for.
        path: the socket's, in a directory that nobody else may enter.
    """

    def __init__(self, airlock: Airlock, path: Path) -> None:
        self._airlock = airlock
        self._path = path
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._writers: set[StreamWriter] = set()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made there.
        """
        problem = wire.privacy_problem(self._path.parent)
        if problem is not None:
            raise PermissionError(problem)
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(_PRIVATE)
        try:
            listener.bind(os.fspath(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=wire.LONGEST_LINE
        )

    async def stop(self) -> None:
        """Take no more calls, and answer those under way."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)
        await asyncio.gather(*self._calls, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        if not wire.is_ours(writer.get_extra_info("socket")):
            logger.warning("[TikTokOAuth] airlock - Another user's process was turned away.")
            writer.close()
            return
        self._writers.add(writer)
        try:
            with suppress(OSError, ValueError):  # It has gone, or sent what nobody can read.
                while line := await reader.readline():
                    self._begin(wire.decode_call(line), writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    def _begin(self, call: wire.Call, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._answer(call, writer))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _answer(self, call: wire.Call, writer: StreamWriter) -> None:
        try:
            answer = await self._do(call)
        except TikTokAPIError as error:
            answer = wire.Answer(call.number, failure=wire.pack(error))
        except Exception as error:  # noqa: BLE001 - one call's trouble is not the airlock's
            # Without a traceback: it could show what was asked.
            logger.error("[TikTokOAuth] airlock - A call ended with %s.", type(error).__name__)
            answer = wire.Answer(call.number, failure=wire.pack(_broken(error)))
        with suppress(OSError):
            writer.write(wire.encode(answer))
            await writer.drain()

    async def _do(self, call: wire.Call) -> wire.Answer:
        match call:
            case wire.FinishLogin():
                return wire.Answer(call.number, finished=await self._finish(call))
            case wire.Wake():
                await self._airlock.wake()
                return wire.Answer(call.number)
            case wire.AskProgress():
                return wire.Answer(call.number, progress=await self._airlock.progress())

    async def _finish(self, call: wire.FinishLogin) -> Finished:
        name = call.correlation_id
        if name is None or not is_correlation_id(name):
            return await self._airlock.finish_login(call.query.reveal(), call.binding.reveal())
        with correlation_id(name):
            return await self._airlock.finish_login(call.query.reveal(), call.binding.reveal())


def _broken(error: Exception) -> TikTokAPIError:
    text = f"The airlock failed with {type(error).__name__}."
    hint = "Start a new login. If it happens again, see the service's log."
    return ServerError(TikTokErrorCode.API_ERROR, text, "", retryable=False, hint=hint)
