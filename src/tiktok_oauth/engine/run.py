"""Drives a story that never waits: what lets one ``async def`` serve the blocking client."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run(story: Coroutine[object, object, T]) -> T:
    """Run a story over blocking ports to its end: no event loop, no thread, in one step.

    Raises:
        RuntimeError: a port awaited something that was not ready.
    """
    try:
        story.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    story.close()
    message = "a blocking port must not wait: it was given to the blocking client by mistake"
    raise RuntimeError(message)
