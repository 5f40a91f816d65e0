"""An open_id is taken as it is, whatever it begins with and whichever letters are in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.terminal import refused, run
from tiktok_oauth.cli.accounts import show
from tiktok_oauth.cli.root import root

pytestmark = pytest.mark.usefixtures("home")

ONE = [("token",), ("refresh",), ("revoke", "--yes"), ("accounts", "show"), ("accounts", "erase")]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


@pytest.mark.parametrize("command", ONE, ids=" ".join)
@pytest.mark.parametrize("person", ["-000yNs44sdgbFQuKzZFPp-", "-h00", "-jsonh", "--helper"])
def test_a_dash_before_an_open_id_makes_it_no_option(command: tuple[str, ...], person: str) -> None:
    """Nobody gets the help, and status 0, in place of what they asked for."""
    result = run(*command, person)

    assert result.exit_code == 1
    assert "Usage" not in result.output
    assert "option" not in result.output


@pytest.mark.parametrize("command", ONE, ids=" ".join)
@pytest.mark.parametrize("name", ["-h", "--help"])
def test_help_is_asked_for_by_a_word_of_its_own(command: tuple[str, ...], name: str) -> None:
    """Before an open_id and behind it."""
    for words in ((name,), (name, "-000a"), ("-000a", name)):
        result = run(*command, *words)

        assert result.exit_code == 0
        assert result.output.startswith("Usage")


@given(
    person=st.text(LETTERS, min_size=2).filter(lambda text: text not in {"-h", "--"}),
    before=st.sampled_from([[], ["--json"], ["--events", "3"], ["--events=3", "--json"]]),
    behind=st.sampled_from([[], ["--json"], ["--client-key", "-h"]]),
    dashes=st.booleans(),
)
def test_any_open_id_is_read_whole(
    person: str, before: list[str], behind: list[str], *, dashes: bool
) -> None:
    """With options before and behind it, with two dashes and without."""
    words = [*before, *behind, "--", person] if dashes else [*before, person, *behind]

    context = show.make_context("show", list(words), parent=root.make_context("t", ["accounts"]))

    assert context.params["open_id"] == person
    assert context.params["as_json"] is ("--json" in words)
    assert context.params["events"] == (3 if before and before[0].startswith("--events") else 10)
    assert context.params["client_key"] == ("-h" if "--client-key" in words else None)


def test_a_mistyped_option_is_told() -> None:
    """It is a second open_id then, and there is room for one."""
    assert "unexpected extra argument (-000a)" in refused(2, "accounts", "show", "--jsno", "-000a")
