"""One POST to an address that was judged before, of whose answer only the status is read.

No HTTP library is asked: none of them lets the address be chosen apart from the name without
following redirects, reading bodies or asking a proxy.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from tiktok_oauth.transport.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiktok_oauth.service.webhooks.address import Target

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_LONGEST_LINE = 4096
_CONTINUE = 200


async def post(target: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Send a body; returns the status of the answer. Bounded by whoever awaits it.

    Raises:
        OSError: there was no connection, or no answer in HTTP.
    """
    tls = tls_context(None) if target.is_tls else None
    reader, writer = await asyncio.open_connection(
        target.address,
        target.port,
        ssl=tls,
        server_hostname=target.name if tls else None,
        limit=_LONGEST_LINE,
    )
    try:
        writer.write(_head(target, {**headers, "content-length": str(len(body))}) + body)
        await writer.drain()
        return await _status(reader)
    finally:
        # Not waited for: a peer that never says goodbye must not hold us.
        writer.transport.abort()


def _head(target: Target, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"host: {target.authority}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode("ascii")


async def _status(reader: asyncio.StreamReader) -> int:
    try:
        line = await reader.readline()
    except ValueError:
        line = b""
    found = _STATUS_LINE.fullmatch(line)
    if found is None or int(found[1]) < _CONTINUE:
        raise OSError("It answered something that is no HTTP.")
    return int(found[1])
