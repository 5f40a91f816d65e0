"""What a vault is given by its program, judged at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiktok_oauth.config import check_number
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.token import is_token
from tiktok_oauth.types import TikTokTokens

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_LONGEST_NAME = 255
_LONGEST_SCOPE = 4096
_LONGEST_LIFE = 10 * 365 * 86_400.0


def is_name(value: object) -> TypeIs[str]:
    """Whether a store can keep it, and a page show it."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def check_name(name: str, value: object) -> None:
    """Judge a name of the program's own; None is none.

    Raises:
        ValidationError: it is no name.
    """
    if value is not None and not is_name(value):
        raise invalid_argument(f"{name} must be a printable string of 1 to 255 characters.")


def check_open_id(open_id: object) -> None:
    """Judge the name TikTok has for a person.

    Raises:
        ValidationError: it cannot be one.
    """
    if not is_name(open_id):
        raise invalid_argument("open_id must be a string: the one TikTok gave with the tokens.")


def check_tokens(tokens: object) -> None:
    """Judge tokens from elsewhere.

    Raises:
        ValidationError: they are none, or none that TikTok can have given.
    """
    if not (
        isinstance(tokens, TikTokTokens)
        and is_name(tokens.open_id)
        and isinstance(tokens.scope, str)
        and len(tokens.scope) <= _LONGEST_SCOPE
        and tokens.scope.isprintable()
        and all(
            isinstance(token, str) and is_token(token)
            for token in (tokens.access_token, tokens.refresh_token)
        )
    ):
        raise invalid_argument(
            "tokens must be a TikTokTokens with an open_id, an access_token and a refresh_token.",
            "Pass what exchange_code_for_tokens() or refresh_access_token() returned.",
        )
    check_number("expires_in", tokens.expires_in, low=0, high=_LONGEST_LIFE)
    check_number("refresh_expires_in", tokens.refresh_expires_in, low=0, high=_LONGEST_LIFE)
