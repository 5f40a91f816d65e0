"""What an account's status means, and what to do about it."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Status(NamedTuple):
    """One status.

    Attributes:
        label: in two words.
        meaning: in a sentence.
        icon: its picture, which never stands without the label.
        mood: ``good``, ``note``, ``bad`` or ``still``.
    """

    label: str
    meaning: str
    icon: str
    mood: str


ALL = MappingProxyType(
    {
        "active": Status("Active", "Its token is valid, and is renewed in time.", "check", "good"),
        "refresh_due": Status(
            "Refresh due",
            "Its token has ended. It is renewed as soon as somebody uses it.",
            "renew",
            "still",
        ),
        "needs_login": Status(
            "Needs login", "Only its owner can bring it back, by connecting again.", "person", "bad"
        ),
        "blocked": Status(
            "Blocked", "It cannot be decrypted with the keys at hand.", "lock", "bad"
        ),
        "disconnected": Status(
            "Disconnected",
            "The access was given back. Nothing but the history is left.",
            "off",
            "still",
        ),
    }
)

REASONS = MappingProxyType(
    {
        "revoked": "The owner removed the access in the TikTok app.",
        "expired": "It was not used for so long that TikTok let the access end.",
        "lost_in_flight": "TikTok's answer to a refresh was lost on the way.",
        "rotated_elsewhere": "Another program has refreshed the same token.",
        "other_account": "TikTok answered for another account.",
        "erased": "Everything known of this account was deleted.",
    }
)
"""Reason -> what happened, for somebody who has to tell the account's owner."""
