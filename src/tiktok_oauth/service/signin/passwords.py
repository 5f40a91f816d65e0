"""Passwords: argon2id, as a PHC string in the settings."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

if TYPE_CHECKING:
    from tiktok_oauth.types import Secret

_PASSES = 3
_LANES = 4
_MEMORY = 65_536
"""KiB: the second recommendation of RFC 9106."""
_LONGEST = 1_024


def hash_password(password: Secret) -> str:
    """The PHC string to put into the settings. Takes a tenth of a second and 64 MiB."""
    argon = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY,
    )
    return argon.derive_phc_encoded(password.reveal().encode())


def is_password(password: Secret, phc: Secret) -> bool:
    """Whether a password is the one that was hashed. As slow as hashing."""
    if not 0 < len(password.reveal()) <= _LONGEST:
        return False
    try:
        Argon2id.verify_phc_encoded(password.reveal().encode(), phc.reveal())
    except (InvalidKey, ValueError):
        return False
    return True
