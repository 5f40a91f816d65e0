"""What the process tests run in a process of its own: ``python walks.py WALK TRANSPORT URL CA``."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from tests.transport.callers import AWAITING, BLOCKING, request
from tiktok_oauth.connection import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Callable


class Client:
    """A transport that sends one request after the other, all on one loop where it needs one."""

    def __init__(self, name: str, ca_file: str) -> None:
        settings = ConnectionSettings(ca_file=ca_file)
        self._awaiting = AWAITING[name](settings) if name in AWAITING else None
        self._blocking = BLOCKING[name](settings) if name in BLOCKING else None
        self._runner: asyncio.Runner | None = None
        self._parents: list[asyncio.Runner | None] = []

    def send(self, url: str) -> None:
        """Send a request that has to succeed."""
        if self._blocking is not None:
            status = self._blocking.send(request(url), timeout=5, limit=1000).status
        else:
            self._runner = self._runner or asyncio.Runner()
            status = self._runner.run(self.send_here(url))
        assert status == 200, status

    async def send_here(self, url: str) -> int:
        """Send a request on the loop that runs."""
        assert self._awaiting is not None
        return (await self._awaiting.send(request(url), timeout=5, limit=1000)).status

    def leave_loop(self) -> None:
        """Leave the loop to the parent process, and take a new one.

        It has to be kept: asyncio closes a loop that is collected, and thereby takes readers out
        of the epoll set that parent and child share.
        """
        self._parents.append(self._runner)
        self._runner = None

    def end_loop(self) -> None:
        """End the loop."""
        if self._runner is not None:
            self._runner.close()


def fork(client: Client, url: str) -> None:
    """Parent and child both go on after a fork, and so does a child of the child."""
    client.send(url)
    child = os.fork()
    if not child:
        client.leave_loop()
        client.send(url)
        grandchild = os.fork()
        if not grandchild:
            client.leave_loop()
            client.send(url)
            os._exit(0)
        _, status = os.waitpid(grandchild, 0)
        client.send(url)
        client.end_loop()
        os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    client.send(url)
    client.end_loop()


def fork_meanwhile(client: Client, url: str) -> None:
    """A fork disturbs no attempt that another thread is making at that moment."""
    other = threading.Thread(target=client.send, args=(url,))
    other.start()
    sys.stdin.readline()  # the server has the request
    child = os.fork()
    if not child:
        client.leave_loop()
        client.send(url)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    sys.stdout.write("forked\n")  # the server may answer
    sys.stdout.flush()
    other.join()
    client.end_loop()


def drop(client: Client, url: str) -> None:
    """The process ends without closing anything."""
    client.send(url)
    client.end_loop()


def drop_in_asyncio_run(client: Client, url: str) -> None:
    """The loop ends with ``asyncio.run`` without closing anything."""
    asyncio.run(client.send_here(url))
    asyncio.run(client.send_here(url))


def drop_in_uvloop(client: Client, url: str) -> None:
    """The loop is uvloop's, and ends without closing anything."""
    import uvloop  # noqa: PLC0415 (it does not exist everywhere)

    uvloop.run(client.send_here(url))


def drop_loop_closed_by_hand(client: Client, url: str) -> None:
    """The loop is closed without closing its asynchronous generators."""
    for _ in range(2):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.send_here(url))
        loop.close()


WALKS: dict[str, Callable[[Client, str], None]] = {
    walk.__name__: walk
    for walk in (
        fork,
        fork_meanwhile,
        drop,
        drop_in_asyncio_run,
        drop_in_uvloop,
        drop_loop_closed_by_hand,
    )
}

if __name__ == "__main__":
    # A busy machine makes asyncio's development mode talk about slow callbacks.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    _, name, transport, server, authority = sys.argv
    WALKS[name](Client(transport, authority), server)
