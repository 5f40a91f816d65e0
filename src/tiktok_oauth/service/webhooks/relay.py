"""Hands webhooks on to the team's own address: signed, again and again for three days.

They are signed as the Standard Webhooks specification says (standardwebhooks.com, read
2026-11-22), for which there are libraries in most languages.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tiktok_oauth.errors import StoreError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.webhooks.address import find_target
from tiktok_oauth.service.webhooks.post import post
from tiktok_oauth.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.service.figures.board import Board
    from tiktok_oauth.service.registry.aio import AsyncRegistry
    from tiktok_oauth.service.registry.rows import Relay
    from tiktok_oauth.service.settings import ServiceSettings
    from tiktok_oauth.types import Secret

TIMEOUT = 10.0
"""Seconds for one attempt, name look-up and TLS included."""
GIVE_UP_AFTER = 72 * 3600.0
_FIRST_WAIT, _LONGEST_WAIT = 10.0, 6 * 3600.0
_AT_ONCE = 8
_HOLD = 60.0
_LOOK_EVERY = 5.0
_PRUNE_EVERY = 3600.0
_GONE = 410


def relays(settings: ServiceSettings) -> bool:
    """Whether webhooks are handed on: there is an address, and a secret to sign them with."""
    return settings.webhook_relay_url is not None and settings.webhook_relay_secret is not None


class Relayer:
    """Takes what is due from the registry, so that of all workers one hands it on.

    Args:
        settings: the service's.
        registry: where it is kept until it was delivered.
        board: where it is counted.
        clock: Unix seconds.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        registry: AsyncRegistry,
        board: Board,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._board = board
        self._clock = clock
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something to hand on: look now. Nobody waits for it."""
        self._wake.set()

    async def run(self) -> None:
        """Hand on what comes, and drop what has had its time, until this is cancelled.

        What is under way then is due again after a minute.
        """
        prune_at = self._clock() + _PRUNE_EVERY
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while relays(self._settings) and await self.round() == _AT_ONCE:
                    pass
                if self._clock() >= prune_at:
                    prune_at = self._clock() + _PRUNE_EVERY
                    await self._registry.prune()
            except StoreError as error:
                logger.warning("[TikTokOAuth] relay - %s", error.message)

    async def round(self) -> int:
        """Hand on some that are due; returns how many were.

        Raises:
            StoreError: the registry cannot be used.
        """
        due = await self._registry.take_relays(_AT_ONCE, _HOLD)
        await asyncio.gather(*map(self._hand_on, due))
        return len(due)

    async def _hand_on(self, relay: Relay) -> None:
        status, trouble = await self._attempt(relay)
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
            self._board.count("relays_delivered")
            await self._registry.settle_relay(relay, "delivered")
            return
        wait = retry_wait(relay.attempts, random.random())  # noqa: S311 - spreads load, no secret
        is_over = self._clock() + wait > relay.received_at + GIVE_UP_AFTER
        if status == _GONE or is_over:
            self._board.count("relays_given_up")
            await self._registry.settle_relay(relay, "given_up", trouble)
        else:
            self._board.count("relays_failed")
            await self._registry.settle_relay(relay, "waiting", trouble, wait)

    async def _attempt(self, relay: Relay) -> tuple[int, str]:
        """The status that was answered, 0 for none, and what to say about it."""
        url, secret = self._settings.webhook_relay_url, self._settings.webhook_relay_secret
        if url is None or secret is None:
            return 0, "No relay is set."
        headers = {
            "content-type": "application/json",
            "user-agent": f"tiktok-oauth/{VERSION}",
            **sign(secret, relay.relay_id, int(self._clock()), relay.body),
        }
        try:
            async with asyncio.timeout(TIMEOUT):
                target = await find_target(url, is_sandbox=self._settings.is_sandbox)
                status = await post(target, headers, relay.body)
        except TimeoutError:
            return 0, f"No answer within {TIMEOUT:g} s."
        except OSError as error:
            return 0, (error.strerror or str(error))[:200]
        return status, f"It answered {status}."


def sign(secret: Secret, relay_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers by which the receiver can tell that a webhook is ours.

    Args:
        secret: what is shared with the receiver; one that begins with ``whsec_`` goes on in
            base64, as the specification has it.
        relay_id: the same in each attempt.
        at: Unix seconds of this attempt.
        body: what is sent.
    """
    message = f"{relay_id}.{at}.".encode() + body
    digest = hmac.new(_key(secret), message, hashlib.sha256).digest()
    return {
        "webhook-id": relay_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def retry_wait(attempts: int, roll: float) -> float:
    """Seconds before the next attempt: twice as long each time, half of it left to chance.

    Args:
        attempts: made so far, at least one.
        roll: a number in [0, 1).
    """
    longest: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempts - 1, 20))
    return longest * (1 + roll) / 2


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    if text.startswith("whsec_"):
        try:
            return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return text.encode()
