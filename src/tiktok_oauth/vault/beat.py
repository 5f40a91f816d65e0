"""A sign of life now and then, from a thread of the vault's own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable


class Beat:
    """Calls something again and again until it is stopped. That it fails is no reason to.

    Args:
        call: what to call.
        seconds: how long to wait in between.
    """

    def __init__(self, call: Callable[[], None], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tiktok-oauth-beat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            try:
                self._call()
            except TikTokAPIError:
                continue
            except Exception:  # noqa: BLE001 - a beat that ends in silence counts as a death
                logger.exception("A vault's sign of life failed")
