"""What to install when a command lacks something."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Import what an extra brings; without it, say what to install and exit with status 2."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tiktok_oauth"):
            raise
        missing = error.name
    else:
        return
    sys.stderr.write(
        f"{missing} is not installed, and this command needs it. Install it with\n\n"
        f'    pip install "tiktok-oauth[{extra}]"\n'
    )
    raise SystemExit(2)
