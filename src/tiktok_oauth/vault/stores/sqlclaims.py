"""The statements that claim accounts for a refresh, once for SQLite and PostgreSQL.

A claim is a row of its own, apart from the account: taking five hundred out of a million writes a
few pages that way, and not five hundred. It names the tokens it is for; once the account has
others it means nothing any more, whoever forgets to delete it.
"""

from __future__ import annotations

from functools import cache
from itertools import repeat

from tiktok_oauth.vault.stores.bars import UNBARRED
from tiktok_oauth.vault.stores.sql import CLAIM_OF, GET, GRANT, KEY

# A claim is open while its boot lives and its patience lasts. A boot that is not in the table is
# no proof of anything: PostgreSQL may judge a row of this moment by a table of the moment before.
_OVER = """
    claims.claimed_at <= {clock} - :patience
    OR EXISTS (
        SELECT 1 FROM boots
        WHERE boots.boot = claims.boot AND boots.ended_at <= {clock} - :grace
    )
"""
NOBODYS = f"NOT EXISTS (SELECT 1 FROM claims WHERE {CLAIM_OF} AND NOT ({_OVER}))"
_VOID = "claims.gen <> excluded.gen OR claims.ver <> excluded.ver"
_CLAIMABLE = """
    status = 'active' AND refresh IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM settings WHERE name = 'frozen')
"""


def _take(which: str, *, first: str = "", own: str = "") -> str:
    """Claim accounts. A claim that was never settled leaves a doubt behind.

    Whoever claims the same account waits for the end of our transaction, and then finds our claim.
    """
    return f"""
        INSERT INTO claims (client_key, open_id, gen, ver, attempt, boot, claimed_at, place)
        SELECT client_key, open_id, gen, ver, :attempt, :boot, {{clock}}, {{place}} FROM accounts
        WHERE {which} AND {UNBARRED} AND {_CLAIMABLE}
        {first}
        ON CONFLICT (open_id, client_key) DO UPDATE SET
            doubt_at = CASE WHEN {_VOID} THEN NULL ELSE COALESCE(claims.doubt_at, :now) END,
            gen = excluded.gen, ver = excluded.ver, attempt = excluded.attempt,
            boot = excluded.boot, claimed_at = excluded.claimed_at, place = excluded.place
        WHERE {own} {_VOID} OR {_OVER}
    """


# A flight is alone in its process: an open claim of its own boot is one whose answer got lost.
CLAIM = f"""
    {_take(f"{KEY} AND gen = :gen AND ver = :ver", own="claims.boot = excluded.boot OR")}
"""
CLAIMED = f"""
    {GET} AND accounts.gen = :gen AND accounts.ver = :ver
      AND claims.attempt = :attempt AND claims.boot = :boot
"""

TAKE_TURNS = "{take_turns}"


# What ages out is more urgent than any access token: only its person could bring it back. Whoever
# waits is in both orders, and at the head of each.
_ORDERS = {True: ("keep_at", "warm_at"), False: ("keep_at",)}
# Accounts that failed have an order, and a limit, of their own: however many there are, they keep
# nobody else from coming to their turn.
_AGAIN = "not_before > 0 AND not_before <= :now AND ({due})"
# What a clock that was ahead has dated is due as well: its end is not known. The first condition is
# for the index. What is put off for no longer than tokens that come now comes in time anyway.
_FARTHEST = {"warm_at": 23 * 3600, "keep_at": 60 * 86400}
_AHEAD = "{column} > :now + {farthest} AND issued_at > :now + 30"


@cache
def claim_due(apps: int, *, warm: bool) -> tuple[str, tuple[str, ...], str]:
    """Claim for so many apps (``:app0``, ``:app1``, ...), in this order.

    The first claims what has failed and is due, the next what is due, the last what is due though
    its row says later.
    """
    columns = _ORDERS[warm]
    dues = [f"{column} <= :now" for column in columns]
    again = _claim_where(_AGAIN.format(due=" OR ".join(dues)), "not_before", apps)
    firsts = (f"{due} AND not_before = 0" for due in dues)
    ahead = _AHEAD.format(column=columns[-1], farthest=_FARTHEST[columns[-1]])
    return (
        again,
        tuple(map(_claim_where, firsts, columns, repeat(apps))),
        _claim_where(ahead, columns[-1], apps),
    )


def _claim_where(when: str, column: str, apps: int) -> str:
    keys = ", ".join(f":app{number}" for number in range(apps))
    which = f"{when} AND {{plain}}client_key IN ({keys}) AND {NOBODYS}"
    return _take(which, first=f"ORDER BY {column} LIMIT :limit")


_MINE = "claims.attempt = :attempt AND claims.boot = :boot"
CLAIMED_MOVED = f"SELECT {GRANT} FROM claims JOIN accounts ON {CLAIM_OF} WHERE {_MINE}"
# Straight to the rows that were just read, without the index on their key.
CLAIMED_DUE = f"{CLAIMED_MOVED} AND accounts.{{place}} = claims.place"

# Whoever changes what a claim stands on keeps claims out meanwhile, by a claim of nobody's or by
# the lock on one that is over. That one stays: it says that a request may have been made.
HOLD = f"""
    INSERT INTO claims (client_key, open_id, gen, ver, attempt, boot, claimed_at, place)
    SELECT client_key, open_id, gen, ver, '', '', {{clock}}, {{place}} FROM accounts
    WHERE {KEY} AND gen = :gen AND ver = :ver
    ON CONFLICT (open_id, client_key) DO UPDATE SET boot = claims.boot
    WHERE claims.boot = '' OR {_VOID} OR {_OVER}
"""
LET_GO = f"DELETE FROM claims WHERE {KEY} AND boot = ''"

RELEASE = f"DELETE FROM claims WHERE {KEY}"
