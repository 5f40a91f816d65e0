"""Keys at rest under another key: the hook for a KMS, and a passphrase for exports."""

from __future__ import annotations

import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from tiktok_oauth.errors import TikTokErrorCode, VaultKeyError
from tiktok_oauth.types import Secret

_SALT = 16
_NONCE = 12
_LABEL = b"tto/1/export"
_COST = 2**17
"""128 MiB and some tenths of a second per guess: OWASP's advice for scrypt (read November 2026)."""


class KeyWrapper(Protocol):
    """Encrypts keys with a key that never leaves its keeper: AWS KMS, Vault transit, an HSM.

    It is asked when a ring is read or saved, never when a token is sealed or opened. Whatever it
    raises becomes a ``VaultKeyError``.
    """

    def wrap(self, dek: bytes) -> bytes:
        """Encrypt a key; the answer is what the key file stores."""
        ...

    def unwrap(self, blob: bytes) -> bytes:
        """Give back the key that ``wrap`` was given."""
        ...


class PassphraseWrapper:
    """Wraps keys under a passphrase: scrypt, then AES-256-GCM. For exports in a safe place."""

    __slots__ = ("_passphrase",)

    def __init__(self, passphrase: str) -> None:
        self._passphrase = Secret(passphrase)

    def wrap(self, dek: bytes) -> bytes:
        """Encrypt a key: salt, nonce, ciphertext, tag."""
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        return salt + nonce + self._cipher(salt).encrypt(nonce, dek, _LABEL)

    def unwrap(self, blob: bytes) -> bytes:
        """Give back the key.

        Raises:
            VaultKeyError: the passphrase is wrong, or the export was altered.
        """
        salt, nonce, rest = blob[:_SALT], blob[_SALT : _SALT + _NONCE], blob[_SALT + _NONCE :]
        try:
            return self._cipher(salt).decrypt(nonce, rest, _LABEL)
        except (InvalidTag, ValueError):
            message = "The passphrase is wrong, or the export was altered."
        raise key_error(message, "Type the passphrase that the export was made with.")

    def _cipher(self, salt: bytes) -> AESGCM:
        scrypt = Scrypt(salt=salt, length=32, n=_COST, r=8, p=1)
        return AESGCM(scrypt.derive(self._passphrase.reveal().encode("utf-8", "surrogatepass")))


def key_error(message: str, hint: str) -> VaultKeyError:
    """What every failure around keys is: nobody's retry mends it, somebody's key does."""
    return VaultKeyError(
        TikTokErrorCode.INVALID_CREDENTIALS, message, "", retryable=False, hint=hint
    )
