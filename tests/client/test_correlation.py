"""Correlation IDs: one per call, or the caller's own."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.client.test_log_lines import Lines, lines
from tests.support.scripted import ACCESS_TOKEN, NOW, PROFILE, RESET, answer
from tiktok_oauth import TikTokAPIError, ValidationError, correlation_id

if TYPE_CHECKING:
    from tests.client.conftest import Shell

__all__ = ["lines"]


def test_a_call_gets_an_id_of_its_own(shell: Shell) -> None:
    """``tiktok-<unix ms>-<8 hex>``, another one for each call."""
    shell.script.play(RESET)
    ids = [shell.refused("get_user_info", ACCESS_TOKEN).correlation_id for _ in range(20)]

    assert len(set(ids)) == 20
    assert re.fullmatch(rf"tiktok-{int(NOW * 1000)}-[0-9a-f]{{8}}", ids[0])
    assert all(re.fullmatch(r"tiktok-\d{13}-[0-9a-f]{8}", each) for each in ids)


def test_the_id_is_on_every_line_and_on_the_error(shell: Shell, lines: Lines) -> None:
    """Attempts, waits and the outcome of one call share it."""
    shell.script.play(RESET)
    error = shell.refused("get_user_info", ACCESS_TOKEN)

    assert len(lines()) == 6
    assert {line["data"]["correlationId"] for line in lines()} == {error.correlation_id}


def test_the_callers_own_id_is_used(shell: Shell, lines: Lines) -> None:
    """All calls inside the block carry it, and those after it do not."""
    shell.script.play(answer(PROFILE), RESET)
    with correlation_id("order-17._A") as given:
        shell.call("get_user_info", ACCESS_TOKEN)
        error = shell.refused("get_user_info", ACCESS_TOKEN)
    later = shell.refused("refresh_access_token", "")

    assert given == error.correlation_id == "order-17._A"
    assert {line["data"]["correlationId"] for line in lines()[:-1]} == {"order-17._A"}
    assert later.correlation_id.startswith("tiktok-")


def test_blocks_nest(shell: Shell) -> None:
    """The inner ID ends with its block, after an error too."""
    with correlation_id("outer"):
        with pytest.raises(TikTokAPIError), correlation_id("inner"):
            shell.call("refresh_access_token", "")
        assert shell.refused("refresh_access_token", "").correlation_id == "outer"


@pytest.mark.parametrize(
    "bad", ["", " ", "a b", "a" * 65, "a\n", "é", "a/b", "a\x00", None, 5, b"id"]
)
def test_an_id_that_could_forge_a_line_is_refused(bad: Any) -> None:  # noqa: ANN401 - any value
    """1 to 64 letters, digits, dots, underscores and dashes."""
    with pytest.raises(ValidationError, match="correlation_id"), correlation_id(bad):
        pass


@pytest.mark.parametrize("good", ["a", "A-1._", "x" * 64])
def test_a_good_id_is_taken(good: str) -> None:
    """Both ends of the allowed length."""
    with correlation_id(good) as given:
        assert given == good


def test_the_id_survives_pickling(shell: Shell) -> None:
    """An error from another process still says which call it was."""
    shell.script.play(RESET)
    error = shell.refused("get_user_info", ACCESS_TOKEN)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(again) is type(error)
    assert vars(again) == vars(error)
    assert str(again) == str(error)
    assert again.correlation_id in str(again)
