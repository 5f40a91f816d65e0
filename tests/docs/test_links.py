"""Every link inside the project leads somewhere: to a file, and to a heading in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s#]*)(?:#[^)]*)?\)")


class Page(HTMLParser):
    """Collects what a page links to and what can be linked to on it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what one element links to and is linked to by."""
        given = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := given.get(name))}
        for name in ("href", "src"):
            if (value := given.get(name)) and tag != "link":
                self.links.append(value)


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    """Each address that stays on the site is a file of it, each anchor a part of that page."""
    pages = {path: Page(path) for path in site.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages[target].anchors if target in pages else {parts.fragment}
            if not target.exists() or unquote(parts.fragment) not in known:
                dead.append((str(path.relative_to(site)), link))

    assert len(pages) > 50
    assert dead == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_of_the_front_pages_lead_to_files(name: str) -> None:
    """They are read where the repository is shown, too."""
    page = ROOT / name
    targets = [target for target in LINK.findall(page.read_text("utf-8")) if target]

    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.slow
def test_every_page_is_reached_from_the_first(site: Path) -> None:
    """Whoever clicks long enough has seen all pages."""
    seen: set[Path] = set()
    ahead = [(site / "index.html").resolve()]
    while ahead:
        path = ahead.pop()
        if path in seen or not path.is_file() or path.suffix != ".html":
            continue
        seen.add(path)
        ahead += [
            (path.parent / unquote(urlsplit(link).path)).resolve()
            for link in Page(path).links
            if not urlsplit(link).scheme and urlsplit(link).path
        ]
    written = {path.resolve() for path in site.rglob("*.html")}
    made = {"genindex.html", "search.html", "py-modindex.html"}

    assert {path.name for path in written - seen} <= made
