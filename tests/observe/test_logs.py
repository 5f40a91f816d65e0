"""The log's sink: silent until configured, one line per event, on standard error."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.client.leaks import Keeper
from tests.client.test_settings import run_python
from tests.support.scripted import silence_logging
from tiktok_oauth import configure_logging
from tiktok_oauth.errors import TikTokErrorCode
from tiktok_oauth.events import AttemptFailed, CallEnded, CallSucceeded, Noticed, RetryScheduled
from tiktok_oauth.observe.logs import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.observe.logs import Level

DEBUG = RetryScheduled("m", "id", 2, 0.1)
INFO = CallSucceeded("m", "id", (("openId", "o-1"),))
WARN = Noticed("m", "id", "Something odd")
ERROR = AttemptFailed("m", "id", "It broke.", TikTokErrorCode.API_ERROR, True, 1, 3, "", None, None)


@pytest.fixture(autouse=True)
def _as_imported() -> Iterator[None]:
    """Leave the logger as it was when the library was imported."""
    yield
    silence_logging()


def written(level: Level, *, as_json: bool = True) -> list[str]:
    """The lines that one event of each level leaves behind."""
    stream = io.StringIO()
    configure_logging(json=as_json, level=level, stream=stream)
    for event in (DEBUG, INFO, WARN, ERROR):
        log(event)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warn", "error"]),
        ("info", ["info", "warn", "error"]),
        ("warn", ["warn", "error"]),
        ("error", ["error"]),
    ],
)
def test_a_level_shows_itself_and_what_is_worse(level: Level, shown: list[str]) -> None:
    """There are four, under their own names."""
    assert [json.loads(line)["level"] for line in written(level)] == shown


def test_a_json_line_is_one_object() -> None:
    """Level, message and data, in this order, with time and ID among the data."""
    line = json.loads(written("info")[0])

    assert list(line) == ["level", "message", "data"]
    assert line["message"] == "[TikTokOAuth] m - Success"
    assert line["data"].pop("timestamp").endswith("Z")
    assert line["data"] == {"openId": "o-1", "correlationId": "id"}


def test_a_text_line_has_the_same_for_eyes() -> None:
    """Time, level, message, fields; what is absent is left out."""
    success, odd, broken = written("info", as_json=False)

    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(
        time + r' info  \[TikTokOAuth\] m - Success openId="o-1" correlationId="id"', success
    )
    assert odd.endswith('warn  [TikTokOAuth] m - Something odd correlationId="id"')
    assert broken.endswith(
        'error [TikTokOAuth] m - Error (attempt 1/3) error="It broke." code="API_ERROR" '
        'retryable=true correlationId="id"'
    )


def test_a_record_carries_its_fields() -> None:
    """A handler of the application's own reads them from ``record.data``."""
    keeper = Keeper()
    logger = logging.getLogger("tiktok_oauth")
    logger.addHandler(keeper)
    logger.setLevel(logging.INFO)
    log(INFO)

    [record] = keeper.records
    assert record.name == "tiktok_oauth"
    assert record.levelname == "INFO"
    assert record.__dict__["data"] == {"openId": "o-1", "correlationId": "id"}


def test_configuring_again_replaces_what_was_there() -> None:
    """No line is written twice, and the application's own handlers stay."""
    first, second = io.StringIO(), io.StringIO()
    own = logging.NullHandler()
    logging.getLogger("tiktok_oauth").addHandler(own)
    configure_logging(json=True, stream=first)
    configure_logging(level="error", stream=second)
    log(INFO)
    log(ERROR)

    assert own in logging.getLogger("tiktok_oauth").handlers
    assert (first.getvalue(), second.getvalue().count("\n")) == ("", 1)


def test_lines_go_to_standard_error_wherever_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replaced ``sys.stderr`` is followed, so nothing is written to a closed one."""
    configure_logging(json=True)
    replaced = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", replaced)
        log(INFO)
    log(WARN)

    told = capsys.readouterr()
    assert "Success" in replaced.getvalue()
    assert told.out == ""
    assert [json.loads(line)["level"] for line in told.err.splitlines()] == ["warn"]


def test_lines_do_not_come_twice_through_the_root_logger(caplog: pytest.LogCaptureFixture) -> None:
    """Once configured, the library writes its own lines only."""
    configure_logging(stream=io.StringIO())
    log(ERROR)

    assert caplog.records == []


def test_the_end_of_a_call_has_no_line() -> None:
    """It is for the figures."""
    stream = io.StringIO()
    configure_logging(level="debug", stream=stream)
    log(CallEnded("m", "id", 0.1, 1, None))

    assert stream.getvalue() == ""


def test_a_foreign_record_is_formatted_too() -> None:
    """Somebody may log to our logger without fields, at a level of their own."""
    stream = io.StringIO()
    configure_logging(json=True, stream=stream)
    logging.getLogger("tiktok_oauth").log(25, "odd %s", "one")
    line = json.loads(stream.getvalue())

    assert (line["level"], line["message"]) == ("level 25", "odd one")
    assert line["data"].keys() == {"timestamp"}


SILENT = """
from tiktok_oauth import TikTokOAuth, TikTokAPIError
try:
    TikTokOAuth().refresh_access_token("rft.x")
except TikTokAPIError:
    pass
"""


@pytest.mark.slow
def test_nothing_is_written_unless_configured() -> None:
    """Not even errors, which Python would print by itself without a handler."""
    done = run_python(SILENT)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
