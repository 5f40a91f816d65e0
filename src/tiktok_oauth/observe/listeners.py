"""Who else hears of the events of every client in this process: dashboards, traces.

A listener is called in the thread, and in the context, of the call it hears of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.observe.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.events import Event

_listeners: tuple[Callable[[Event], None], ...] = ()


def listen(listener: Callable[[Event], None]) -> Callable[[], None]:
    """Hear of every event from now on; returns how to stop hearing.

    Be quick, and do not raise: a listener that does is said so in the log, and hears on.
    """
    global _listeners  # noqa: PLW0603 - one process, one tuple, replaced as a whole
    _listeners = (*_listeners, listener)

    def stop() -> None:
        global _listeners  # noqa: PLW0603 - the same
        _listeners = tuple(one for one in _listeners if one is not listener)

    return stop


def tell(event: Event) -> None:
    """Tell everybody who listens."""
    for listener in _listeners:
        try:
            listener(event)
        except Exception:  # noqa: BLE001 - whatever a stranger's code raises
            logger.exception("A listener failed on %s", type(event).__name__)
