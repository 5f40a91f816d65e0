"""Sealing: AES-256-GCM under a key of each record's own, bound to the row the record is of.

A sealed value is bytes::

    "TTO" | format 1B | algorithm 1B | key ID 8B | salt 16B | nonce 12B | ciphertext | tag 16B

Algorithm 1: root = HKDF-SHA256(key, info "tto/1/" + purpose); record key = HKDF-Expand(root,
info salt); AES-256-GCM with a random nonce. The plaintext is its length in 4 bytes, itself, and
zeros up to a multiple of 256 bytes, so that a sealed value's length tells next to nothing.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Literal

import msgspec
from cryptography.exceptions import InvalidTag

from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.kms import key_error
from tiktok_oauth.vault.sealing.material import SecretBytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from tiktok_oauth.errors import VaultKeyError
    from tiktok_oauth.vault.sealing.keyring import KeyRing
    from tiktok_oauth.vault.sealing.material import RawKey

Purpose = Literal["refresh", "access", "journal", "login", "candidate"]
"""What a sealed value is. Each purpose has keys of its own."""

_KIND = b"TTO\x01\x01"
_ID = slice(5, 13)
_SALT = slice(13, 29)
_NONCE = slice(29, 41)
_BODY = slice(41, None)
_BLOCK = 256
_TAG = 16
_SHORTEST = 41 + _BLOCK + _TAG
_LENGTH = 4
_MAC = 16
_FINGERPRINT = 8 + _MAC

_NOUNS: dict[Purpose, str] = {
    "refresh": "refresh token",
    "access": "access token",
    "journal": "journal record",
    "login": "pending login",
    "candidate": "candidate refresh token",
}
RESTORE = "Restore the row from a backup; until then it stays as it is."
_UPGRADE = "It was altered, or written by a newer tiktok-oauth: restore the row, or upgrade."
_BRING_BACK = "Bring the key back from where you keep it safe; nothing was changed."


class Binding(msgspec.Struct, frozen=True, gc=False):
    """The one place a sealed value belongs to: anywhere else it does not open.

    Attributes:
        purpose: what it is.
        client_key: the app.
        open_id: the account; for a pending login, what tells it from others.
        gen: which consent of the account.
        ver: which version of the row.
    """

    purpose: Purpose
    client_key: str
    open_id: str
    gen: int
    ver: int


class Cipher:
    """Seals and opens with the keys of a ring. Safe to share between threads."""

    __slots__ = ("ring",)

    def __init__(self, ring: KeyRing) -> None:
        self.ring: KeyRing = ring

    def seal(self, plain: bytes, binding: Binding) -> bytes:
        """Encrypt under the active key, so that it opens with the same binding only.

        Raises:
            VaultKeyError: this process's ring may not seal for this purpose.
        """
        hidden = SecretBytes(plain)
        del plain
        return self._seal(hidden, binding)

    def prepare(self, binding: Binding) -> Sealing:
        """Do all of sealing that can be done before it is known what.

        Raises:
            VaultKeyError: as ``seal``.
        """
        key_id = self.ring.active_id
        root = self._root(key_id, binding)
        header = _KIND + bytes.fromhex(key_id)
        salt = os.urandom(16)
        return Sealing(root.record_cipher(salt), header + salt, _aad(header, binding))

    def seal_secret(self, secret: Secret, binding: Binding) -> bytes:
        """Encrypt a secret text.

        Raises:
            VaultKeyError: as ``seal``.
        """
        return self._seal(SecretBytes(_encode(secret.reveal())), binding)

    def open(self, blob: bytes, binding: Binding) -> bytes:
        """Decrypt what was sealed with the same binding.

        Raises:
            VaultKeyError: it is no sealed value, its key is missing, this process may not open
                it, or it was altered or belongs elsewhere.
        """
        key_id = _key_id(blob)
        if key_id is None:
            raise _refusal(binding, None, "is not a sealed value of a known kind", _UPGRADE)
        root = self._root(key_id, binding)
        plain = _decrypted(root, blob, binding)
        if plain is None:
            raise _refusal(
                binding,
                key_id,
                "does not open: it was altered, or belongs to another row or version",
                RESTORE,
            )
        return plain

    def open_secret(self, blob: bytes, binding: Binding) -> Secret:
        """Decrypt a secret text.

        Raises:
            VaultKeyError: as ``open``, or what was sealed is no text.
        """
        secret = _decoded(self.open(blob, binding))
        if secret is None:
            raise _refusal(binding, self.key_id_of(blob), "is not text", RESTORE)
        return secret

    def reseal(self, blob: bytes, binding: Binding) -> bytes:
        """Open and seal again under the active key.

        Raises:
            VaultKeyError: as ``open``.
        """
        return self._seal(SecretBytes(self.open(blob, binding)), binding)

    @staticmethod
    def key_id_of(blob: bytes) -> str:
        """The ID of the key that a value was sealed with, in hex.

        Raises:
            VaultKeyError: it is no sealed value.
        """
        key_id = _key_id(blob)
        if key_id is None:
            raise key_error("A stored value is not a sealed value of a known kind.", _UPGRADE)
        return key_id

    def fingerprint(self, secret: Secret, key_id: str | None = None) -> bytes:
        """24 bytes that tell tokens apart and nothing about them: key ID, then HMAC-SHA256.

        Args:
            secret: the token.
            key_id: the key to use; the active one when not given.

        Raises:
            VaultKeyError: the ring does not have the key.
        """
        return self._fingerprint(secret, self.ring.active_id if key_id is None else key_id)

    def same_token(self, fingerprint: bytes, secret: Secret) -> bool:
        """Whether a fingerprint is this token's, compared in constant time.

        It is computed under the fingerprint's own key, so it holds across a key rotation.

        Raises:
            VaultKeyError: the ring does not have that key, or it is no fingerprint.
        """
        if not isinstance(fingerprint, bytes) or len(fingerprint) != _FINGERPRINT:
            raise key_error("A stored value is not a token's fingerprint.", RESTORE)
        return hmac.compare_digest(fingerprint, self._fingerprint(secret, fingerprint[:8].hex()))

    def check_value(self, key_id: str) -> bytes:
        """16 bytes to store beside a key's ID, which show later whether it is the same key.

        Raises:
            VaultKeyError: the ring does not have the key.
        """
        return self._named_root(key_id, "check").mac(b"value")[:_MAC]

    def judge_check_values(self, stored: Mapping[str, bytes], in_use: Collection[str]) -> None:
        """Make sure that this ring's keys are those the store was written with.

        Args:
            stored: check values by key ID.
            in_use: the IDs of all keys that something in the store is sealed with.

        Raises:
            VaultKeyError: a key in use is missing, or a key is not the one with its ID; it names
                the IDs.
        """
        missing = sorted(set(in_use) - set(self.ring.key_ids))
        if missing:
            text = f"The store is sealed with keys that the ring does not have: {_list(missing)}."
            raise key_error(text, _BRING_BACK)
        known = [key_id for key_id in self.ring.key_ids if key_id in stored]
        wrong = [i for i in known if not _same(stored[i], self.check_value(i))]
        if wrong:
            text = f"Keys of the ring are not those the store was sealed with: {_list(wrong)}."
            raise key_error(text, _BRING_BACK)

    def _seal(self, hidden: SecretBytes, binding: Binding) -> bytes:
        return self.prepare(binding).finish(hidden)

    def _root(self, key_id: str, binding: Binding) -> RawKey:
        key = self.ring.find(key_id)
        if key is None:
            text = "was sealed with a key that the ring does not have"
            raise _refusal(binding, key_id, text, _BRING_BACK)
        root = key.root(binding.purpose)
        if root is None:
            raise _refusal(
                binding,
                key_id,
                "is not for this process, whose key ring is for access tokens only",
                "Use the whole key ring in the process that refreshes, and only there.",
            )
        return root

    def _named_root(self, key_id: str, name: Literal["fingerprint", "check"]) -> RawKey:
        key = self.ring.find(key_id)
        root = None if key is None else key.root(name)
        if root is None:
            raise key_error(f"The key ring does not have key {key_id}.", _BRING_BACK)
        return root

    def _fingerprint(self, secret: Secret, key_id: str) -> bytes:
        root = self._named_root(key_id, "fingerprint")
        return bytes.fromhex(key_id) + root.mac(_encode(secret.reveal()))[:_MAC]


class Sealing:
    """A sealed value but for what it holds. Its key is for one value.

    Args:
        cipher: of that key.
        header: what the value begins with.
        bound: what it is bound to.
    """

    __slots__ = ("_bound", "_cipher", "_header")

    def __init__(self, cipher: AESGCM, header: bytes, bound: bytes) -> None:
        self._cipher = cipher
        self._header = header
        self._bound = bound

    def finish(self, hidden: SecretBytes) -> bytes:
        """The sealed value."""
        nonce = os.urandom(12)
        return self._header + nonce + self._cipher.encrypt(nonce, _padded(hidden), self._bound)


def _key_id(blob: bytes) -> str | None:
    """The key ID of a sealed value; a database can hand out other things than bytes, too."""
    if not isinstance(blob, bytes) or len(blob) < _SHORTEST or not blob.startswith(_KIND):
        return None
    return blob[_ID].hex()


def _aad(header: bytes, binding: Binding) -> bytes:
    """The header and the binding, each field after its length, so that no two run together."""
    fields = (
        binding.purpose,
        binding.client_key,
        binding.open_id,
        str(binding.gen),
        str(binding.ver),
    )
    # Whoever alters a row may put anything there.
    encoded = [str(field).encode("utf-8", "surrogatepass") for field in fields]
    return header + b"".join([len(field).to_bytes(4, "big") + field for field in encoded])


def _padded(hidden: SecretBytes) -> bytes:
    length = len(hidden.reveal())
    return length.to_bytes(_LENGTH, "big") + hidden.reveal() + bytes(-(_LENGTH + length) % _BLOCK)


def _decrypted(root: RawKey, blob: bytes, binding: Binding) -> bytes | None:
    try:
        padded = root.record_cipher(blob[_SALT]).decrypt(
            blob[_NONCE], blob[_BODY], _aad(blob[: _ID.stop], binding)
        )
    except InvalidTag:
        return None
    length = int.from_bytes(padded[:_LENGTH], "big")
    return padded[_LENGTH : _LENGTH + length] if length <= len(padded) - _LENGTH else None


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(plain: bytes) -> Secret | None:
    try:
        return Secret(plain.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


def _same(stored: bytes, value: bytes) -> bool:
    return isinstance(stored, bytes) and hmac.compare_digest(stored, value)


def _list(key_ids: Collection[str]) -> str:
    return ", ".join(key_ids)


def _refusal(binding: Binding, key_id: str | None, problem: str, hint: str) -> VaultKeyError:
    noun = _NOUNS[binding.purpose]
    row = f"client_key {binding.client_key!r}, open_id {binding.open_id!r}"
    if key_id is not None:
        row += f", key {key_id}"
    return key_error(f"The stored {noun} ({row}) {problem}.", hint)
