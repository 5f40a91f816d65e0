"""``RemoteAirlock``: the airlock process, as web workers reach it."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import (
    LoginError,
    NetworkError,
    TikTokAPIError,
    TikTokErrorCode,
    login_error,
)
from tiktok_oauth.service.airlock import wire
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tiktok_oauth.service.airlock.port import Finished
    from tiktok_oauth.vault.fleet.progress import Progress

_PATIENCE = 15.0
"""Seconds that a call waits for an airlock which is being started again."""
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_PROGRESS = 2.0


class _BrokenOffError(Exception):
    """The airlock went away before it answered."""


class RemoteAirlock:
    """Calls the airlock over its socket, many calls at once, and finds it again when it restarts.

    Args:
        path: the socket's.
        patience: seconds to look for it.
    """

    def __init__(self, path: Path, *, patience: float = _PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()

    async def finish_login(self, query: str, binding: str) -> Finished:
        """Finish a login.

        Raises:
            LoginError: it belongs to no login of this browser's.
            TikTokAPIError: the exchange failed, or the airlock cannot be reached.
        """
        asked, bound = Secret(query), Secret(binding)
        del query, binding
        if not bound.reveal():
            raise login_error("missing")  # Whoever sends noise costs the airlock nothing.
        name = current_correlation_id()

        def make(number: int) -> wire.Call:
            return wire.FinishLogin(number, asked, bound, name)

        try:
            answer = await self._call(make)
        except _BrokenOffError:
            # A login is taken once only, so asking again cannot exchange its code a second time.
            answer = await self._asked_again(make)
        if answer.finished is None:
            raise _unreachable()
        return answer.finished

    async def wake(self) -> None:
        """Let the refresher look now, if it can be reached."""
        with suppress(TikTokAPIError, _BrokenOffError):
            await self._call(wire.Wake, patience=0.0)

    async def progress(self) -> Progress | None:
        """How the refresher gets on; None when it does not say."""
        with suppress(TikTokAPIError, _BrokenOffError, TimeoutError):
            async with asyncio.timeout(_PROGRESS):
                return (await self._call(wire.AskProgress, patience=0.0)).progress
        return None

    async def aclose(self) -> None:
        """Hang up."""
        if self._line is not None:
            await self._line.hang_up()

    async def _call(
        self, make: Callable[[int], wire.Call], *, patience: float | None = None
    ) -> wire.Answer:
        line = await self._connected(self._patience if patience is None else patience)
        answer = await line.call(make)
        if answer.failure is not None:
            raise wire.unpack(answer.failure)
        return answer

    async def _asked_again(self, make: Callable[[int], wire.Call]) -> wire.Answer:
        try:
            return await self._call(make)
        except _BrokenOffError:
            raise _unreachable() from None
        except LoginError as error:
            if error.reason == "replayed":
                error.hint = "It was interrupted: the account may be connected, or start again."
            raise

    async def _connected(self, patience: float) -> _Line:
        """The line to the airlock, made anew when it is broken."""
        give_up = asyncio.get_running_loop().time() + patience
        pause = _FIRST_PAUSE
        async with self._connecting:
            while self._line is None or self._line.is_broken:
                try:
                    self._line = await _Line.open(self._path)
                except OSError:
                    if asyncio.get_running_loop().time() + pause > give_up:
                        raise _unreachable() from None
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
            return self._line


class _Line:
    """One connection: calls go out, and each answer finds who waits for it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[wire.Answer]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, path: Path) -> _Line:
        reader, writer = await asyncio.open_unix_connection(
            os.fspath(path), limit=wire.LONGEST_LINE
        )
        if not wire.is_ours(writer.get_extra_info("socket")):
            writer.close()
            raise PermissionError
        return cls(reader, writer)

    @property
    def is_broken(self) -> bool:
        return self._listening.done()

    async def call(self, make: Callable[[int], wire.Call]) -> wire.Answer:
        number = next(self._numbers)
        waiting: asyncio.Future[wire.Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            if self.is_broken:
                raise _BrokenOffError
            # A line is small, so nothing is gained by waiting until it has left.
            self._writer.write(wire.encode(make(number)))
            return await waiting
        finally:
            self._waiting.pop(number, None)

    async def hang_up(self) -> None:
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        try:
            with suppress(OSError, ValueError):
                while line := await self._reader.readline():
                    answer = wire.decode_answer(line)
                    waiting = self._waiting.get(answer.number)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(_BrokenOffError())
            self._writer.close()


def _unreachable() -> TikTokAPIError:
    error = NetworkError(
        TikTokErrorCode.NETWORK_ERROR,
        "The process that finishes logins cannot be reached.",
        current_correlation_id() or "",
        retryable=True,
        hint="It is started again within seconds: try again.",
    )
    error.never_sent = True
    error.retry_after = 1.0
    return error
