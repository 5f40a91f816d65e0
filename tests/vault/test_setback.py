"""A whole old row, put back by hand or out of half a backup: what is noticed, and what is not."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.fleet import FleetOfTests, StrictTikTok, rounds
from tests.support.vault import HOUR
from tiktok_oauth.vault.refresh.setback import Marks
from tiktok_oauth.vault.stores.rows import Event, Ref, Renewed, Tokens
from tiktok_oauth.vault.stores.sqlite import sqlite_store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.vault import Town

NOTICE = "somebody has put an old row back"


def _row(place: Path) -> dict[str, object]:
    """The only account's row."""
    with closing(sqlite3.connect(place / "tokens.db")) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("SELECT * FROM accounts").fetchone())


def _put_back(place: Path, row: dict[str, object]) -> None:
    columns = ", ".join(f"{name} = ?" for name in row)
    with closing(sqlite3.connect(place / "tokens.db")) as connection, connection:
        connection.execute(f"UPDATE accounts SET {columns}", tuple(row.values()))  # noqa: S608 - our own names


def test_a_caller_gets_what_the_journal_knows(
    file_town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TikTok never sees the token that was replaced: it would take that for a theft."""
    town = file_town
    account = town.connect(town.vault())
    old = _row(tmp_path)
    for _ in range(3):
        town.do(account.refresh)
    _put_back(tmp_path, old)
    town.clock.advance(3 * HOUR)

    with caplog.at_level(logging.WARNING):
        token = town.do(account.access_token)

    assert town.accepts(token)
    assert [call.outcome for call in town.calls("refresh")] == ["ok"] * 4
    assert town.row(account).ver == 5
    assert NOTICE in caplog.text


@pytest.mark.anyio
@pytest.mark.slow
async def test_a_refresher_sends_nothing(tmp_path: Path) -> None:
    """It claims the row, sees that it has written a later one, and puts that in its place."""
    tiktok = StrictTikTok()
    vault = FleetOfTests(tiktok, sqlite_store(tmp_path / "tokens.db"), tmp_path / "answers")
    vault.connect("mina")
    old = _row(tmp_path)
    fleet = vault.fleet()
    await rounds(fleet)
    new = vault.row("mina")
    _put_back(tmp_path, old)

    vault.clock.advance(10)
    await rounds(fleet)

    assert tiktok.asked == ["mina"]
    assert (vault.row("mina").ver, vault.row("mina").fingerprint) == (2, new.fingerprint)
    assert vault.row("mina").attempt is None


def test_what_no_journal_knows_is_what_the_store_says(file_town: Town, tmp_path: Path) -> None:
    """After a clean end the journal is gone: TikTok is asked, and refuses. Nothing is given up."""
    town = file_town
    open_id = town.connect(town.vault()).open_id
    old = _row(tmp_path)
    town.do(town.do(town.vault().account, open_id).refresh)
    town.restart()
    _put_back(tmp_path, old)
    account = town.do(town.vault().account, open_id)
    town.clock.advance(3 * HOUR)

    assert town.refused(account.access_token).retryable
    assert [call.outcome for call in town.calls("refresh")] == ["ok", "invalid_grant"]
    assert town.row(account).status == "active"


def test_ten_thousand_accounts_are_remembered() -> None:
    """What was written last stays; the oldest gives way."""
    marks = Marks()
    for number in (*range(10_000), 0, 10_000):
        marks.written(_renewed(number, ver=2 + (number == 0)))

    assert marks.newest(Ref("app", "1")) is None
    assert marks.newest(Ref("app", "0")) == (1, 3)
    assert marks.newest(Ref("app", "10000")) == (1, 2)


def _renewed(number: int, ver: int) -> Renewed:
    tokens = Tokens(b"", b"", b"", "", 0.0, 0.0, 0.0, "", 0.0, 0.0, 0.0)
    event = Event(0.0, "refreshed")
    return Renewed(Ref("app", str(number)), 1, ver - 1, b"", ver, "", tokens, event, None)
