"""Slow visitors, and requests without end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from tiktok_oauth.service.processes.patient import patient_protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connection() -> AsyncIterator[Line]:
    """A connection to a server that waits for a fifth of a second."""
    config = uvicorn.Config(
        PlainTextResponse("well"),
        http=patient_protocol(0.2),
        lifespan="off",
        log_config=None,
        port=0,
        ws="none",
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0)
    port = cast("int", server.servers[0].sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await running


async def is_hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the server hangs up, within some time."""
    try:
        async with asyncio.timeout(5):
            return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: ",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n",
    ],
)
async def test_nobody_is_waited_for_without_end(begun: bytes) -> None:
    """Whoever says nothing, or does not come to an end, is hung up on (T-34)."""
    async with connection() as (reader, writer):
        writer.write(begun)

        assert await is_hung_up(reader)


async def test_a_connection_that_is_kept_is_no_slow_request() -> None:
    """Between requests a visitor may wait."""
    async with connection() as (reader, writer):
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert (await reader.readuntil(b"well")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.5)  # Longer than the server's patience with a request.


async def test_a_head_has_an_end() -> None:
    """More than 64 KiB of headers are refused while they come."""
    async with connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n")
        for _ in range(70):
            writer.write(b"x: " + b"y" * 1_000 + b"\r\n")

        assert (await reader.read()).startswith(b"HTTP/1.1 400")
