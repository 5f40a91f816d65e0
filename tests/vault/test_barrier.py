"""The barrier after a failover, apart from everything that it stands on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.support.scripted import FakeClock
from tiktok_oauth.engine.run import run
from tiktok_oauth.vault.refresh.barrier import Barrier

if TYPE_CHECKING:
    from tiktok_oauth.vault.refresh.answers import Answer
    from tiktok_oauth.vault.stores.rows import Boot


class Hands:
    """A store with a history, and no other vault."""

    def __init__(self) -> None:
        self.history = "first"
        self.caught_up: list[str] = []

    async def timeline(self) -> str:
        """The history so far."""
        return self.history

    async def own_answers(self) -> list[Answer]:
        """None."""
        return []

    async def catch_up(self, timeline: str) -> None:
        """Hear of it."""
        self.caught_up.append(timeline)

    async def boots(self) -> list[Boot]:
        """Nobody else's."""
        return []


def test_nobody_passes_while_a_request_from_before_the_failover_is_under_way() -> None:
    """Its claim may be forgotten: another vault that took the account for free would ask, too."""
    hands = Hands()
    desk: Any = SimpleNamespace(hands=hands, core=SimpleNamespace(clock=FakeClock()), patience=900)
    barrier = Barrier(hands.history)
    assert run(barrier.caught_up(desk))

    with barrier.request():
        assert run(barrier.caught_up(desk))
        hands.history = "second"
        assert not run(barrier.caught_up(desk))
        assert hands.caught_up == []

    assert run(barrier.caught_up(desk))
    assert hands.caught_up == ["second"]
