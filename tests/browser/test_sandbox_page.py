"""The sandbox's front page in a real browser, with and without its script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.visitor import Visitor
from tests.support.browser import chromium, photograph, watched_page
from tiktok_oauth.sandbox.catalog import Person
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox of this test's own."""
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    """Its front page, which has to run without any complaint."""
    with watched_page(browser) as page:
        page.goto(sandbox.base_url)
        page.get_by_text("Live", exact=True).wait_for()
        yield page


def test_somebody_steers_the_sandbox(page: Page, sandbox: Sandbox) -> None:
    """Calls appear, the clock moves, a fault is armed and played, a person disconnects."""
    page.evaluate("window.loadedOnce = true")
    page.get_by_text("Nothing has called yet.").wait_for()
    guest = Visitor(sandbox)
    tokens = guest.exchange().json
    page.locator("#calls tr", has_text="exchange").wait_for()

    page.get_by_role("button", name="+ 3 hours").click()
    page.get_by_text("3 h ahead of this machine").wait_for()
    page.locator("#grants tr", has_text="Mina Okafor").get_by_text("expired").wait_for()
    guest.get("/v2/user/info/?fields=open_id", tokens["access_token"])
    page.locator("#calls tr", has_text="access_token_invalid").wait_for()

    page.get_by_label("Arm them").select_option("refresh")
    page.get_by_role("button", name="Arm once: server_error").click()
    page.get_by_text("armed once, on refresh").wait_for()
    photograph(page, "sandbox-desk")
    guest.refresh(tokens["refresh_token"])
    page.locator("#calls tr", has_text="fault server_error").wait_for()
    page.get_by_text("armed once").wait_for(state="detached")

    page.get_by_role("button", name="Disconnect Demo app from Mina Okafor").click()
    page.get_by_text("Nobody has allowed").wait_for()
    assert len(sandbox.world.grants) == 0
    assert page.evaluate("window.loadedOnce")


def test_the_keyboard_keeps_its_place(page: Page, sandbox: Sandbox) -> None:
    """A pressed button keeps the focus; when it goes away, its section has it."""
    arm = page.get_by_role("button", name="Arm once: slow")
    remove = page.get_by_role("button", name="Remove slow")
    arm.press("Enter")
    remove.wait_for()
    assert arm.evaluate("button => button === document.activeElement")
    assert page.get_by_role("status").inner_text() == "Arm once: slow, done"

    remove.press("Space")
    remove.wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "faults"
    assert sandbox.faults() == []


def test_what_is_open_stays_open(page: Page, sandbox: Sandbox) -> None:
    """Somebody's account stays unfolded while the list around it changes."""
    page.get_by_text("Account of Jonas Lindqvist").click()
    sandbox.grant("mina")
    page.get_by_role("button", name="Disconnect Demo app from Mina Okafor").wait_for()

    page.get_by_role("button", name="Ban: Jonas Lindqvist").click()
    page.locator("#people li", has_text="Jonas").get_by_text("banned").wait_for()
    assert sandbox.world.people["jonas"].status == "banned"


def test_what_went_wrong_stays_to_be_read(page: Page, sandbox: Sandbox) -> None:
    """It is not gone with the next look at the sandbox, but with the next button."""
    step = page.get_by_role("button", name="+ 1 year")
    step.evaluate("button => button.value = '5 years'")
    step.click()
    problem = page.get_by_role("alert")
    problem.get_by_text("There is no such button.").wait_for()
    assert page.get_by_role("status").inner_text() == ""

    sandbox.grant("mina")
    page.locator("#grants tr", has_text="Mina Okafor").wait_for()
    assert problem.is_visible()
    page.get_by_role("button", name="+ 1 day").click()
    problem.wait_for(state="detached")


def test_a_name_with_a_script_runs_nothing(page: Page, sandbox: Sandbox) -> None:
    """It appears as text, also when the page renews itself, and the policy has no complaint."""
    name = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    sandbox.add_person(Person("strange", name, "strange", name))
    page.get_by_role("heading", name=name).wait_for()

    assert "owned" not in page.title()


def test_a_sandbox_that_is_gone_is_told(browser: Browser) -> None:
    """The page stays as it was, and no longer calls itself live."""
    with Sandbox() as sandbox, browser.new_context() as context:
        page = context.new_page()
        page.goto(sandbox.base_url)
        page.get_by_text("Live", exact=True).wait_for()
        sandbox.stop()
        page.get_by_text("The sandbox does not answer").wait_for()

        assert page.get_by_role("heading", level=1).is_visible()


def test_without_a_script_a_reload_does(browser: Browser, sandbox: Sandbox) -> None:
    """Every button is a form, and leads back to its part of the page."""
    with watched_page(browser, scripts=False) as page:
        page.goto(sandbox.base_url)
        page.get_by_role("button", name="+ 3 hours").click()
        page.wait_for_url("**/#clock")
        assert "3 h ahead" in page.inner_text("#clock")

        Visitor(sandbox).exchange()
        page.get_by_role("button", name="Arm once: drop_after").click()
        page.wait_for_url("**/#faults")
        assert "armed once" in page.inner_text("#faults")
        assert "exchange" in page.inner_text("#calls")
        page.get_by_role("button", name="Disconnect Demo app from Mina Okafor").click()
        page.wait_for_url("**/#people")

    assert len(sandbox.world.grants) == 0
