"""A progress bar, on terminals only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import Progress

if TYPE_CHECKING:
    from types import TracebackType


class Bar:
    """A progress bar on standard error. It takes no room before there is something to show.

    Args:
        text: what is going on.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(text, visible=False)

    def show(self, done: int, total: int) -> None:
        """Show how far it is."""
        self._progress.update(self._task, completed=done, total=total, visible=total > 0)

    def __enter__(self) -> Self:
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._progress.console.is_terminal:
            self._progress.stop()
