"""A web worker: the whole app on the shared socket. It opens no refresh token."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from tiktok_oauth.service.airlock.remote import RemoteAirlock
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.office import open_office
from tiktok_oauth.service.processes import child
from tiktok_oauth.service.processes.briefing import unpack_keys
from tiktok_oauth.service.processes.patient import patient_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.processes.briefing import Briefing

_KEEP_ALIVE = 75
"""Seconds; longer than the proxies in front of it keep a connection to it open."""


async def main(briefing: Briefing) -> None:
    """Serve until told to end, then finish the requests under way.

    Raises:
        TikTokAPIError: the office cannot be opened.
    """
    if briefing.listener is None:
        message = "a web worker needs a listener"
        raise ValueError(message)
    # Whoever sends noise fills no log; a bug of ours still shows.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    office = await asyncio.to_thread(
        open_office,
        briefing.settings,
        unpack_keys(briefing.keys),
        briefing.session_key,
        airlock=RemoteAirlock(briefing.settings.airlock_path),
    )
    with socket.socket(fileno=briefing.listener) as listener:
        # Each process has a descriptor of its own; the socket behind them is one.
        os.set_inheritable(briefing.listener, False)  # noqa: FBT003 - its only form
        await Server(office).serve(sockets=[listener])


class Server(uvicorn.Server):
    """uvicorn, which leaves signals to us, tells when it is up, and ends streams when it stops.

    Args:
        office: the worker's.
    """

    def __init__(self, office: Office) -> None:
        settings = office.settings
        self._office = office
        super().__init__(
            uvicorn.Config(
                create_app(office),
                # An access log would hold the codes of the callbacks.
                access_log=False,
                http=patient_protocol(settings.patience),
                lifespan="on",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, int(settings.patience)),
                timeout_keep_alive=_KEEP_ALIVE,
                ws="none",
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop when this child is told to."""
        child.on_stop(self._stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell the supervisor."""
        await super().startup(sockets)
        if self.started:
            # What is there now stays: looking through it again and again would cost milliseconds.
            gc.collect()
            gc.freeze()
            child.say_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of those who listen for news, and wait for the others."""
        await self._office.news.close()
        await super().shutdown(sockets)

    def _stop(self) -> None:
        self.should_exit = True


if __name__ == "__main__":
    sys.exit(child.work("web worker", main))
