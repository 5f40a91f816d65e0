"""``AsyncRegistry``: the registry for awaiting code, in threads of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from tiktok_oauth.service.registry.registry import Registry
from tiktok_oauth.vault.counter import waited

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.registry.rows import (
        ApiKey,
        Delivery,
        LedgerLine,
        NewKey,
        Relay,
        RelayStatus,
        Scope,
    )

P = ParamSpec("P")
T = TypeVar("T")


class AsyncRegistry:
    """Every method of ``Registry``, awaiting. What is under way is finished, whoever waits."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._threads = ThreadPoolExecutor(2, "tiktok-oauth-registry")

    async def create_key(self, name: str, scope: Scope) -> NewKey:
        """See ``Registry.create_key``."""
        return await self.away(Registry.create_key, name, scope)

    async def list_keys(self) -> list[ApiKey]:
        """See ``Registry.list_keys``."""
        return await self.away(Registry.list_keys)

    async def find_key(self, key_id: str) -> ApiKey | None:
        """See ``Registry.find_key``."""
        return await self.away(Registry.find_key, key_id)

    async def revoke_key(self, key_id: str) -> bool:
        """See ``Registry.revoke_key``."""
        return await self.away(Registry.revoke_key, key_id)

    async def touch_key(self, key_id: str) -> None:
        """See ``Registry.touch_key``."""
        await self.away(Registry.touch_key, key_id)

    async def record(
        self, delivery: Delivery, relay_body: bytes | None = None, effect: str | None = None
    ) -> bool:
        """See ``Registry.record``."""
        return await self.away(Registry.record, delivery, relay_body, effect)

    async def acted(self, digest: bytes, effect: str = "") -> None:
        """See ``Registry.acted``."""
        await self.away(Registry.acted, digest, effect)

    async def ledger(self, limit: int = 100, before: int | None = None) -> list[LedgerLine]:
        """See ``Registry.ledger``."""
        return await self.away(Registry.ledger, limit, before)

    async def take_relays(self, limit: int, hold: float = 60.0) -> list[Relay]:
        """See ``Registry.take_relays``."""
        return await self.away(Registry.take_relays, limit, hold)

    async def settle_relay(
        self, relay: Relay, status: RelayStatus, trouble: str | None = None, wait: float = 0.0
    ) -> bool:
        """See ``Registry.settle_relay``."""
        return await self.away(Registry.settle_relay, relay, status, trouble, wait)

    async def relay_now(self, number: int) -> bool:
        """See ``Registry.relay_now``."""
        return await self.away(Registry.relay_now, number)

    async def relays(self) -> dict[RelayStatus, int]:
        """See ``Registry.relays``."""
        return await self.away(Registry.relays)

    async def use_once(self, name: str) -> bool:
        """See ``Registry.use_once``."""
        return await self.away(Registry.use_once, name)

    async def is_used(self, name: str) -> bool:
        """See ``Registry.is_used``."""
        return await self.away(Registry.is_used, name)

    async def take_attempt(self, address: str) -> int:
        """See ``Registry.take_attempt``."""
        return await self.away(Registry.take_attempt, address)

    async def forgive_attempts(self, address: str) -> None:
        """See ``Registry.forgive_attempts``."""
        await self.away(Registry.forgive_attempts, address)

    async def prune(self) -> None:
        """See ``Registry.prune``."""
        await self.away(Registry.prune)

    async def away(
        self, method: Callable[Concatenate[Registry, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call a method of the registry in a thread."""
        return await waited(self._threads.submit(method, self._registry, *args, **kwargs))

    def close(self) -> None:
        """Wait for what is under way, and take no more. The database stays open."""
        self._threads.shutdown(wait=True)
