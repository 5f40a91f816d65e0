"""Correlation IDs: one per public call, or the caller's own for a while."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from tiktok_oauth.errors import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

_GOOD = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str | None] = ContextVar("tiktok_oauth_correlation_id", default=None)


@contextmanager
def correlation_id(value: str) -> Iterator[str]:
    """Use one correlation ID for every call inside the ``with`` block.

    Args:
        value: 1 to 64 characters out of ``A-Z a-z 0-9 . _ -``.

    Raises:
        ValidationError: it is anything else.
    """
    if not is_correlation_id(value):
        raise invalid_argument(
            "correlation_id must be 1 to 64 characters out of A-Z, a-z, 0-9, '.', '_' and '-'."
        )
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)


def is_correlation_id(value: object) -> bool:
    """Whether a value may be used as a correlation ID."""
    return isinstance(value, str) and _GOOD.fullmatch(value) is not None


def current_correlation_id() -> str | None:
    """The caller's own correlation ID, if one is set."""
    return _current.get()
