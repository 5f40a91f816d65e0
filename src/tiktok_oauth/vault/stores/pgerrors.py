"""PostgreSQL's failures as store errors. User, password, host and database show in none of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tiktok_oauth.errors import StoreError, store_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_PASSING = ("08", "40", "53", "55P03", "57", "58", "25006", "25P03")
"""SQLSTATEs of what may be over soon: lost connections, conflicts, full disks, locks, shutdowns,
I/O errors, and a server that has just become a standby."""
_OWN = "Make a role and a database for the vault alone"
_MENDS = {
    "42P07": f"Another program keeps a table there by a name of the vault's. {_OWN}.",
    "42501": f"The role has to own the database, or at least the vault's tables. {_OWN}.",
}
"""What to do, by SQLSTATE."""
_QUOTED = re.compile(r"\".*\"|(?<!\w)'.*'")


def bad_url() -> StoreError:
    """The URL cannot be read."""
    return store_error(
        "The PostgreSQL URL is not valid.",
        "It goes postgresql://user:password@host:port/database, with special characters in the "
        "parts percent-encoded (@ is %40, / is %2F); the parameters pool_... and prepare_threshold "
        "are numbers.",
    )


def is_torn(given: Mapping[str, object]) -> bool:
    """Whether a part of the password has come to stand for another part of the URL.

    That is where an ``@`` or a ``/`` in it leads that was not percent-encoded.
    """
    ports = str(given.get("port") or "").split(",")
    hosts, name = str(given.get("host") or ""), str(given.get("dbname") or "")
    return "@" in hosts or "@" in name or not all(port.isdecimal() for port in ports if port)


def closed() -> StoreError:
    """The store is used after its end."""
    return store_error("This store was closed.")


def unreachable(text: str) -> StoreError:
    """No connection could be made.

    Args:
        text: libpq's own.
    """
    # What comes before the last "failed:" is the address.
    reason = _masked(text.partition("\n")[0].rpartition("failed: ")[2])
    hint = ""
    if "authentication failed" in reason:
        hint = "See that the role and the password in the URL are right, or in PGPASSWORD."
    elif "does not exist" in reason:
        hint = f"{_OWN}, and name them in the URL."
    if "read-only" in reason or "standby" in reason:
        hint = "That is a standby: name the primary in the URL, or all servers one of which is."
    return store_error(f"No connection to PostgreSQL: {reason}.", hint, retryable=True)


def none_free(seconds: float) -> StoreError:
    """All connections that may be made are in use."""
    return store_error(
        f"No connection to PostgreSQL came free within {seconds:g} seconds.",
        "Raise pool_max in the URL, or look for slow statements.",
        retryable=True,
    )


def lost() -> StoreError:
    """The connection broke, and nothing was committed."""
    return store_error("The connection to PostgreSQL was lost.", retryable=True)


def outcome_unknown() -> StoreError:
    """The connection broke while the commit was on its way."""
    return store_error(
        "The connection to PostgreSQL was lost during a commit: it is not known whether the write "
        "was done.",
        retryable=True,
    )


def failed_over() -> StoreError:
    """The write was meant for another history of the database."""
    return store_error(
        "The database has failed over to another server; nothing was written.", retryable=True
    )


def refused(state: str | None, reason: str) -> StoreError:
    """A statement failed.

    Args:
        state: the SQLSTATE; None when it did not even get to the server.
        reason: the server's message, or the name of the failure.
    """
    if state is None:
        return store_error(f"PostgreSQL cannot take this: {reason}.")
    retryable = state.startswith(_PASSING)
    message = f"PostgreSQL: {_masked(reason)} ({state})."
    return store_error(message, _MENDS.get(state, ""), retryable=retryable)


def _masked(text: str) -> str:
    """A message without the names and values in it, which PostgreSQL quotes."""
    return _QUOTED.sub('"..."', text)
