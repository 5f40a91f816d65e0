"""What is drawn or quoted on our pages as plain text is so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

from tests.docs.pages import DOCS, ROOT, blocks, name_of, pages
from tiktok_oauth.errors import TikTokAPIError
from tiktok_oauth.service.api.openapi import PREFIX
from tiktok_oauth.service.api.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "src" / "tiktok_oauth"
NAME = re.compile(r"\b\w+(?:\.py\b|/(?!\w))")
OUTPUT = {"docs/tutorial/first-login.md", "docs/tutorial/keep-your-tokens.md"}
"""What programs print is compared where they are run."""


def text(page: str) -> str:
    """The one piece of plain text on a page."""
    (block,) = [one for one in blocks(DOCS / page) if one.language == "text"]
    return block.text


def drawn(tree: str) -> Iterator[tuple[str, Path, Path]]:
    """Each name in the tree, the folder that its line is in, and the one that its line is about."""
    at = {0: PACKAGE}
    for line in tree.splitlines()[1:]:
        depth = (len(line) - len(line.lstrip())) // 2
        folder = at[depth - 1]
        names = NAME.findall(line)
        at[depth] = folder / names[0] if names else folder
        for name in names:
            yield name, folder, at[depth]


def family(error: type[Exception], before: str = "") -> Iterator[str]:
    """The public descendants of an exception, as they are drawn."""
    below = [one for one in error.__subclasses__() if one.__module__ == error.__module__]
    for one in below:
        last = one is below[-1]
        yield f"{before}{'└' if last else '├'}── {one.__name__}"
        yield from family(one, before + ("    " if last else "│   "))


def test_the_tree_of_the_house_is_that_of_the_package() -> None:
    """Every file and folder that it names is there, and none at the top is missing from it."""
    named = list(drawn(text("explanation/architecture.md")))
    top = {name.rstrip("/") for name, folder, _ in named if folder == PACKAGE}
    there = {path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}

    for name, folder, about in named:
        assert (folder / name).exists() or (about / name).exists(), name
    assert there - top <= {"__main__.py", "__pycache__", "version.py"}


def test_the_tree_of_exceptions_is_the_classes() -> None:
    """All of them, each below what it is caught by."""
    lines = text("reference/api/exceptions.md").splitlines()

    assert lines == [TikTokAPIError.__name__, *family(TikTokAPIError)]


def test_servers_that_can_fail_over_are_written_in_one_address() -> None:
    """As the database's own library reads it."""
    read = conninfo_to_dict(text("how-to/postgresql.md").strip())

    assert read["host"] == "db1.example.com,db2.example.com"


def test_the_request_that_is_shown_can_be_made() -> None:
    """Its method and its address are an operation's."""
    method, path, _ = text("reference/http-api.md").splitlines()[0].split()
    made = {
        re.sub(r"\{[^}]+\}", "-000a1b2c3d4e", PREFIX + one.path)
        for one in OPERATIONS
        if one.method == method
    }

    assert path in made


def test_no_other_text_is_shown() -> None:
    """Whoever adds some adds how it is checked. What two proxies are told, only they can judge."""
    shown = {name_of(page) for page in pages() for one in blocks(page) if one.language == "text"}

    assert shown - OUTPUT == {
        "docs/explanation/architecture.md",
        "docs/how-to/postgresql.md",
        "docs/how-to/run-the-service.md",
        "docs/reference/api/exceptions.md",
        "docs/reference/http-api.md",
    }
