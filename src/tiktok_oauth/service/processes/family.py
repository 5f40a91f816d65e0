"""One child of the supervisor's: started, briefed, watched, started again, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.processes.briefing import READY, encode

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from tiktok_oauth.service.processes.briefing import Briefing

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0
_SETTLED = 60.0
"""Seconds after which a child counts as well: the next time it is started again at once."""
_OURS = ("TIKTOK_", "XDG_RUNTIME_DIR")


class StartError(Exception):
    """A child could not begin its work.

    Attributes:
        status: its exit status.
    """

    def __init__(self, name: str, status: int) -> None:
        super().__init__(f"The {name} could not be started (exit status {status}).")
        self.status = status


class Child:
    """Keeps one process at work.

    Args:
        name: what it is, for people.
        module: what it runs.
        briefing: what it is told.
        rude_after: seconds it may take to end.
    """

    def __init__(self, name: str, module: str, briefing: Briefing, rude_after: float) -> None:
        self._name = name
        self._module = module
        self._briefing = briefing
        self._rude_after = rude_after
        self._process: Process | None = None
        self._stopping = False
        self._pause = _FIRST_PAUSE

    @property
    def pid(self) -> int | None:
        """Its process ID, while it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> None:
        """Start it, and return when it is at work.

        Raises:
            StartError: it ended before.
        """
        await self.spawn()
        await self.brief()

    async def spawn(self) -> None:
        """Start its process, which loads what it needs and waits for its briefing."""
        listener = self._briefing.listener
        self._process = await asyncio.create_subprocess_exec(
            *_command(self._module),
            env=_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=() if listener is None else (listener,),
            # Ctrl-C is for the supervisor, which ends its children in order.
            start_new_session=True,
        )

    async def brief(self) -> None:
        """Tell it what to do, and return when it is at work.

        Raises:
            StartError: it ended before.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise StartError(self._name, 1)
        # The pipe stays open: a child ends when its supervisor has gone.
        process.stdin.write(encode(self._briefing).reveal().encode())
        if await process.stdout.readline() != READY:
            raise StartError(self._name, await process.wait())

    async def keep(self) -> None:
        """Start it again whenever it ends, until it is stopped."""
        while not self._stopping:
            began = time.monotonic()
            status = await self._ended()
            if self._stopping:
                return
            if time.monotonic() - began > _SETTLED:
                self._pause = _FIRST_PAUSE
            logger.warning(
                "[TikTokOAuth] serve - The %s %s. Another one starts in %.1f s.",
                self._name,
                _told(status),
                self._pause,
            )
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            if not self._stopping:
                await self._start_again()

    async def stop(self) -> None:
        """Ask it to end, and wait; in the end do not ask."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._rude_after)
        except TimeoutError:
            logger.warning("[TikTokOAuth] serve - The %s does not end: it is killed.", self._name)
            self.signal(signal.SIGKILL)
            await process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _ended(self) -> int:
        if self._process is None:
            return 1
        return await self._process.wait()

    async def _start_again(self) -> None:
        try:
            await self.start()
        except StartError:
            return  # Its own line has said why, and it is tried again.
        logger.warning("[TikTokOAuth] serve - The %s is at work again.", self._name)


def _command(module: str) -> tuple[str, ...]:
    warnings = [f"-W{option}" for option in sys.warnoptions]
    return sys.executable, *warnings, "-m", module


def _environment() -> dict[str, str]:
    """Ours without settings: children are told what they need, and keys may be among them."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def _told(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
