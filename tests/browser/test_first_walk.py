"""The first walk of a newcomer: ``tiktok-oauth serve``, and a real browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import chromium, photograph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The real command on free ports, without credentials; the address it tells."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIKTOK_")}
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tiktok_oauth", "serve", "--port", "0"],
        env=clean | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = (re.search(r"Open (http://\S+)", line) for line in process.stdout)
        yield next(match[1] for match in found if match)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh profile's page; whatever a page complains about fails the test."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # That a page answers with an error status is no complaint about the page.
        if message.type in {"error", "warning"} and "Failed to load" not in message.text:
            complaints.append(message.text)

    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", listen)
    yield page
    context.close()
    assert complaints == []


def test_a_newcomer_connects_an_account(service: str, page: Page) -> None:
    """Connect, choose a person, allow: name, picture, scopes and both ends are there."""
    page.goto(service)
    photograph(page, "home-empty")
    page.get_by_role("button", name="Connect TikTok").click()
    photograph(page, "sandbox-consent")
    page.get_by_label("Ayşe Yıldız").check()
    page.get_by_label("See your public videos").uncheck()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("heading", name="Ayşe Yıldız").wait_for()

    assert re.fullmatch(re.escape(service) + r"/accounts/-000[\w-]{32}", page.url)
    text = page.inner_text("main")
    assert "user.info.profile" in text
    assert "video.list" not in text
    assert "in 2 hours" in text
    assert "in 180 days" in text
    assert page.locator("img.avatar").evaluate("image => image.naturalWidth") > 0
    photograph(page, "account")
    page.get_by_role("link", name="All accounts").click()
    photograph(page, "home")


def test_a_newcomer_declines(service: str, page: Page) -> None:
    """Deny leads back to a page that says so and offers another try."""
    page.goto(service)
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_role("button", name="Deny").click()
    page.get_by_role("heading", name="You chose not to connect").wait_for()

    photograph(page, "declined")
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_role("button", name="Allow").wait_for()


def test_coming_by_the_other_name_works(service: str, page: Page) -> None:
    """Opened as localhost, the login still finds its cookies."""
    page.goto(service.replace("127.0.0.1", "localhost"))
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_role("button", name="Allow").click()

    page.get_by_role("heading", name="Mina Okafor").wait_for()


def test_a_person_disconnects(service: str, page: Page) -> None:
    """The account is gone from the list."""
    page.goto(service)
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_label("Đặng Thu Hà").check()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Disconnect").click()
    page.wait_for_url(f"{service}/")

    assert "Đặng Thu Hà" not in page.inner_text("main")


def test_a_stolen_callback_is_refused(service: str, page: Page, browser: Browser) -> None:
    """Another browser that opens somebody's callback gets a page, and no account."""
    with browser.new_context() as other:
        victim = other.new_page()
        victim.goto(service)
        victim.route("**/callback?*", lambda route: route.abort())
        victim.get_by_role("button", name="Connect TikTok").click()
        with victim.expect_request("**/callback?*") as gone:
            victim.get_by_role("button", name="Allow").click()
        page.goto(gone.value.url)

    assert "began in another browser" in page.inner_text("main")


def test_a_wrong_request_stays_in_the_sandbox(service: str, page: Page) -> None:
    """TikTok's own kind of error page, with what to correct."""
    page.goto(service)
    page.get_by_role("link", name="Sandbox").click()
    photograph(page, "sandbox-home")
    page.goto(page.url + "v2/auth/authorize/?client_id=x")

    photograph(page, "sandbox-error")
    assert "errCode=10003" in page.url
    assert "client_key" in page.inner_text("main")
