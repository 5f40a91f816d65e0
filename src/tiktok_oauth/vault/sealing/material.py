"""Keys that no log, repr, traceback or pickle shows, and what is derived from them."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, NoReturn, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.kms import key_error

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCESS_PURPOSES = ("access", "login", "fingerprint", "check")
"""What an access-only ring is good for; a key file holds the derived keys in this order."""
MAKE_ONE = "Make a key with: openssl rand -base64 32"
_BYTES = 32
_ID_BYTES = 8


class SecretBytes:
    """Bytes that no log, repr, traceback or pickle shows. ``reveal()`` is the only way in."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """The bytes themselves. Keep them out of local variables: tracebacks print those."""
        return self._value

    def base64(self) -> Secret:
        """The same as text."""
        return Secret(b64encode(self._value).decode())

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***')"

    def __reduce__(self) -> NoReturn:
        message = "keys are not pickled: let the other process read the key file"
        raise TypeError(message)


class RawKey(SecretBytes):
    """A key of 32 bytes."""

    __slots__ = ()

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 of ``data`` under this key."""
        return hmac.digest(self._value, data, "sha256")

    def root(self, purpose: str) -> RawKey:
        """The key that is derived from this one for one purpose."""
        info = b"tto/1/" + purpose.encode()
        return RawKey(HKDF(SHA256(), _BYTES, None, info).derive(self._value))

    def record_cipher(self, salt: bytes) -> AESGCM:
        """The cipher of one record, whose key is derived from this one and the record's salt."""
        return AESGCM(HKDFExpand(SHA256(), _BYTES, salt).derive(self._value))


class RingKey:
    """One key of a ring. It shows its ID only.

    Attributes:
        name: what people call it.
        key_id: what sealed values call it.
        whole: whether it opens every purpose, not those of an access-only ring alone.
    """

    __slots__ = ("_key", "_roots", "key_id", "name", "whole")

    def __init__(
        self, name: str, key_id: str, key: RawKey | None, roots: dict[str, RawKey]
    ) -> None:
        self.name: str = name
        self.key_id: str = key_id
        self.whole: bool = key is not None
        self._key = key
        self._roots = roots

    @classmethod
    def from_key(cls, name: str, key: RawKey) -> Self:
        """A whole key."""
        key_id = key.mac(b"id")[:_ID_BYTES].hex()
        return cls(name, key_id, key, {purpose: key.root(purpose) for purpose in ACCESS_PURPOSES})

    @classmethod
    def from_access_roots(cls, name: str, key_id: str, roots: Iterable[RawKey]) -> Self:
        """What an access-only ring knows of a key."""
        return cls(name, key_id, None, dict(zip(ACCESS_PURPOSES, roots, strict=True)))

    def root(self, purpose: str) -> RawKey | None:
        """The key derived for ``purpose``; None when this process may not have it."""
        if self._key is not None and purpose not in self._roots:
            self._roots[purpose] = self._key.root(purpose)
        return self._roots.get(purpose)

    def for_access_only(self) -> RingKey:
        """The same key without what opens refresh tokens."""
        return self.from_access_roots(self.name, self.key_id, self._access_roots())

    def material(self) -> SecretBytes:
        """What the ring's file stores of it."""
        return self._key or SecretBytes(b"".join(root.reveal() for root in self._access_roots()))

    def _access_roots(self) -> list[RawKey]:
        return [self._roots[purpose] for purpose in ACCESS_PURPOSES]

    def __repr__(self) -> str:
        return f"<RingKey {self.key_id}>"


def raw_keys(text: Secret, count: int, where: str) -> list[RawKey]:
    """The ``count`` keys of 32 bytes in a base64 text.

    Raises:
        VaultKeyError: there is something else in it; the text says ``where``, never what.
    """
    length = _decoded_length(text)
    if not text.reveal():
        raise key_error(f"{where} has a blank key.", MAKE_ONE)
    if length is None:
        raise key_error(f"{where} has a key that is not base64.", MAKE_ONE)
    if length != count * _BYTES:
        raise key_error(f"{where} has a key of {length} bytes, not {count * _BYTES}.", MAKE_ONE)
    return [
        RawKey(b64decode(text.reveal())[start : start + _BYTES])
        for start in range(0, length, _BYTES)
    ]


def _decoded_length(text: Secret) -> int | None:
    """How many bytes a base64 text stands for; None when it is no base64."""
    try:
        return len(b64decode(text.reveal(), validate=True))
    except ValueError:
        return None
