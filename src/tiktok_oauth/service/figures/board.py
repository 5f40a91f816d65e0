"""``Board``: the figures of all processes of a service, in each of them."""

from __future__ import annotations

import os
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.listeners import listen
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.figures.files import HISTORY, BoardFiles
from tiktok_oauth.service.figures.history import Sampler
from tiktok_oauth.service.figures.notes import Notes
from tiktok_oauth.service.figures.sheets import Sheet, Totals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tiktok_oauth.service.figures.values import Census, Figures, Limits, Sample
    from tiktok_oauth.vault.fleet.progress import Progress

Role = Literal["web", "airlock"]
_EVERY = 1.0
_BURY_EVERY = 5.0
_CENSUS_EVERY = 15.0


class Board:
    """One process's place at the board. It counts from the moment it is made, until ``close``.

    Args:
        directory: shared by all processes of the service, private to the user.
        role: what this process does.
        limits: the settings that figures are read beside.
        progress: the refresher's, where one runs.
        census: takes a census, where that can be done; one process at a time is asked for it.
        clock: Unix seconds.

    Raises:
        OSError: the directory cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        role: Role,
        *,
        limits: Limits,
        progress: Callable[[], Progress | None] = lambda: None,
        census: Callable[[], Census] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._files = BoardFiles(directory)
        self._name = f"{role}-{os.getpid()}-{secrets.token_hex(4)}"
        self._role = role
        self._limits = limits
        self._progress = progress
        self._take_census = census
        self._clock = clock
        self._notes = Notes(clock)
        self._sampler = Sampler()
        self._census: Census | None = None
        self._looking: threading.Thread | None = None
        self._bury_at = self._census_at = float("-inf")
        self._read: tuple[float, Totals] | None = None
        self._said: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tiktok-oauth-board", daemon=True)
        self._files.join(self._name)
        self._deaf = listen(self._notes.hear)

    def start(self) -> None:
        """Publish once a second from now on, in a thread."""
        self._thread.start()

    def count(self, name: str, more: int = 1) -> None:
        """Count something that is no call to TikTok, e.g. a webhook."""
        self._notes.count(name, more)

    def publish(self) -> None:
        """Put this process's figures on the board; tidy it, if that is this process's turn.

        Raises:
            OSError: the directory cannot be used.
        """
        now = self._clock()
        self._put(now)
        if self._take_census is not None and self._files.has_duty("census"):
            self._count_accounts(now, self._take_census)
        if self._files.has_duty("keeper"):
            self._keep(now)

    def totals(self) -> Totals:
        """What is on the board, at most a second ago.

        Raises:
            OSError: the directory cannot be used.
        """
        now = self._clock()
        if self._read is None or not 0 <= now - self._read[0] < _EVERY / 2:
            self._read = (now, self._files.read(now))
        return self._read[1]

    def figures(self) -> Figures:
        """The figures of all processes.

        Raises:
            OSError: the directory cannot be used.
        """
        return self.totals().figures()

    def history(self) -> list[Sample]:
        """The samples of the last ten minutes, oldest first.

        Raises:
            OSError: the directory cannot be used.
        """
        return self._files.history(self._clock() - HISTORY * _EVERY)

    def close(self) -> None:
        """Publish for the last time, and leave. What was counted stays."""
        self._stop.set()
        for thread in (self._thread, self._looking):
            if thread is not None and thread.is_alive():
                thread.join()
        self._deaf()
        with suppress(OSError):
            self._put(self._clock())
        self._files.leave()

    def _run(self) -> None:
        while True:
            try:
                self.publish()
            except OSError as error:
                self._say(f"The board cannot be used: {error.strerror}.")
            except Exception:  # noqa: BLE001 - figures are never worth the process
                logger.exception("[TikTokOAuth] board - Not kept")
            if self._stop.wait(_EVERY - self._clock() % _EVERY):
                return

    def _put(self, now: float) -> None:
        counts, progress = self._notes.counts(), self._progress()
        self._files.put(
            Sheet(self._name, self._role, now, counts, progress, self._census, self._limits)
        )

    def _keep(self, now: float) -> None:
        if now >= self._bury_at:
            self._bury_at = now + _BURY_EVERY
            self._files.bury()
        sample = self._sampler.sample(self._files.read(now))
        if sample is not None:
            self._files.append(sample)

    def _count_accounts(self, now: float, take_census: Callable[[], Census]) -> None:
        is_busy = self._looking is not None and self._looking.is_alive()
        if now >= self._census_at and not is_busy:
            self._census_at = now + _CENSUS_EVERY
            # In a thread of its own: a database that hangs must not make this process look dead.
            self._looking = threading.Thread(target=self._look, args=[take_census], daemon=True)
            self._looking.start()

    def _look(self, take_census: Callable[[], Census]) -> None:
        try:
            self._census = take_census()
        except TikTokAPIError as error:
            self._say(f"Accounts cannot be counted. {error.message}")
        except Exception:  # noqa: BLE001 - the same
            logger.exception("[TikTokOAuth] board - Accounts not counted")
        else:
            self._said.clear()

    def _say(self, text: str) -> None:
        """Say something that lasts once."""
        if text not in self._said:
            self._said.add(text)
            logger.warning("[TikTokOAuth] board - %s", text)
