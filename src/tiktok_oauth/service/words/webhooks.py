"""The ledger of webhooks."""

from __future__ import annotations

from types import MappingProxyType

TITLE = "Webhooks"
LEAD = "Every event that TikTok has sent, once, whose signature is right."
ADDRESS = "Register this address at TikTok"
RELAY = "Handed on to"
RELAY_NONE = "Not handed on: no relay is set."
CAPTION = "Events, newest first"
WHEN = "Received"
EVENT = "Event"
ACCOUNT = "Account"
SIGNATURE = "Signature"
EFFECT = "Effect"
RELAYED = "Relay"
EMPTY_TITLE = "No event yet"
EMPTY = "TikTok sends one when somebody removes the app, or when a video has been posted."

EVENTS = MappingProxyType(
    {
        "authorization.removed": "Access removed",
        "video.upload.failed": "Upload failed",
        "video.publish.completed": "Video posted",
        "portability.download.ready": "Download ready",
        "post.publish.failed": "Posting failed",
        "post.publish.complete": "Posted",
        "post.publish.inbox_delivered": "Draft delivered",
        "post.publish.publicly_available": "Publicly visible",
        "post.publish.no_longer_publicly_available": "No longer visible",
    }
)
"""TikTok's name of an event -> what happened."""

SIGNATURES = MappingProxyType(
    {
        "current": ("Verified", "check", "good"),
        "previous": ("Verified by the previous secret", "check", "note"),
        "late": ("Verified, late", "clock", "note"),
    }
)

RELAYS = MappingProxyType(
    {
        "none": ("Not handed on", "dot", "still"),
        "waiting": ("Waiting", "clock", "note"),
        "delivered": ("Delivered", "check", "good"),
        "given_up": ("Given up", "alert", "bad"),
    }
)

EFFECTS = MappingProxyType(
    {
        "": "Nothing to do",
        "needs_login": "The account needs a login now",
    }
)
"""What an event changed, in the ledger's word -> as people say it."""
WAITING = "Not acted upon yet"


def times(count: int) -> str:
    """How often an event came."""
    return f"{count} times"
