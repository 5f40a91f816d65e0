"""The statements of ``sql`` in PostgreSQL's words."""

from __future__ import annotations

import re
from functools import cache

_WORDS = {
    "blob": "BYTEA",
    "float": "DOUBLE PRECISION",
    "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "by_key": "",
    # It knows how many accounts an app has, and takes the better index by itself.
    "plain": "",
    # By default, it waits until a fifth of the table is dead, and the table is that much larger.
    "cleared_often": "WITH (autovacuum_vacuum_scale_factor = 0.05)",
    "place": "ctid",
    "place_type": "TID",
    "clock": "date_part('epoch', clock_timestamp())",
    "lock": "SELECT pg_advisory_xact_lock(8386658466431104)",
    "take_turns": "SELECT pg_advisory_xact_lock(8386658466431105)",
}
_PIECE = re.compile(r"'(?:[^']|'')*'|::|:(?P<name>[a-z_][a-z0-9_]*)|%")


@cache
def translate(statement: str) -> bytes:
    """A statement of ``sql`` in PostgreSQL's words and with psycopg's parameters."""

    def piece(found: re.Match[str]) -> str:
        if name := found["name"]:
            return f"%({name})s"
        return found[0].replace("%", "%%")

    # An index on text is only as lasting as its collation, and those of the operating system
    # change with its upgrades.
    words = re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', statement.format_map(_WORDS))
    return _PIECE.sub(piece, words).encode()
