"""Signing in and out."""

from __future__ import annotations

TITLE = "Sign in"
LINK_TITLE = "Open the link from the terminal"
LINK = (
    "The command that started the service has printed a link. It signs in the first browser that"
    " opens it. Start the service again for a new one."
)
PASSWORD = "Password"  # noqa: S105 - what the field is called
KEY = "API key"
KEY_HINT = "One with the scope admin"
BY_PASSWORD = "Sign in"  # noqa: S105 - what the button says
BY_KEY = "Sign in with a key"
WRONG = "That is not right"
WRONG_DETAIL = "Nothing was changed. Please try again."
LINK_USED = "This link was used already"
LINK_USED_DETAIL = "It works once. Start the service again for a new one, or sign in below."
TOO_MANY = "Too many attempts"
TOO_MANY_DETAIL = "Please wait a minute, then try again."
