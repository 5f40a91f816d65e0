"""The store clock of SQLite: seconds that no change of the wall clock moves.

It is the host's time since it was booted, sleep included, on top of an offset kept in the
database. The offset is set anew by whoever first opens the database after the host was booted,
such that the clock goes on where the last sign of life stood: while the host was down, it stood
still. So a claim never lies in the future, and one that was made before the boot is never taken
for older than it is: a vault gets its whole patience to replay the journals of that time.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tiktok_oauth.vault.stores import sql, sqlboots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiktok_oauth.vault.stores.database import Transaction

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SETTING = "clock"


class HostClock(NamedTuple):
    """A host's time since boot.

    Attributes:
        now: its seconds.
        boot: another word after each boot of the host; empty where none is known.
    """

    now: Callable[[], float]
    boot: str


def host_clock() -> HostClock:
    """This host's time since boot."""
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    return HostClock(lambda: time.clock_gettime(source), boot)


def find_offset(transaction: Transaction, clock: HostClock) -> float:
    """What to add to a host's clock, so that it goes on where this database's stood."""
    transaction.run(sql.SETTINGS, {})
    rows = transaction.run(sql.SETTING, {"name": _SETTING})
    text = bytes(rows[0][0]).decode() if rows else "0 "  # type: ignore[arg-type]  # a blob column
    offset, _, boot = text.partition(" ")
    if boot and boot == clock.boot:
        return float(offset)
    last, now = _last_sign_of_life(transaction), clock.now()
    if clock.boot or last > now + float(offset):
        offset = repr(last - now if last else 0.0)
    value = f"{offset} {clock.boot}".encode()
    transaction.run(sql.PUT_SETTING, {"name": _SETTING, "value": value})
    return float(offset)


def _last_sign_of_life(transaction: Transaction) -> float:
    if not transaction.run(sql.SETTING, {"name": "schema"}):
        return 0.0
    [(last,)] = transaction.run(sqlboots.LAST_SIGN_OF_LIFE, {})
    return float(last or 0.0)
