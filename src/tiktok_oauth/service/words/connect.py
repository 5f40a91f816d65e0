"""Connecting: the page of the operator, the invitation, and what comes after."""

from __future__ import annotations

TITLE = "Connect a TikTok account"
LEAD = "You are sent to TikTok to say what this app may see, and come straight back."
LEAD_SANDBOX = (
    "You are sent to the sandbox, a stand-in for TikTok on this machine, to say what this app may"
    " see, and come straight back."
)
BUTTON = "Connect TikTok"
WHAT = "What the app asks for"
WHAT_NOTE = "Each can be allowed or refused at TikTok."
APP = "App"
BASIC_NOTE = "Always part of a connection"
INVITE = "Or let somebody else connect"
INVITE_DETAIL = "Whoever opens this link can connect a TikTok account here. It is good for a day."
INVITE_FIELD = "Invitation to send"

INVITED = "Connect your TikTok account"
RECONNECT = "Connect your TikTok account again"
INVITED_LEAD = (
    "You decide at TikTok what is shared. No password is passed on, and you can end it any time"
    " in the TikTok app."
)
RECONNECT_LEAD = (
    "The access to your account has ended or lacks something. Connect the same account again to"
    " bring it back."
)
PROMISE = "How your access is kept"
PROMISES = (
    "It is encrypted, and used by this app only.",
    "It ends when you remove the app under Security in the TikTok app.",
    "Nothing is posted unless you allow posting.",
)

DONE = "You are connected"
DONE_PARTIAL = "You are connected, with less than was asked for"
DONE_LEAD = "You can close this window now."
ALLOWED = "Allowed"
REFUSED = "Not allowed"
CONTINUE = "Continue"
CONTINUE_TO = "You are taken to"

EXPIRED = "This invitation has expired"
EXPIRED_DETAIL = "Ask whoever sent it for a new one."
FORGED = "This is not a valid invitation"
FORGED_DETAIL = "Part of the link may be missing. Open it again from where you got it."
