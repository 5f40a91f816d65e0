"""How TikTok's codes, tokens and ids look. All dice are passed in."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_DATA_CENTRE = "u1"


def mint_token(dice: Random, kind: str) -> str:
    """Return a new token; ``kind`` is act (access), rft (refresh) or clt (client)."""
    return f"{kind}.{_noise(dice)}!{_digits(dice)}.{_DATA_CENTRE}"


def mint_code(dice: Random) -> str:
    """Return a new authorization code, with the characters that clients like to encode twice."""
    return f"{_noise(dice)}*{dice.randrange(10)}!{_digits(dice)}.{_DATA_CENTRE}"


def mint_log_id(dice: Random, now: float) -> str:
    """Return a log id: fourteen digits of UTC time, then twenty hex digits."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d%H%M%S}{dice.getrandbits(80):020X}"


def open_id(client_key: str, person_id: str) -> str:
    """Return the person's id for this one app, the same each time."""
    digest = hashlib.sha256(f"{client_key}\0{person_id}".encode()).digest()
    return "-000" + base64.urlsafe_b64encode(digest[:24]).decode()


def union_id(person_id: str) -> str:
    """Return the person's id for all apps of the sandbox's one developer."""
    digest = hashlib.sha256(f"union\0{person_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16]))


def _noise(dice: Random) -> str:
    return base64.urlsafe_b64encode(dice.randbytes(48)).decode()


def _digits(dice: Random) -> str:
    return f"{dice.randrange(10_000):04}"
