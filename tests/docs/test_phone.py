"""The site can be read on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import DOCS, pages
from tests.support.browser import chromium

if TYPE_CHECKING:
    from pathlib import Path

SIDEWAYS = """() => {
    const wide = (box) => box.scrollWidth > box.clientWidth;
    const tables = [...document.querySelectorAll("article .table-wrapper")].filter(wide);
    const reads = tables.filter((box) => box.querySelector("th")?.textContent);
    return { page: wide(document.documentElement), tables: reads.length };
}"""
"""Whether a page is wider than the phone, and how many tables that do not compare things are."""


@pytest.mark.slow
@pytest.mark.browser
def test_nothing_to_read_is_wider_than_a_phone(site: Path) -> None:
    """Only tables that compare, whose first head is empty, are scrolled sideways."""
    _readme, *below = pages()
    names = [page.relative_to(DOCS).with_suffix(".html") for page in below]
    with chromium() as browser:
        phone = browser.new_page(viewport={"width": 390, "height": 844})
        seen = {}
        for name in names:
            phone.goto((site / name).as_uri())
            seen[str(name)] = phone.evaluate(SIDEWAYS)

    assert {name: one for name, one in seen.items() if one != {"page": False, "tables": 0}} == {}
