"""The lines of an account's history."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of event.

    Attributes:
        title: what happened.
        icon: its picture.
        mood: ``good``, ``note``, ``bad`` or ``still``.
    """

    title: str
    icon: str
    mood: str


_KNOWN = MappingProxyType(
    {
        "connected": Kind("Connected", "link", "good"),
        "imported": Kind("Imported", "link", "good"),
        "refreshed": Kind("Refreshed", "renew", "good"),
        "needs_login": Kind("Needs a new login", "person", "bad"),
        "refresh_refused": Kind("Refresh refused", "alert", "bad"),
        "refresh_unanswered": Kind("Refresh without an answer", "clock", "note"),
        "refresh_not_sent": Kind("Refresh not sent", "clock", "note"),
        "refresh_failed": Kind("Refresh failed", "alert", "note"),
        "other_account": Kind("Answered for another account", "alert", "bad"),
        "authorization_removed": Kind("Access removed by its owner", "off", "bad"),
        "disconnected": Kind("Disconnected", "off", "still"),
    }
)


_REMOVALS = MappingProxyType(
    {
        "1": "The owner disconnected the app in the TikTok app.",
        "2": "The TikTok account was deleted.",
        "3": "The owner's age was changed.",
        "4": "The TikTok account was banned.",
        "5": "The app's developer revoked the access.",
    }
)
"""TikTok's number of a reason -> what happened."""


def detail(kind: str, text: str) -> str:
    """What is told beside an event."""
    if kind == "authorization_removed":
        return _REMOVALS.get(text, "")
    return text.replace(",", ", ") if kind in {"connected", "refreshed"} else text


def explain(kind: str) -> Kind:
    """How an event is told; one that is not known by its own name."""
    return _KNOWN.get(kind) or Kind(kind.replace("_", " ").capitalize(), "dot", "still")
