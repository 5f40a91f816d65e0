"""Keeps a world in a file, so that it is there again after a restart."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

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
            ValidationError: the file holds something else.
            OSError: it cannot be read.
        """
        if self._path.exists():
            self._controls.import_state(self._path.read_bytes())

    def start(self) -> None:
        """Write the file, and from now on after every change.

        Raises:
            OSError: it cannot be written.
        """
        self._save()
        self._thread.start()

    def stop(self) -> None:
        """Write the file for the last time."""
        self._stopping.set()
        self._thread.join()
        self._save()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            self._save()

    def _save(self) -> None:
        """Write another file and put it in the place of the first: nobody finds half of it."""
        uses = self._controls.live.uses
        if uses == self._kept:
            return
        exported = self._controls.export_state()
        # Looking counts as a use, and this look is our own.
        self._kept = uses + 1
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.touch(mode=0o600)
        draft.write_bytes(exported)
        draft.replace(self._path)
