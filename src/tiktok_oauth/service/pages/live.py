"""``/events``: tells a page that something has happened, so that it can show itself anew."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tiktok_oauth.service.pages.dashboard import row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tiktok_oauth.service.pages.stage import Stage

_BEAT = 1.0
_LONGEST = 600.0
"""Seconds after which a page has to ask again, and is asked who it is."""
_MOST = 200
_PAUSE = b"retry: 2000\n\n"


def routes(stage: Stage) -> list[Route]:
    """The stream."""
    return [Route("/events", _Streams(stage).stream, methods=["GET"])]


class _Streams:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._open = 0

    async def stream(self, request: Request) -> Response:
        """Follow the news, and the figures of each second."""
        if await self._stage.desk.visitor(request) is None:
            # Tells the browser not to try again.
            return Response(status_code=204)
        if self._open >= _MOST:
            return Response(status_code=503, headers={"retry-after": "10"})
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._tell(), media_type="text/event-stream", headers=headers)

    async def _tell(self) -> AsyncIterator[bytes]:
        self._open += 1
        news: asyncio.Queue[int] = asyncio.Queue()
        follower = asyncio.create_task(self._follow(news))
        try:
            async for message in self._messages(news, follower):
                yield message
        finally:
            self._open -= 1
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower

    async def _follow(self, news: asyncio.Queue[int]) -> None:
        async for item in self._stage.office.news.follow():
            news.put_nowait(item.id)

    async def _messages(
        self, news: asyncio.Queue[int], follower: asyncio.Task[None]
    ) -> AsyncIterator[bytes]:
        yield _PAUSE
        end, told = time.monotonic() + _LONGEST, 0.0
        while time.monotonic() < end and not follower.done():
            with suppress(TimeoutError):
                latest = await asyncio.wait_for(news.get(), _BEAT)
                while not news.empty():
                    latest = news.get_nowait()
                yield f"event: news\ndata: {latest}\n\n".encode()
            history = self._stage.office.board.history()
            for sample in history[-60:]:
                if sample.at > told:
                    told = sample.at
                    yield b"event: sample\ndata: " + msgspec.json.encode(row(sample)) + b"\n\n"
