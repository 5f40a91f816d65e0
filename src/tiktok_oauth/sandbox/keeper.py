"""Keeps a world in a file, so that it is there again after a restart."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tiktok_oauth.errors import ValidationError, invalid_argument

if TYPE_CHECKING:
    from pathlib import Path

    from tiktok_oauth.sandbox.controls import Controls


class Keeper:
    """Writes the world to its file soon after a change, and when it is stopped.

    Args:
        controls: the sandbox.
        path: the file. It holds secrets, so only its owner may read it.
        interval: seconds between two looks.
    """

    def __init__(self, controls: Controls, path: Path, interval: float = 1.0) -> None:
        self._controls = controls
        self._path = path
        self._interval = interval
        self._kept = -1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tiktok-keeper", daemon=True)

    def load(self) -> None:
        """Go on with the world in the file, if there is one.

        Raises:
            ValidationError: the file holds something else, or cannot be read.
        """
        try:
            if self._path.exists():
                self._controls.import_state(self._path.read_bytes())
        except OSError as error:
            problem = f"The world in {self._path} cannot be read: {error.strerror}."
        except ValidationError as wrong:
            problem = f"There is no world in {self._path}. {wrong.message}"
        else:
            return
        raise invalid_argument(
            problem, "Name another file, or move this one away to begin with a new world."
        )

    def start(self) -> None:
        """Write the file, and from now on after every change.

        Raises:
            ValidationError: it cannot be written.
        """
        self._save()
        self._thread.start()

    def stop(self) -> None:
        """Write the file for the last time.

        Raises:
            ValidationError: it cannot be written.
        """
        self._stopping.set()
        self._thread.join()
        self._save()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            # A full disk may have room again by the next look; the last one tells.
            with suppress(ValidationError):
                self._save()

    def _save(self) -> None:
        """Write another file and put it in the place of the first: nobody finds half of it."""
        uses = self._controls.live.uses
        if uses == self._kept and self._controls.world.pace.rate == 1:
            return
        exported = self._controls.export_state()
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(exported)
            draft.replace(self._path)
        except OSError as error:
            words = error.strerror
        else:
            self._kept = uses
            return
        raise invalid_argument(
            f"The world cannot be kept in {self._path}: {words}.", "Name another file."
        )
