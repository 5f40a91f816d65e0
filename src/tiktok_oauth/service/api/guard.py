"""Who is asking, and may they: API keys, their scopes, how often, and how many wrong guesses."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.observe.logs import logger
from tiktok_oauth.service.api import problems
from tiktok_oauth.service.api.limits import Buckets
from tiktok_oauth.service.api.problems import RefusalError
from tiktok_oauth.service.registry.keys import is_right, read_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope as AsgiScope

    from tiktok_oauth.service.registry.aio import AsyncRegistry
    from tiktok_oauth.service.registry.keys import SentKey
    from tiktok_oauth.service.registry.rows import ApiKey, Scope

_KNOWN_FOR = 5.0
"""Seconds after which a key is looked at again: it may have been revoked in another process."""
_KNOWN = 10_000
_TOUCH_EVERY = 60.0
_GUESSES = 10
"""Wrong keys from one address at once, and a minute."""
_BURST_SECONDS = 10.0
_BEARER = "bearer "
_SEND_ONE = "Send one by the header Authorization: Bearer tko_..."


class _Known(NamedTuple):
    key: ApiKey
    until: float


class Guard:
    """One process's. Keys are remembered for five seconds, wrong guesses counted by address.

    Whoever has a right key is never kept out by the guesses of others.

    Args:
        registry: where keys are kept.
        rate_limit: requests a minute that one key may make here.
        clock: seconds that never jump.
    """

    def __init__(
        self,
        registry: AsyncRegistry,
        rate_limit: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._clock = clock
        rate = rate_limit / 60
        self._requests = Buckets(rate, rate * _BURST_SECONDS, clock)
        self._guesses = Buckets(_GUESSES / 60, _GUESSES, clock)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._touched: dict[str, float] = {}
        self._touching: set[asyncio.Task[None]] = set()

    async def admit(self, request: AsgiScope, scope: Scope) -> ApiKey:
        """The key of a request.

        Args:
            request: its ASGI scope.
            scope: what it needs.

        Raises:
            RefusalError: there is no key, or it is wrong, may not do this, or is used too often.
            StoreError: keys cannot be read.
        """
        authorization = _authorization(request)
        sent = _sent(authorization)
        key = self._recognised(sent) or await self._looked_up(sent, request)
        if key is None:
            if sent is not None:
                self._guesses.take(address_of(request))
            raise RefusalError(problems.NO_KEY, _fault(authorization), _SEND_ONE)
        return self._let_in(key, scope)

    def _let_in(self, key: ApiKey, scope: Scope) -> ApiKey:
        wait = self._requests.take(key.key_id)
        if wait:
            detail = "This key makes more requests than it may."
            raise RefusalError(problems.TOO_OFTEN, detail, retry_after=wait)
        if not key.may(scope):
            raise RefusalError(
                problems.WRONG_SCOPE,
                f"This key has the scope {key.scope}; this needs {scope}.",
                f"Make another: tiktok-oauth api-keys new --scope {scope}",
            )
        self._touch(key.key_id)
        return key

    def _recognised(self, sent: SentKey | None) -> ApiKey | None:
        """The key, when it was looked up lately and is the right one."""
        known = None if sent is None else self._known.get(sent.key_id)
        if sent is None or known is None or self._clock() >= known.until:
            return None
        return known.key if is_right(sent, known.key) else None

    async def _looked_up(self, sent: SentKey | None, request: AsgiScope) -> ApiKey | None:
        """The key as it is kept; a guess too many is not even looked up."""
        if sent is None:
            return None
        is_new = sent.key_id not in self._known
        if is_new and (wait := self._guesses.wait(address_of(request))):
            detail = "Too many wrong keys came from this address."
            raise RefusalError(problems.TOO_OFTEN, detail, retry_after=wait)
        key = await self._registry.find_key(sent.key_id)
        if key is None or key.revoked_at is not None:
            self._known.pop(sent.key_id, None)
        right = is_right(sent, key)
        if key is None or not right or key.revoked_at is not None:
            return None
        while len(self._known) >= _KNOWN:
            self._known.popitem(last=False)
        self._known[sent.key_id] = _Known(key, self._clock() + _KNOWN_FOR)
        return key

    def _touch(self, key_id: str) -> None:
        """Remember that a key was used, without letting anybody wait for it."""
        now = self._clock()
        if now - self._touched.get(key_id, -_TOUCH_EVERY) < _TOUCH_EVERY:
            return
        self._touched[key_id] = now
        task = asyncio.ensure_future(self._touch_now(key_id))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _touch_now(self, key_id: str) -> None:
        try:
            await self._registry.touch_key(key_id)
        except TikTokAPIError as error:
            logger.warning("The last use of API key %s was not noted: %s", key_id, error.message)


def address_of(scope: AsgiScope) -> str:
    """Where a request comes from; an IPv6 customer has a whole /64, so that counts as one."""
    client = scope.get("client")
    host = client[0] if client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def _authorization(request: AsgiScope) -> str:
    for name, value in request["headers"]:
        if name == b"authorization":
            text: str = value.decode("latin-1")
            return text
    return ""


def _sent(authorization: str) -> SentKey | None:
    if authorization[: len(_BEARER)].lower() != _BEARER:
        return None
    return read_key(authorization[len(_BEARER) :].strip())


def _fault(authorization: str) -> str:
    return "The API key is wrong, or was revoked." if authorization else "The API key is missing."
