"""What an app is told about: the events that become webhooks.

Facts from https://developers.tiktok.com/doc/webhooks-events (read 2026-11-22).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORIZATION_REMOVED = "authorization.removed"


class Reason(IntEnum):
    """Why an app lost somebody."""

    UNKNOWN = 0
    DISCONNECTED = 1
    DELETED = 2
    AGE_CHANGED = 3
    BANNED = 4
    REVOKED = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """One event, for one app.

    Attributes:
        client_key: the app.
        event: TikTok's name for it.
        create_time: when it happened, in Unix seconds.
        open_id: the account it is about.
        content: the details, as the JSON text that is sent.
        due: when it is sent first.
    """

    client_key: str
    event: str
    create_time: int
    open_id: str
    content: str
    due: float


def write_content(details: Mapping[str, object]) -> str:
    """Return details as TikTok was seen to write them: with a space after each colon."""
    return json.dumps(details, separators=(",", ": "))
