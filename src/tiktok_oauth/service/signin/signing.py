"""Small values that anybody may carry and only we can write: signed, and good for a while."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.types import Secret

_LONGEST = 8_192
_DIGEST = 32


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. ``until`` is when it ends, in Unix seconds of this machine's clock."""

    until: float


V = TypeVar("V", bound=Signed)


class Signer(Generic[V]):
    """Writes and reads one kind of signed value.

    Args:
        key: the service's own; all its processes have the same.
        kind: what is signed. Its name is signed too, so that no kind passes for another.
        clock: Unix seconds. Never a sandbox's: moving that one must not end a session.
    """

    def __init__(
        self, key: Secret, kind: type[V], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._kind = kind
        self._clock = clock

    def sign(self, value: V) -> str:
        """A value as text that fits into a cookie or an address."""
        body = msgspec.json.encode(value)
        return _encode(self._mac(body) + body)

    def read(self, text: str) -> V | None:
        """The value; None when it is not ours, or has ended."""
        value = self._genuine(text)
        return None if value is None or value.until <= self._clock() else value

    def is_late(self, text: str) -> bool:
        """Whether it is ours and has only ended."""
        value = self._genuine(text)
        return value is not None and value.until <= self._clock()

    def _genuine(self, text: str) -> V | None:
        if len(text) > _LONGEST:
            return None
        try:
            data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            return None
        # What is decoded leniently is compared strictly: a value has one text only.
        if _encode(data) != text or not hmac.compare_digest(
            data[:_DIGEST], self._mac(data[_DIGEST:])
        ):
            return None
        return msgspec.json.decode(data[_DIGEST:], type=self._kind)

    def _mac(self, body: bytes) -> bytes:
        name = self._kind.__name__.encode()
        return hmac.digest(self._key.reveal().encode(), name + b"\0" + body, hashlib.sha256)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
