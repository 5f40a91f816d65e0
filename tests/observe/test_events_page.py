"""The reference of log lines and events names what there is."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import tiktok_oauth
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import (
    AttemptFailed,
    CallSucceeded,
    Event,
    Noticed,
    RequestStarted,
    ResponseReceived,
    RetryScheduled,
)
from tiktok_oauth.observe.logs import log
from tiktok_oauth.service.words.events import explain

if TYPE_CHECKING:
    from collections.abc import Iterable

SRC = Path(tiktok_oauth.__file__).parent
PAGE = (SRC.parents[1] / "docs/reference/events.md").read_text("utf-8")
FAILED = AttemptFailed(
    "m", "id", "x", TikTokErrorCode.API_ERROR, True, 1, 3, "do this", "2026", "internal_error"
)
EVENTS = (
    RequestStarted("m", "id", "https://x/", "GET"),
    ResponseReceived("m", "id", 200, 0.1, 1, "2026"),
    CallSucceeded("m", "id", ()),
    FAILED,
    RetryScheduled("m", "id", 2, 0.1),
)
NAMES = re.compile(r"\[TikTokOAuth\] ([a-z]+) - ")
KINDS = re.compile(r"\b_settled\(\s*grant,\s*end,\s*\"(\w+)\"|\bEvent\([^,()]+(?:\(\))?, \"(\w+)\"")


def rows(heading: str) -> dict[str, list[str]]:
    """A table's rows by their first cell; the table is the one whose head begins like this."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    lines = [line.split("|")[1:-1] for line in table.splitlines()[2:]]
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in lines}


def literals(pattern: re.Pattern[str], folders: Iterable[str]) -> set[str]:
    """What a pattern finds in the sources of some folders."""
    sources = [path.read_text() for name in folders for path in (SRC / name).rglob("*.py")]
    found = [match for source in sources for match in pattern.finditer(source)]
    return {next(group for group in match.groups() if group) for match in found}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_log_line_is_there_with_its_level_and_fields(
    event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    """As the line is written; ``correlationId`` is in all of them."""
    with caplog.at_level(logging.DEBUG, "tiktok_oauth"):
        log(event)
    [record] = caplog.records
    level, fields = rows("message ends in")[record.getMessage().removeprefix("[TikTokOAuth] m - ")]
    told = set(re.findall(r"`(\w+)`", fields)) if not isinstance(event, CallSucceeded) else set()

    assert level == {"WARNING": "warn"}.get(record.levelname, record.levelname.lower())
    assert {*told, "correlationId"} == set(vars(record)["data"])


def test_a_notice_is_a_warning_in_words_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """It has no field but the correlation ID."""
    log(Noticed("m", "id", "Something odd"))
    [record] = caplog.records

    assert (record.levelno, vars(record)["data"]) == (logging.WARNING, {"correlationId": "id"})
    assert rows("message ends in")["any other text"] == ["warn", ""]


def test_every_part_that_writes_by_name_is_there() -> None:
    """And none that does not."""
    assert set(rows("name")) == literals(NAMES, ["vault", "service"])


def test_every_kind_of_event_is_there_and_has_words_on_the_pages() -> None:
    """Whatever the vault writes into a timeline."""
    kinds = set(rows("kind"))

    assert kinds == literals(KINDS, ["vault"])
    assert all(explain(kind).title != kind for kind in kinds)
