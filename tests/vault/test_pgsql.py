"""Statements in PostgreSQL's words."""

from __future__ import annotations

import pytest

from tiktok_oauth.vault.stores import sqlclaims
from tiktok_oauth.vault.stores.pgsql import translate

TABLE = [
    ("SELECT a FROM t WHERE b = :b", b"SELECT a FROM t WHERE b = %(b)s"),
    ("SELECT :one, :one, :app12", b"SELECT %(one)s, %(one)s, %(app12)s"),
    ("SELECT a::int, :a::float", b"SELECT a::int, %(a)s::float"),
    ("SELECT ':a', 'it''s :a'", b"SELECT ':a', 'it''s :a'"),
    ("SELECT 7 % 2, '100%'", b"SELECT 7 %% 2, '100%%'"),
    ("SELECT {clock} - :p", b"SELECT date_part('epoch', clock_timestamp()) - %(p)s"),
    ("k TEXT NOT NULL, v {blob}", b'k TEXT COLLATE "C" NOT NULL, v BYTEA'),
]


@pytest.mark.parametrize(("ours", "theirs"), TABLE)
def test_a_statement_is_translated(ours: str, theirs: bytes) -> None:
    """Parameters become psycopg's; casts, literals and percent signs stay what they are."""
    assert translate(ours) == theirs


def test_a_statement_is_translated_once() -> None:
    """The statements are a fixed set, so each is translated the first time only."""
    assert translate(sqlclaims.CLAIM) is translate(sqlclaims.CLAIM)
