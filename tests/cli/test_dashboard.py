"""``tiktok-oauth dashboard``: the figures of a service, by its board or by its API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from tests.service.site import served
from tiktok_oauth import Progress, Sandbox
from tiktok_oauth.cli.dashboard import dashboard
from tiktok_oauth.cli.drawing import bar, sparkline
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import AttemptFailed, CallEnded
from tiktok_oauth.observe.listeners import tell
from tiktok_oauth.service.figures.board import Board
from tiktok_oauth.service.figures.values import Census, Limits
from tiktok_oauth.service.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "tko_000000000000_CANARY"


def run(*arguments: str, key: str | None = None) -> Result:
    """Run the command in a terminal of 120 columns."""
    env = {"TIKTOK_OAUTH_API_KEY": key, "COLUMNS": "120", "TERM": "dumb"}
    return CliRunner().invoke(dashboard, arguments, env=env)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """Where a service's processes meet, one of which has made a call that failed."""
    census = Census(1.0, {"active": 3, "needs_login": 1}, 2, 12.5, (1,) * 96)
    board = Board(
        tmp_path / "board",
        "airlock",
        limits=Limits(7.0, 4, 60.0),
        progress=lambda: Progress(1.0, refreshed=4711, breaker="closed"),
        census=lambda: census,
    )
    code = TikTokErrorCode.API_ERROR
    tell(AttemptFailed("get_user_info", "id-1", "x", code, True, 1, 1, "", "2026\x1b[31m", None))
    tell(CallEnded("get_user_info", "id-1", 0.25, 1, code))
    board.publish()
    yield str(tmp_path)
    board.close()


def test_the_figures_are_drawn_as_bars(place: str) -> None:
    """The seven figures of the product, the refresher, accounts, errors and the last failures."""
    drawn = run("--once", "--runtime-directory", place)

    assert drawn.exit_code == 0, drawn.output
    for words in ("Success rate", "Error rate", "Retry success", "Request timeout", "Cache TTL"):
        assert words in drawn.output
    for value in ("100.00%", "7 s", "60 s", "250 ms", "4,711", "API_ERROR", "2026·[31m", "id-1"):
        assert value in drawn.output
    assert "\x1b" not in drawn.output


def test_the_figures_are_printed_for_scripts(place: str) -> None:
    """The same JSON as the API's."""
    told = json.loads(run("--json", "--runtime-directory", place).output)

    assert told["calls"]["errors"] == {"API_ERROR": 1}
    assert told["refresher"]["refreshed"] == 4711
    assert told["limits"] == {"timeout": 7.0, "attempts": 4, "cache_ttl": 60.0}


def test_without_a_service_it_says_how_to_start_one(tmp_path: Path) -> None:
    """And that there may be one elsewhere."""
    told = run("--once", "--runtime-directory", str(tmp_path / "none"))

    assert told.exit_code == 1
    assert "tiktok-oauth serve" in told.output
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        ("https://example.com", None, "The API wants a key."),
        ("http://example.com", CANARY, "must begin with https://"),
        ("ftp://127.0.0.1", CANARY, "must begin with https://"),
        ("http://127.0.0.1:9", CANARY, "cannot be reached"),
    ],
)
def test_a_key_goes_nowhere_in_the_clear(url: str, key: str | None, words: str) -> None:
    """Only over TLS, or to this machine; it is in no message."""
    told = run("--once", "--url", url, key=key)

    assert told.exit_code in {1, 75}
    assert words in told.output
    assert "CANARY" not in told.output


@pytest.mark.slow
def test_another_machines_service_is_asked_by_its_api(tmp_path: Path) -> None:
    """With a key; without the right one it says so."""
    with Sandbox() as sandbox, served(sandbox, tmp_path) as office:
        key = Registry(office.store.database).create_key("dashboard", "read").secret.reveal()
        told = run("--json", "--url", office.settings.public_url, key=key)
        refused = run("--once", "--url", office.settings.public_url, key=CANARY)

    assert json.loads(told.output)["processes"] == {"web": 1}
    assert (refused.exit_code, "does not take this API key" in refused.output) == (1, True)


def test_bars_and_columns_are_in_proportion() -> None:
    """Nothing is empty, the most is full, and what lies beyond is cut off."""
    assert [bar(share).plain.count("█") for share in (-1, 0, 0.5, 1, 2)] == [0, 0, 12, 24, 24]
    assert sparkline([0, 1, 4, 8]) == " ▁▄█"
    assert sparkline([0, 0]) == "  "
