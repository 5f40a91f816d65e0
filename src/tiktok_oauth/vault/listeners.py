"""Who wants to hear of what happens to accounts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.observe.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.vault.stores.rows import Event, Ref


@dataclass(frozen=True, slots=True)
class VaultEvent:
    """Something that happened to an account. It holds no secret.

    Attributes:
        kind: ``connected``, ``refreshed``, ``needs_login``, ``authorization_removed``,
            ``disconnected``, ``refresh_refused``, ``refresh_unanswered``, ``refresh_not_sent``,
            ``refresh_failed`` or ``other_account``.
        at: Unix seconds of TikTok's clock.
        detail: in one sentence.
        correlation_id: of the call.
    """

    kind: str
    client_key: str
    open_id: str
    at: float
    detail: str
    correlation_id: str


class Listeners:
    """Those who want to hear. A listener that fails is said so and hears on."""

    def __init__(self) -> None:
        self._all: dict[int, Callable[[VaultEvent], None]] = {}
        self._numbers = itertools.count()

    def add(self, listener: Callable[[VaultEvent], None]) -> Callable[[], None]:
        """Add one; returns how to take it away again.

        Raises:
            ValidationError: it cannot be called.
        """
        if not callable(listener):
            raise invalid_argument("listener must be a function that takes an event.")
        number = next(self._numbers)  # In one step, also for two threads.
        self._all[number] = listener

        def remove() -> None:
            self._all.pop(number, None)

        return remove

    def tell(self, ref: Ref, event: Event) -> None:
        """Tell everybody."""
        if not self._all:
            return
        told = VaultEvent(
            event.kind, ref.client_key, ref.open_id, event.at, event.detail, event.correlation_id
        )
        for listener in tuple(self._all.values()):
            try:
                listener(told)
            except Exception:  # noqa: BLE001 - whatever a stranger's code raises
                logger.exception("A listener of the vault failed on %s", event.kind)
