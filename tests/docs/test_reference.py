"""The generated reference is whole: nothing that the code knows is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import tiktok_oauth
from docs._ext.catalogue import DATA, OAUTH, PORTAL
from docs._ext.commands import every_command
from docs._ext.generated import PARTS
from docs._ext.observed import FIELDS, VAULT_EVENTS, session
from docs._ext.surface import PAGES
from tests.docs.pages import DOCS
from tiktok_oauth.protocol.codes import TABLE
from tiktok_oauth.vault.listeners import VaultEvent

if TYPE_CHECKING:
    from pathlib import Path


def test_every_string_of_tiktoks_has_a_story() -> None:
    """The catalogue and the code table know the same strings."""
    assert OAUTH.keys() | DATA.keys() == TABLE.keys()
    assert not OAUTH.keys() & DATA.keys()


def test_every_story_tells_something() -> None:
    """What it means, and at least one reason."""
    for story in (*OAUTH.values(), *DATA.values()):
        assert story.means.endswith(".")
        assert story.why


def test_every_public_name_has_a_page() -> None:
    """Each name is explained on exactly one page."""
    names = [name for page in PAGES.values() for name in page]

    assert sorted(names) == sorted(tiktok_oauth.__all__)
    assert {path.stem for path in (DOCS / "reference" / "api").glob("*.md")} >= PAGES.keys()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_explains_its_names(page: str) -> None:
    """Where the list of names leads, the name is documented."""
    text = (DOCS / "reference" / "api" / f"{page}.md").read_text("utf-8")

    for name in PAGES[page]:
        assert re.search(rf":: tiktok_oauth\.{name}\b", text), name


def test_every_field_of_a_line_is_explained() -> None:
    """What was seen in a log is in the table, and what is in the table was seen."""
    seen = {name for line in session() for name in line.names} | {"timestamp"}

    assert seen == FIELDS.keys()


def test_every_event_of_a_vault_is_explained() -> None:
    """The kinds that the type names."""
    kinds = re.findall(r"``(\w+)``", (VaultEvent.__doc__ or "").partition("kind: ")[2])

    assert set(kinds) == VAULT_EVENTS.keys()


def test_every_command_is_shown() -> None:
    """The page of the command line has a section for each."""
    text = PARTS["commands"]()

    for path, _ in every_command():
        assert f"\n## {' '.join(path)}\n" in f"\n{text}\n"


def test_every_part_is_used_and_every_use_has_a_part() -> None:
    """No generator is left behind, no page asks for one that is not there."""
    used = re.findall(
        r"^```\{generated\} ([\w-]+)$",
        "\n".join(page.read_text("utf-8") for page in DOCS.rglob("*.md")),
        re.MULTILINE,
    )

    assert set(used) == PARTS.keys()


def test_portal_errors_are_told_once() -> None:
    """Each address of TikTok's error page has one entry."""
    assert len({error.query for error in PORTAL}) == len(PORTAL)


@pytest.mark.slow
def test_the_api_is_documented_at_length(
    plain_site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """More than 3,000 lines with something on them, counted in the text that readers get."""
    pages = sorted((plain_site / "reference" / "api").glob("*.txt"))
    lines = [line for page in pages for line in page.read_text("utf-8").splitlines()]
    full = sum(1 for line in lines if line.strip(" +-=|*"))

    with capsys.disabled():
        print(f"\nAPI documentation: {full} lines that are not blank")  # noqa: T201 - the figure counts
    assert full >= 3_000
