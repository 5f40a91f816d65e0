"""Receives TikTok's webhooks: proven before they are read, and answered once they are acted upon.

TikTok repeats a webhook until it is answered with 200. So it gets that answer when what the
webhook says is in the store, and a repetition of what is there already gets it at once.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from starlette.responses import Response

from tiktok_oauth.correlation import current_correlation_id
from tiktok_oauth.errors import TikTokAPIError, ValidationError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.registry.rows import Delivery
from tiktok_oauth.service.webhooks.proof import prove, signers_of
from tiktok_oauth.service.webhooks.relay import relays
from tiktok_oauth.vault.inside import may_change

if TYPE_CHECKING:
    from starlette.requests import Request

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.webhooks.proof import Proven
    from tiktok_oauth.service.webhooks.relay import Relayer
    from tiktok_oauth.types import WebhookEvent

LONGEST_BODY = 64 * 1024
_LONGEST_CONTENT = 4096

Outcome = Literal[
    "accepted", "late", "repeated", "forged", "unreadable", "oversized", "slow", "failed"
]
"""How a delivery is counted.

- ``late``: accepted, though it was signed more than five minutes ago;
- ``forged``: not signed by TikTok for the app it names, or more than 73 hours ago;
- ``unreadable``: signed, and no event;
- ``failed``: it could not be written down, so TikTok will repeat it.
"""
_ANSWERS: dict[Outcome, int] = {
    "accepted": 200,
    "late": 200,
    "repeated": 200,
    "forged": 401,
    "unreadable": 400,
    "oversized": 413,
    "slow": 408,
    "failed": 503,
}


class Receiver:
    """The address that TikTok sends webhooks to.

    Args:
        office: the worker's.
        relayer: hands on what was received.
    """

    def __init__(self, office: Office, relayer: Relayer) -> None:
        self._office = office
        self._relayer = relayer
        self._signers = signers_of(office.settings.apps)
        # A lock is there for as long as somebody holds it or waits for it.
        self._under_way: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def receive(self, request: Request) -> Response:
        """Answer one delivery. Whoever cannot sign learns nothing from the answer."""
        outcome = await self._outcome(request)
        self._office.board.count(f"webhooks_{outcome}")
        return Response(status_code=_ANSWERS[outcome])

    async def _outcome(self, request: Request) -> Outcome:
        try:
            async with asyncio.timeout(self._office.settings.patience):
                body = await _read(request)
        except TimeoutError:
            return "slow"
        if body is None:
            return "oversized"
        proven = await self._prove(request.headers.items(), body)
        if proven is None:
            return "forged"
        try:
            event = proven.read()
        except ValidationError as error:
            logger.warning("[TikTokOAuth] webhook - %s", error.message)
            return "unreadable"
        if event.client_key != proven.signer.client_key:
            return "forged"
        try:
            return await self._once(proven, event)
        except TikTokAPIError as error:
            logger.error("[TikTokOAuth] webhook - Not kept: %s", error.message)
            return "failed"

    async def _prove(self, headers: list[tuple[str, str]], body: bytes) -> Proven | None:
        try:
            return prove(headers, body, self._signers, self._office.clock())
        except ValidationError:
            if not self._office.settings.is_sandbox:
                return None
        # A sandbox's clock may have been moved a moment ago.
        await asyncio.to_thread(self._office.clock.look)
        try:
            return prove(headers, body, self._signers, self._office.clock())
        except ValidationError:
            return None

    async def _once(self, proven: Proven, event: WebhookEvent) -> Outcome:
        """Write it down and act upon it; repetitions that come meanwhile wait for the first."""
        lock = self._under_way.setdefault(proven.digest, asyncio.Lock())
        async with lock:
            return await self._act(proven, event)

    async def _act(self, proven: Proven, event: WebhookEvent) -> Outcome:
        office = self._office
        delivery = self._delivery(proven, event)
        is_relayed = relays(office.settings)
        # Most change nothing here: those are done with one commit.
        effect = None if may_change(event) else ""
        body = proven.body if is_relayed else None
        if not await office.registry.record(delivery, body, effect):
            return "repeated"
        if effect is None:
            has_changed = await office.vault.apply_webhook(event)
            await office.registry.acted(delivery.digest, "needs_login" if has_changed else "")
        if is_relayed:
            self._relayer.wake()
        return "late" if delivery.is_late else "accepted"

    def _delivery(self, proven: Proven, event: WebhookEvent) -> Delivery:
        content = proven.body.decode(errors="replace")
        return Delivery(
            digest=proven.digest,
            client_key=event.client_key,
            event=event.event,
            open_id=event.user_openid or "",
            sent_at=float(event.create_time),
            received_at=time.time(),
            signature=proven.signer.which,
            is_late=proven.is_late(self._office.clock()),
            content=content[:_LONGEST_CONTENT],
            correlation_id=current_correlation_id() or "",
        )


async def _read(request: Request) -> bytes | None:
    """The raw body; None when it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            return None
    return bytes(body)
