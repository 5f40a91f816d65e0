"""API keys."""

from __future__ import annotations

from types import MappingProxyType

TITLE = "API keys"
LEAD = "Programs ask for fresh tokens with a key. Only its fingerprint is kept here."
NEW = "New key"
NAME = "Name"
NAME_HINT = "Which program it is for"
SCOPE = "What it may do"
CREATE = "Create key"
REVOKE = "Revoke"
CREATED = "Created"
USED = "Last used"
ACTIONS = "Actions"
CAPTION = "Keys in use"
EMPTY_TITLE = "No key yet"
EMPTY = "Create one for the first program that needs a token."
MADE = "Your new key"
MADE_DETAIL = "Copy it now: it is shown this once, and cannot be shown again."
TRY = "Try it"
REVOKED = "revoked"
BAD_NAME = "A name has 1 to 100 characters that can be printed."

SCOPES = MappingProxyType(
    {
        "read": ("Read", "See accounts, figures and events. No tokens.", "eye"),
        "token": ("Token", "Also fetch tokens and call TikTok with them.", "key"),
        "admin": ("Admin", "Also connect, disconnect and sign in here.", "shield"),
    }
)
"""Scope -> its name, what it allows, its picture."""
