"""What both kinds of children do alike: listen to their supervisor, and end when it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError, VaultKeyError
from tiktok_oauth.observe.logs import configure_logging, logger
from tiktok_oauth.service.processes.briefing import READY, Briefing, receive

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

WRONG = 1
WRONG_KEYS = 78
"""As the command line has it: keys are missing or wrong."""


def work(name: str, main: Callable[[Briefing], Coroutine[object, object, None]]) -> int:
    """Run a child from its briefing to its end; returns its exit status."""
    briefing = receive()
    settings = briefing.settings
    configure_logging(json=settings.log_json, level=settings.log_level)
    if settings.trace_calls:
        from tiktok_oauth.observe.opentelemetry import trace_calls  # noqa: PLC0415 - an extra

        trace_calls()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(main(briefing))
    except VaultKeyError as error:
        return _failed(name, error, WRONG_KEYS)
    except TikTokAPIError as error:
        return _failed(name, error, WRONG)
    return 0


def on_stop(stop: Callable[[], object]) -> None:
    """Call something, once or more, when this child is to end.

    It is told so by a signal. When the supervisor is gone, its end of the pipe is closed.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    pipe = sys.stdin.fileno()

    def heard() -> None:
        if not os.read(pipe, 1 << 10):
            loop.remove_reader(pipe)
            stop()

    loop.add_reader(pipe, heard)


def say_ready() -> None:
    """Tell the supervisor that this child is at work."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()


def _failed(name: str, error: TikTokAPIError, status: int) -> int:
    logger.error("[TikTokOAuth] %s - %s %s", name, error.message, error.hint)
    return status


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast event loop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ModuleNotFoundError:
        return None
    make: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return make
