"""Driving a story without an event loop."""

from __future__ import annotations

import asyncio

import pytest

from tiktok_oauth.engine.run import run


async def deep(value: int) -> int:
    """A story that awaits another, and never waits."""
    return value if value == 0 else await deep(value - 1) + 1


def test_a_story_that_never_waits_runs_to_its_end() -> None:
    """However many coroutines it is made of."""
    assert run(deep(50)) == 50


def test_its_error_comes_out_unchanged() -> None:
    """No wrapper, no context."""

    async def story() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        run(story())
    assert caught.value.__context__ is None


def test_a_port_that_waits_is_refused_and_its_story_is_ended() -> None:
    """What the story holds is let go of, and the error says whose mistake it was."""
    ended = []

    async def story() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append(True)

    with pytest.raises(RuntimeError, match="a blocking port must not wait"):
        run(story())
    assert ended == [True]
