"""What a vault is given by its program, judged at the door."""

from __future__ import annotations

import inspect
import os
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from tiktok_oauth.config import check_number
from tiktok_oauth.errors import invalid_argument
from tiktok_oauth.protocol.token import is_token
from tiktok_oauth.types import Secret, TikTokTokens
from tiktok_oauth.vault.sealing.keyring import KeyRing

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def check_kind(clients: Sequence[object], *, awaiting: bool) -> None:
    """Judge whether clients are of a vault's own kind: it makes data calls through them.

    Raises:
        ValidationError: one is of the other kind.
    """
    for client in clients:
        method = getattr(client, "get_user_info", None)
        if method is None or inspect.iscoroutinefunction(method) is awaiting:
            continue
        if awaiting:
            raise invalid_argument(
                "client must be an AsyncTikTokOAuth for this vault.",
                "Pass one, or use a TokenVault.",
            )
        raise invalid_argument(
            "client must be a TikTokOAuth for this vault.", "Pass one, or use an AsyncTokenVault."
        )


def check_places(store: object, keys: object, journal: object) -> Path | None:
    """Judge what a vault is to keep things in, before any of it is made; returns the journal's.

    Raises:
        ValidationError: one of them is something else.
    """
    if isinstance(store, os.PathLike):
        raise invalid_argument(
            "store must be a Store or a URL, not a path.", "For example: sqlite:///tokens.db"
        )
    if store is not None and not isinstance(store, str) and not hasattr(store, "claim"):
        raise invalid_argument(
            "store must be a Store or a URL.", "For example: sqlite:///tokens.db"
        )
    if keys is not None and not isinstance(keys, KeyRing):
        raise invalid_argument("keys must be a KeyRing.", "Read a file by KeyRing.from_file(path).")
    if journal is None:
        return None
    if not isinstance(journal, str | Path):
        raise invalid_argument("journal must be the path of a directory.")
    return Path(journal)


def check_rate(name: str, value: object) -> None:
    """Judge how many of something there may be a second.

    Raises:
        ValidationError: it is no number, none, or endless.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise invalid_argument(f"{name} must be a number more than 0.")


def check_refused(token: Secret) -> None:
    """Judge an access token that TikTok is said to have refused.

    Raises:
        ValidationError: it is no string.
    """
    if not isinstance(token.reveal(), str):
        raise invalid_argument("refused must be the access token that TikTok refused.")


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
