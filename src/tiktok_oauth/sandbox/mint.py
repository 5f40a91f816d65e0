"""How TikTok's codes, tokens and ids look: all of them follow from one key."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import struct
import uuid
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

TokenKind: TypeAlias = Literal["act", "rft", "clt"]

_DATA_CENTRE = "u1"
_PAYLOAD = struct.Struct(">QQdQ")
_TAG_SIZE = 16
_TOKEN_LENGTH = 76

OPEN_ID = "-000"
"""How every open_id begins."""


class Claims(NamedTuple):
    """What a token says to whoever made it.

    Attributes:
        grant_id: the grant it belongs to.
        number: which of the grant's tokens of this kind it is.
        dies: when it ends, 0 when the grant tells.
    """

    grant_id: int
    number: int
    dies: float = 0.0


class Mint:
    """Makes tokens that look random and can be read again by whoever has the key.

    A token is its claims, hidden and sealed, so that a world with a million grants has to keep
    none of them: a grant knows by number which of its tokens live.

    Args:
        key: makes everything that is minted the same in every run.
        drawn: how often ``draw`` was called before, so that nothing comes twice.
    """

    def __init__(self, key: bytes, drawn: int = 0) -> None:
        self.key: bytes = key
        self.drawn: int = drawn

    def draw(self, size: int) -> bytes:
        """Return new bytes that nobody could guess, 64 at most."""
        self.drawn += 1
        number = self.drawn.to_bytes(8, "big")
        return hashlib.blake2b(number, digest_size=size, key=self.key, person=b"draw").digest()

    def code(self) -> str:
        """Return a new authorization code, with characters that clients like to encode twice."""
        drawn = self.draw(51)
        noise = base64.urlsafe_b64encode(drawn[:48]).decode()
        digits = int.from_bytes(drawn[48:], "big")
        return f"{noise}*{digits % 10}!{digits // 10 % 10_000:04}.{_DATA_CENTRE}"

    def log_id(self, now: float) -> str:
        """Return a new log id: fourteen digits of UTC time, then twenty hex digits."""
        return f"{_second(int(now))}{self.draw(10).hex().upper()}"

    def seal(self, kind: TokenKind, claims: Claims) -> str:
        """Return the token; ``kind`` is act (access), rft (refresh) or clt (client)."""
        payload = _PAYLOAD.pack(*claims, 0)
        tag = hashlib.blake2b(
            payload, digest_size=_TAG_SIZE, key=self.key, person=kind.encode()
        ).digest()
        noise = base64.urlsafe_b64encode(tag + self._hide(payload, tag)).decode()
        return f"{kind}.{noise}!{int.from_bytes(tag[:4], 'big') % 10_000:04}.{_DATA_CENTRE}"

    def open(self, kind: TokenKind, token: str) -> Claims | None:
        """Return what the token says, None when it was not made here."""
        if len(token) != _TOKEN_LENGTH or not token.isascii():
            return None
        try:
            sealed = base64.urlsafe_b64decode(token[4:68])
        except binascii.Error:
            return None
        if len(sealed) != _TAG_SIZE + _PAYLOAD.size:
            return None
        payload = self._hide(sealed[_TAG_SIZE:], sealed[:_TAG_SIZE])
        grant_id, number, dies, _ = _PAYLOAD.unpack(payload)
        claims = Claims(grant_id, number, dies)
        return claims if hmac.compare_digest(token, self.seal(kind, claims)) else None

    def _hide(self, payload: bytes, tag: bytes) -> bytes:
        size = _PAYLOAD.size
        mask = hashlib.blake2b(tag, digest_size=size, key=self.key, person=b"mask").digest()
        return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


@functools.lru_cache(maxsize=2)
def _second(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y%m%d%H%M%S}"


def open_id(client_key: str, person_id: str) -> str:
    """Return the person's id for this one app, the same each time."""
    digest = hashlib.sha256(f"{client_key}\0{person_id}".encode()).digest()
    return OPEN_ID + base64.urlsafe_b64encode(digest[:24]).decode()


def union_id(person_id: str) -> str:
    """Return the person's id for all apps of the sandbox's one developer."""
    digest = hashlib.sha256(f"union\0{person_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16]))
