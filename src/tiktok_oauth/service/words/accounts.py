"""The list of accounts."""

from __future__ import annotations

from types import MappingProxyType

from tiktok_oauth.service.words.common import several

TITLE = "Accounts"
SEARCH = "Search by name, user ID or open_id"
SEARCH_HINT = "Name, user ID, open_id"
SEARCH_BUTTON = "Search"
FILTER = "Show"
ALL = "All"
CAPTION = "Connected accounts"
ACCOUNT = "Account"
STATUS = "Status"
ACCESS = "Access token"
CONSENT = "Consent"
TROUBLE = "Last error"
RECONNECT = "Reconnect"
COPY_LINK = "Reconnect link"
WHEN_USED = "when next used"
EMPTY_TITLE = "No account is connected yet"
EMPTY = "Connect one yourself, or send somebody an invitation from your own program."
NOTHING_TITLE = "Nothing found"
NOTHING = "No account fits. Names and IDs are found by how they begin."
SHOW_ALL = "Show all accounts"

FILTERS = MappingProxyType(
    {
        "": "All",
        "active": "Active",
        "needs_login": "Needs login",
        "blocked": "Blocked",
        "disconnected": "Disconnected",
    }
)
"""Status in the address -> its tab."""


def summary(count: int) -> str:
    """How many accounts there are."""
    return several(count, "account", "accounts")
