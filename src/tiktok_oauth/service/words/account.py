"""The page of one account."""

from __future__ import annotations

from types import MappingProxyType

DONE = MappingProxyType(
    {"connected": "Connected", "refreshed": "Refreshed", "disconnected": "Disconnected"}
)
DONE_DETAIL = MappingProxyType(
    {
        "connected": "From here on the token is kept valid. There is nothing else to do.",
        "refreshed": "TikTok has issued a new token, and the one before is worthless now.",
        "disconnected": "The access was revoked at TikTok, and the tokens are deleted.",
    }
)
TROUBLE = "The last refresh did not work; it is tried again"
PARTIAL_DETAIL = (
    "Not everything that was asked for was allowed; the rest is kept valid from here on."
)
FOLLOWERS = "Followers"
FOLLOWING = "Following"
LIKES = "Likes"
VIDEOS = "Videos"
VERIFIED = "Verified"
PROFILE_LINK = "Open profile on TikTok"
PROFILE_OLD = "The profile could not be read just now. This is how it was last seen."
PROFILE_NONE = "The profile could not be read yet."
TOKENS = "Tokens"
ACCESS = "Access token"
ACCESS_NOTE = MappingProxyType(
    {
        "on_demand": "Renewed when it is used.",
        "keep_warm": "Renewed by itself, before it ends.",
    }
)
"""Policy of the refresher -> what becomes of a token."""
CONSENT = "Consent"
CONSENT_NOTE = "After that its owner has to connect again; each refresh puts it off."
ENDS = "ends"
REFRESHED = "Last refreshed"
CONNECTED_AT = "Connected"
GRANTS = "Granted"
GRANTED_BEFORE = "Granted before"
GRANTED = "granted"
NOT_GRANTED = "not granted"
ASK_AGAIN = "Send the reconnect link to ask for what is missing."
KNOWN_AS = "Known as"
APP = "App"
OPEN_ID = "open_id"
UNION_ID = "union_id"
USER_ID = "user ID"
ACTIONS = "Actions"
REFRESH = "Refresh now"
DISCONNECT = "Disconnect"
DISCONNECT_SURE = "Disconnect this account?"
DISCONNECT_DETAIL = (
    "The access is revoked at TikTok and the tokens are deleted. Its owner can connect again any"
    " time; the history stays."
)
DISCONNECT_YES = "Yes, disconnect"
RECONNECT = "Reconnect link"
RECONNECT_DETAIL = (
    "Send this to the account's owner. It works for this account only, for seven days, and shows"
    " nothing of it."
)
RECONNECT_FIELD = "Link to send"
OPEN_LINK = "Open it here"
TIMELINE = "What happened"
TIMELINE_EMPTY = "Nothing has happened yet."
TIMELINE_MORE = "Earlier events are not shown."
COPY_CORRELATION = "Copy the correlation ID"
