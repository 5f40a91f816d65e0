"""A TikTok that answers every request with the same tokens: the other end of all measurements.

It runs in a process of its own, looks at nothing but the length of what it is sent and at whose
token is refreshed, and costs a fraction of the cheapest client. Plain HTTP and TLS side by side,
connections kept alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from answer import ANSWER, refreshed
from machine import put_on_core

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_REFRESH = re.compile(rb"refresh_token=rft\.(-000[0-9a-f]{32})")
_serials = itertools.count(1)


class _Constant(asyncio.Protocol):
    """Answers each whole request; a library may send its head and its body apart."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # TCP and TLS both write
        self._seen = b""

    def data_received(self, data: bytes) -> None:
        self._seen = seen = self._seen + data if self._seen else data
        head = seen.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(seen, 0, head)
        if len(seen) >= head + 4 + (int(length[1]) if length else 0):
            self._seen = b""
            found = _REFRESH.search(seen, head)
            self._transport.write(refreshed(found[1], next(_serials)) if found else ANSWER)


async def _serve(certificate: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(_Constant, "127.0.0.1", 0, backlog=1024)
    secure = await loop.create_server(_Constant, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(*(server.sockets[0].getsockname()[1] for server in (plain, secure)), flush=True)
    # The measuring process holds the other end of standard input: when it ends, so does this.
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running server is reached.

    Attributes:
        plain: its origin over HTTP.
        secure: its origin over TLS.
        ca_file: the authority behind its certificate.
    """

    plain: str
    secure: str
    ca_file: str


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A server process on the last core, for as long as the block runs."""
    import trustme  # noqa: PLC0415 - the server itself does without

    with tempfile.TemporaryDirectory() as folder:
        ca_file, certificate = Path(folder, "ca.pem"), Path(folder, "server.pem")
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca_file)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        command = [sys.executable, __file__, str(certificate)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            stdin, stdout = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
            put_on_core(process.pid, -1)
            plain, secure = stdout.readline().split()
            yield Server(f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}", str(ca_file))
            stdin.close()


def main(certificate: str) -> None:
    """Serve until standard input closes."""
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on every system

        uvloop.install()
    asyncio.run(_serve(certificate))


if __name__ == "__main__":
    main(*sys.argv[1:])
