"""API keys: how they are made, read and compared."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from tiktok_oauth.service.registry.rows import ApiKey

_FORM = re.compile(r"tko_(?P<key_id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
_NOBODYS = bytes(32)


class SentKey(NamedTuple):
    """What somebody sent as a key.

    Attributes:
        digest: SHA-256 of its secret.
    """

    key_id: str
    digest: bytes


def make_secret(key_id: str) -> Secret:
    """A whole new key, 256 bits of it secret."""
    return Secret(f"tko_{key_id}_{secrets.token_urlsafe(32)}")


def make_key_id() -> str:
    """A new key's name."""
    return secrets.token_hex(6)


def read_key(text: str) -> SentKey | None:
    """A key as somebody sent it; None when it has not the form of one."""
    found = _FORM.fullmatch(text)
    # One round of SHA-256 is enough: nobody guesses 256 random bits, however fast.
    return found and SentKey(found["key_id"], hashlib.sha256(found["secret"].encode()).digest())


def is_right(sent: SentKey, known: ApiKey | None) -> bool:
    """Whether it is the key, in the same time for all that are not."""
    kept = _NOBODYS if known is None else known.digest
    return hmac.compare_digest(sent.digest, kept) and known is not None
