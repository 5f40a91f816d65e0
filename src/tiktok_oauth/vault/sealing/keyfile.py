"""Key files: how a key ring is written down.

A ring's file is JSON, in ASCII::

    {
      "version": 1,
      "holds": "keys",
      "wrapped": false,
      "keys": [{"name": "k1", "id": "4e6cb1c5a8f0d2b7", "key": "<base64>"}]
    }

- ``holds``: with ``keys``, each ``key`` is 32 random bytes. With ``access`` it is what an
  access-only ring needs instead: the four keys of 32 bytes that were derived from it for
  ``access``, ``login``, ``fingerprint`` and ``check``, in this order.
- ``wrapped``: whether each ``key`` is encrypted, by a KMS or a passphrase.
- ``name``: for people. ``id``: the first 8 bytes of HMAC-SHA256(key, "id"), in hex.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Literal

import msgspec

from tiktok_oauth.errors import VaultKeyError
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.kms import key_error
from tiktok_oauth.vault.sealing.material import ACCESS_PURPOSES, RingKey, SecretBytes, raw_keys
from tiktok_oauth.vault.sealing.privatefile import read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tiktok_oauth.vault.sealing.kms import KeyWrapper

_VERSION = 1
_ID = re.compile(r"[0-9a-f]{16}")


class _StoredKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    id: str
    key: Secret


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    holds: Literal["keys", "access"]
    wrapped: bool
    keys: tuple[_StoredKey, ...]


def load_keys(path: Path, wrapper: KeyWrapper | None) -> list[RingKey]:
    """The keys of a key file.

    Raises:
        VaultKeyError: the file is missing, open to others or malformed, or the wrapper failed.
    """
    where = f"The key file {path}"
    document = _decode(read_private(path), where)
    if document.version != _VERSION:
        raise key_error(
            f"{where} has version {document.version}; this library reads version {_VERSION}.",
            "Upgrade tiktok-oauth.",
        )
    if document.wrapped and wrapper is None:
        raise key_error(
            f"The keys in {path} are wrapped.",
            "Bring back an export under a passphrase by: tiktok-oauth keys import (in Python: "
            "KeyRing.import_). Read what a KMS has wrapped by KeyRing.from_wrapped.",
        )
    if not document.wrapped and wrapper is not None:
        raise key_error(f"The keys in {path} are not wrapped.", "Read it with KeyRing.from_file.")
    return [_loaded(stored, document.holds, wrapper, where) for stored in document.keys]


def save_keys(
    path: Path, keys: Sequence[RingKey], wrapper: KeyWrapper | None, *, replace: bool
) -> None:
    """Write a key file.

    Raises:
        VaultKeyError: it exists and ``replace`` is off, it cannot be written, or the wrapper
            failed.
    """
    document = _Document(
        version=_VERSION,
        holds="keys" if keys[0].whole else "access",
        wrapped=wrapper is not None,
        keys=tuple(_stored(key, wrapper) for key in keys),
    )
    write_private(path, _text(document), replace=replace)


def _decode(content: Secret, where: str) -> _Document:
    try:
        return _DECODER.decode(content.reveal())
    except (msgspec.DecodeError, RecursionError):
        pass
    # The parser's own words are left out: they can quote the file.
    raise key_error(f"{where} is not a key ring in JSON.", "Restore it from where you keep a copy.")


def _loaded(stored: _StoredKey, holds: str, wrapper: KeyWrapper | None, where: str) -> RingKey:
    material = stored.key if wrapper is None else _unwrapped(stored.key, wrapper, where)
    if holds == "access":
        if not _ID.fullmatch(stored.id):
            raise key_error(f"{where} has a malformed key ID.", "Restore it from a copy.")
        roots = raw_keys(material, len(ACCESS_PURPOSES), where)
        return RingKey.from_access_roots(stored.name, stored.id, roots)
    key = RingKey.from_key(stored.name, *raw_keys(material, 1, where))
    if key.key_id != stored.id:
        raise key_error(
            f"{where} has key {key.key_id} under the ID of another one.", "Restore it from a copy."
        )
    return key


def _stored(key: RingKey, wrapper: KeyWrapper | None) -> _StoredKey:
    if wrapper is None:
        return _StoredKey(key.name, key.key_id, key.material().base64())
    try:
        wrapped = wrapper.wrap(key.material().reveal())
        return _StoredKey(key.name, key.key_id, SecretBytes(wrapped).base64())
    except Exception as error:  # noqa: BLE001 - a KMS client raises what it likes
        problem = type(error).__name__
    # Neither chained nor quoted: the wrapper's error may show the key that it was given.
    raise key_error(f"Key {key.key_id} could not be wrapped: {problem}.", "See the KMS's own log.")


def _unwrapped(blob: Secret, wrapper: KeyWrapper, where: str) -> Secret:
    try:
        return SecretBytes(wrapper.unwrap(b64decode(blob.reveal(), validate=True))).base64()
    except VaultKeyError:
        raise
    except Exception as error:  # noqa: BLE001 - a KMS client raises what it likes
        problem = type(error).__name__
    raise key_error(f"{where} could not be unwrapped: {problem}.", "See the KMS's own log.")


def _text(document: _Document) -> Secret:
    encoded = msgspec.json.encode(document, enc_hook=Secret.reveal)
    return Secret(msgspec.json.format(encoded, indent=2).decode() + "\n")


_DECODER = msgspec.json.Decoder(_Document, dec_hook=lambda _, text: Secret(str(text)))
