"""How much the garbage collector has to do when hundreds of answers come at once."""

from __future__ import annotations

import asyncio
import gc

import pytest

from tests.support.faults import answer
from tests.transport.callers import request
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.transport.aiohttp import AiohttpTransport

pytestmark = pytest.mark.slow
"""Sockets of its own."""

AT_ONCE, EACH = 256, 8
ANSWER = answer(200, b"{}", *(f"X-Header-{number}: some value" for number in range(20)))


class _Constant(asyncio.Protocol):
    """Says the same to whatever arrives, and makes no garbage of its own."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


def _youngest() -> int:
    collections: int = gc.get_stats()[0]["collections"]
    return collections


async def _collections() -> int:
    """How often the garbage collector runs while all are answered, again and again."""
    server = await asyncio.get_running_loop().create_server(_Constant, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    transport = AiohttpTransport(ConnectionSettings())

    async def ask(times: int) -> None:
        for _ in range(times):
            await transport.send(request(url), timeout=10, limit=65536)

    await asyncio.gather(*(ask(1) for _ in range(AT_ONCE)))
    gc.collect()
    before = _youngest()
    await asyncio.gather(*(ask(EACH) for _ in range(AT_ONCE)))
    made = _youngest() - before
    await transport.aclose()
    server.close()
    return made


def test_many_answers_at_once_leave_little_garbage_about() -> None:
    """What a parser makes of an answer is gone before the answer's turn comes."""
    assert asyncio.run(_collections()) < AT_ONCE * EACH / 60
