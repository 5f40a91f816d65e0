"""A key that is easily recognized, and what a report of an error with locals shows of it."""

from __future__ import annotations

import traceback
from base64 import b64encode
from pathlib import Path

import tiktok_oauth

KEY = b"CANARY-key-of-32-bytes-in-ascii!"
TEXT = b64encode(KEY).decode()

_SRC = str(Path(tiktok_oauth.__file__).parent)


def shows(text: str) -> bool:
    """Whether ``KEY``, or another secret with CANARY in it, can be read out of a text."""
    return any(form in text for form in ("CANARY", TEXT[:20], KEY.hex()[:20]))


def report(error: BaseException) -> str:
    """An error's text and the locals of every frame of ours, causes and contexts included."""
    lines = [str(error), repr(error), repr(vars(error))]
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(_SRC):
            lines.append(repr(frame.f_locals))
    others = {error.__cause__, error.__context__} - {None}
    return "\n".join([*lines, *(report(other) for other in others if other is not None)])
