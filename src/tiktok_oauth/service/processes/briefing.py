"""What the supervisor tells a child, through a pipe: nobody sees it in ``ps`` or ``/proc``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tiktok_oauth.service.settings import ServiceSettings  # noqa: TC001 - read when decoded
from tiktok_oauth.types import Secret
from tiktok_oauth.vault.sealing.keyring import KeyRing
from tiktok_oauth.vault.sealing.material import ACCESS_PURPOSES, RingKey, raw_keys

if TYPE_CHECKING:
    from typing import BinaryIO

READY = b"ready\n"
"""What a child says on its standard output when it is at work."""


class PackedKey(msgspec.Struct, frozen=True):
    """One key of a ring: whole, or as much as an access-only ring has of it."""

    name: str
    key_id: str
    whole: bool
    material: Secret


class Briefing(msgspec.Struct, frozen=True):
    """All that a child needs to know.

    Attributes:
        settings: what the service was told.
        keys: the ring; what opens refresh tokens is in the airlock's only.
        session_key: signs cookies and invitations.
        listener: the descriptor of the listening socket, in web workers.
    """

    settings: ServiceSettings
    keys: tuple[PackedKey, ...]
    session_key: Secret
    listener: int | None = None


def pack_keys(ring: KeyRing) -> tuple[PackedKey, ...]:
    """A ring, as it travels."""
    found = filter(None, map(ring.find, ring.key_ids))
    return tuple(
        PackedKey(key.name, key.key_id, key.whole, key.material().base64()) for key in found
    )


def unpack_keys(keys: tuple[PackedKey, ...]) -> KeyRing:
    """The ring that was packed."""
    return KeyRing([_unpacked(key) for key in keys])


def _unpacked(key: PackedKey) -> RingKey:
    where = f"Key {key.key_id}"
    if key.whole:
        return RingKey.from_key(key.name, *raw_keys(key.material, 1, where))
    roots = raw_keys(key.material, len(ACCESS_PURPOSES), where)
    return RingKey.from_access_roots(key.name, key.key_id, roots)


def encode(briefing: Briefing) -> Secret:
    """A briefing as one line."""
    return Secret(msgspec.json.encode(briefing, enc_hook=_plain).decode() + "\n")


def receive(stream: BinaryIO | None = None) -> Briefing:
    """The briefing that comes through the pipe; what comes after it stays there.

    Raises:
        DecodeError: it is none.
    """
    pipe = sys.stdin.buffer if stream is None else stream
    return msgspec.json.decode(pipe.readline(), type=Briefing, dec_hook=_unplain)


def _plain(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _unplain(kind: type, value: Any) -> Secret | Path:  # noqa: ANN401 - whatever was in the JSON
    return Secret(value) if kind is Secret else Path(value)
