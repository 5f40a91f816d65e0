"""Each page of the service: photographed, and measured by axe, in both schemes and both widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.service import Service, connect, reload_until, running_service
from tests.browser.test_sandbox_accessibility import violations
from tests.foreign.node import find_node, install_packages
from tests.support.browser import SCREENSHOTS, chromium, watched_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WIDTHS = {"desktop": 1_280, "phone": 390}


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
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real command beside a sandbox."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Browser, service: Service, axe: str) -> Iterator[Page]:
    """A signed-in page, when there is something of everything to see; before, what is empty."""
    with watched_page(browser) as page:
        page.goto(service.link)
        for room in ("dashboard", "accounts", "webhooks", "keys"):
            page.goto(f"{service.url}/{room}")
            look(page, axe, f"{room}-empty")
        for person, *refused in (
            ("Mina Okafor",),
            ("Ayşe Yıldız", "See your public videos"),
            ("Jonas Lindqvist",),
            ("Đặng Thu Hà",),
        ):
            connect(page, service, person, *refused)
            service.sandbox.advance(300)
        page.locator("#disconnect summary").click()
        page.get_by_role("button", name="Yes, disconnect").click()
        service.sandbox.disconnect("jonas")
        page.goto(f"{service.url}/accounts?q=jonas")
        reload_until(page, "The owner removed")
        fail(page, service)
        yield page


def fail(page: Page, service: Service) -> None:
    """Let a refresh fail, for there to be something to tell."""
    service.sandbox.fault("server_error", endpoint="refresh", count=1)
    page.goto(f"{service.url}/accounts?q=ay")
    page.get_by_role("link", name="Ayşe Yıldız").click()
    page.get_by_role("button", name="Refresh now").click()
    page.wait_for_load_state()


def look(page: Page, axe: str, name: str) -> None:
    """Keep a picture in both schemes and widths, and see that axe finds nothing in any."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for size, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 800})
            page.screenshot(
                path=SCREENSHOTS / f"service-{name}-{scheme}-{size}.png", full_page=True
            )
            found += [f"{scheme} {size}: {one}" for one in violations(page, axe)]
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{scheme} {size}: scrolls sideways")
    assert found == [], name


def expiry(page: Page) -> None:
    """Wait for the strip: accounts are counted each quarter of a minute."""
    page.locator("svg.strip").wait_for(timeout=30_000)


def new_key(page: Page) -> None:
    """Make a key."""
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("button", name="Create key").click()
    page.locator("#secret").wait_for()


def nothing(_page: Page) -> None:
    """Leave the page as it is."""


def first_account(page: Page) -> None:
    """Open the first account of a list."""
    page.locator("a.who").first.click()
    page.locator("#account").wait_for()


@pytest.mark.parametrize(
    ("name", "path", "prepare"),
    [
        ("dashboard", "/dashboard", expiry),
        ("accounts", "/accounts", nothing),
        ("accounts-nothing-found", "/accounts?q=nobody", nothing),
        ("account", "/accounts?q=mina", first_account),
        ("account-partial", "/accounts?q=ay", first_account),
        ("account-needs-login", "/accounts?status=needs_login", first_account),
        ("account-disconnected", "/accounts?status=disconnected", first_account),
        ("connect", "/connect", nothing),
        ("webhooks", "/webhooks", nothing),
        ("keys", "/keys", new_key),
        ("settings", "/settings", nothing),
        ("error", "/callback?state=unknown&code=x", nothing),
    ],
)
def test_a_page_is_sound(
    page: Page, service: Service, axe: str, name: str, path: str, prepare: Callable[[Page], None]
) -> None:
    """No violation of any rule, nothing to scroll sideways; a picture is kept."""
    page.goto(f"{service.url}{path}")
    prepare(page)

    look(page, axe, name)


def test_the_pages_of_guests_are_sound(
    page: Page, service: Service, axe: str, browser: Browser
) -> None:
    """The door, an invitation, what comes after it, and a refusal."""
    page.goto(f"{service.url}/connect")
    link = page.get_by_label("Invitation to send").input_value()
    with watched_page(browser) as guest:
        guest.goto(service.url)
        look(guest, axe, "signin")
        for answer, name in (("Allow", "connected"), ("Deny", "declined")):
            guest.goto(link)
            look(guest, axe, "invited")
            guest.get_by_role("button", name="Connect TikTok").click()
            guest.get_by_role("button", name=answer).click()
            guest.wait_for_url(f"{service.url}/**")
            look(guest, axe, name)
