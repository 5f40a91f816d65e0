"""The figures, and what happens to accounts as it happens (server-sent events)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import StreamingResponse

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.accounts import json
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.api.reading import read_query
from tiktok_oauth.service.api.values import EventsQuery, MetricsQuery
from tiktok_oauth.service.figures.shape import as_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.responses import Response

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.registry.news import NewsItem

KEEP_ALIVE = 15.0
"""Seconds after which a quiet stream says that it lives: proxies close silent connections."""
_BEGIN = b"retry: 2000\n\n"
_MOST_DIGITS = 18


async def show_metrics(office: Office, request: Request) -> Response:
    """The figures of all processes of this host."""
    query = read_query(request, MetricsQuery)
    history = office.board.history() if query.history else ()
    return json(as_json(office.board.figures(), history))


async def follow_events(office: Office, request: Request) -> Response:
    """A stream of what happens."""
    after = _after(request)
    return StreamingResponse(
        told(office, after),
        headers={"x-accel-buffering": "no"},
        media_type="text/event-stream",
    )


async def told(
    office: Office, after: int | None, keep_alive: float = KEEP_ALIVE
) -> AsyncGenerator[bytes, None]:
    """What happens, as the lines of a stream, which ends with the service."""
    news = office.news.follow(after)
    following: asyncio.Task[NewsItem | None] | None = None
    try:
        yield _BEGIN
        while True:
            following = following or asyncio.ensure_future(anext(news, None))
            await asyncio.wait({following}, timeout=keep_alive)
            if not following.done():
                yield b":\n\n"
                continue
            item, following = following.result(), None
            if item is None:
                return
            yield lines_of(item)
    except TikTokAPIError as error:
        # Whoever listens comes back by itself, with the last id it had.
        logger.warning("[TikTokOAuth] api - A stream of events broke off: %s", error.message)
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait({following})
        await news.aclose()


def lines_of(item: NewsItem) -> bytes:
    """One of them, as the lines of a stream."""
    # JSON has no newline in it, and kinds are words of ours.
    data = msgspec.json.encode(item)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (item.id, item.kind.encode(), data)


def _after(request: Request) -> int | None:
    query = read_query(request, EventsQuery)
    header = request.headers.get("last-event-id", "")
    if not header:
        return query.after
    if not (header.isascii() and header.isdecimal() and len(header) <= _MOST_DIGITS):
        raise RefusalError(problems.BAD_REQUEST, "Last-Event-ID is none that this service gave.")
    return int(header)
