"""The statements of ``sql`` in PostgreSQL's words."""

from __future__ import annotations

import re
from functools import cache

_WORDS = {
    "blob": "BYTEA",
    "float": "DOUBLE PRECISION",
    "id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    # A claim then finds room on its row's own page, and no index has to hear of it.
    "room": "WITH (fillfactor = 85)",
    "row": "ctid",
    "clock": "date_part('epoch', clock_timestamp())",
    "skip_locked": "FOR UPDATE SKIP LOCKED",
    "lock": "SELECT pg_advisory_xact_lock(8386658466431104)",
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
