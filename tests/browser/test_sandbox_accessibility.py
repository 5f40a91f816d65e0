"""Each of the sandbox's pages, measured by axe: light and dark, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.foreign.node import find_node, install_packages
from tests.sandbox.visitor import Visitor, authorize_path
from tests.support.browser import chromium, watched_page
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = {
    "consent": authorize_path(scope="user.info.basic,video.list,video.publish"),
    "error": authorize_path(scope="user.info.basic video.list"),
    "desk": "/",
    "search": "/?q=person&page=2",
    "nothing-found": "/?q=nobody",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def axe() -> str:
    """The program that knows the rules."""
    return (install_packages(find_node()) / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which there is something of everything to see."""
    with Sandbox(seed=1) as running:
        guest = Visitor(running)
        guest.refresh(guest.exchange().json["refresh_token"])
        guest.refresh("dead")
        running.advance(10_800)
        running.populate(70, ["video.list"])
        running.fault("server_error", endpoint="refresh", count=3, probability=0.5)
        yield running


def violations(page: Page, axe: str) -> list[str]:
    """Return what is wrong with a page, and where."""
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1_120, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    browser: Browser, sandbox: Sandbox, axe: str, scheme: str, width: int, name: str
) -> None:
    """No violation of any of its rules, and nothing to scroll sideways."""
    with watched_page(browser) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(sandbox.base_url + PAGES[name])

        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
