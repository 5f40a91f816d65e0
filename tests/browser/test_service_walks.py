"""The service in a real browser: what people do, from the first click to the last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.service import Service, connect, reload_until, running_service, serving
from tests.support.browser import chromium, watched_page
from tiktok_oauth.sandbox.catalog import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real command, opened as localhost, beside a sandbox at 127.0.0.1."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(browser: Browser, service: Service) -> list[dict[str, object]]:
    """The cookies of the browser that opened the one-time link."""
    with watched_page(browser) as page:
        page.goto(service.link)
        page.get_by_role("heading", name="Connect a TikTok account").wait_for()
        return list(page.context.cookies())  # type: ignore[arg-type]  # as add_cookies takes them


@pytest.fixture
def page(browser: Browser, signed_in: list[dict[str, object]]) -> Iterator[Page]:
    """A signed-in browser's page, which has to run without any complaint."""
    with watched_page(browser) as page:
        page.context.add_cookies(signed_in)  # type: ignore[arg-type]  # as cookies() gave them
        yield page


def test_an_accounts_life(page: Page, service: Service) -> None:
    """Connect, three hours pass, refresh, disconnect, connect again."""
    connect(page, service, "Mina Okafor")
    assert re.search("1 h 59 min|2 h", page.inner_text("#account"))  # Clocks tell whole seconds.
    service.sandbox.advance(10_800)
    reload_until(page, "Refresh due")
    page.get_by_role("button", name="Refresh now").click()
    page.get_by_role("status").get_by_text("Refreshed").wait_for()
    assert "Active" in page.inner_text("#account")
    assert page.locator(".timeline b").all_inner_texts() == ["Refreshed", "Connected"]

    page.locator("#disconnect summary").click()
    page.get_by_role("button", name="Yes, disconnect").click()
    page.get_by_role("status").get_by_text("Disconnected").wait_for()
    assert not page.get_by_role("button", name="Refresh now").is_visible()
    connect(page, service, "Mina Okafor")
    assert page.locator(".timeline b").all_inner_texts()[:2] == ["Connected", "Disconnected"]


def test_somebody_declines(page: Page, service: Service) -> None:
    """The page says so kindly, and offers another try."""
    page.goto(f"{service.url}/connect")
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_role("button", name="Deny").click()
    page.get_by_role("heading", name="You chose not to connect").wait_for()

    page.get_by_role("link", name="Start again").click()
    page.get_by_role("button", name="Connect TikTok").wait_for()


def test_somebody_allows_a_part(page: Page, service: Service) -> None:
    """What was refused is told, in plain words, and by whom it can be asked for."""
    connect(page, service, "Ayşe Yıldız", "See your public videos")

    refused = page.locator(".scopes .no")
    assert "See public videos" in refused.inner_text()
    assert "not granted" in refused.inner_text()
    assert page.get_by_label("Link to send").input_value().startswith(f"{service.url}/connect/")


def test_somebody_takes_too_long(page: Page, service: Service) -> None:
    """A callback after ten minutes is refused, and the page says what to do."""
    page.goto(f"{service.url}/connect")
    page.get_by_role("button", name="Connect TikTok").click()
    page.get_by_role("button", name="Allow").wait_for()
    service.sandbox.advance(601)
    page.get_by_role("button", name="Allow").click()

    page.get_by_role("heading", name="That took a little long").wait_for()


def test_a_stolen_callback_is_refused(page: Page, service: Service, browser: Browser) -> None:
    """In a second browser the address of somebody's callback is worth nothing."""
    page.route("**/callback?*", lambda route: route.abort())
    page.goto(f"{service.url}/connect")
    page.get_by_role("button", name="Connect TikTok").click()
    with page.expect_request("**/callback?*") as gone:
        page.get_by_role("button", name="Allow").click()
    with watched_page(browser) as thief:
        thief.goto(gone.value.url)
        thief.get_by_role("heading", name="This login began in another browser").wait_for()


def test_somebody_is_invited(page: Page, service: Service, browser: Browser) -> None:
    """A link is enough: no sign-in before, none after."""
    page.goto(f"{service.url}/connect")
    link = page.get_by_label("Invitation to send").input_value()
    with watched_page(browser) as guest:
        guest.goto(link)
        guest.get_by_role("button", name="Connect TikTok").click()
        guest.get_by_label("Đặng Thu Hà").check()
        guest.get_by_role("button", name="Allow").click()
        guest.get_by_role("heading", name="You are connected").wait_for()
        guest.goto(f"{service.url}/accounts")
        guest.get_by_role("heading", name="Sign in").wait_for()
    page.goto(f"{service.url}/accounts?q=đặng")
    page.get_by_role("link", name="Đặng Thu Hà").wait_for()


def test_a_webhook_changes_the_page(page: Page, service: Service) -> None:
    """Who removes the app at TikTok is shown so at once, without a reload."""
    connect(page, service, "Jonas Lindqvist")
    page.evaluate("window.loadedOnce = true")
    service.sandbox.disconnect("jonas")

    page.locator("#account").get_by_text("Needs login").wait_for()
    page.get_by_text("The owner removed the access in the TikTok app.").wait_for()
    assert page.evaluate("window.loadedOnce")
    page.goto(f"{service.url}/webhooks")
    page.get_by_role("row", name=re.compile("Access removed.*needs a login now")).wait_for()


def test_the_dashboard_moves_under_load(page: Page, service: Service) -> None:
    """Calls show in the charts and in the figures, failures with TikTok's log ID."""
    page.goto(f"{service.url}/dashboard")
    page.get_by_text("Live", exact=True).wait_for()
    assert page.locator("canvas").count() == 4
    before = page.locator("#tiles").inner_text()
    service.sandbox.add_person(Person("new", "Somebody New", "new"))
    service.sandbox.fault("server_error", endpoint="user_info", count=3)
    with watched_page(page.context.browser) as second:  # type: ignore[arg-type]  # it has one
        second.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]  # the same
        connect(second, service, "Somebody New", heading="Without a name")
        connect(second, service, "Mina Okafor")

    page.locator("[data-chart=errors] li:visible", has_text="API_ERROR").wait_for()
    page.locator("#failures").get_by_text("TikTok log ID", exact=True).first.wait_for()
    # The page's policy allows no eval, with which a function would be waited for.
    expect(page.locator("#charts")).to_have_attribute("data-samples", re.compile(r"[3-9]|\d\d"))
    expect(page.locator("#tiles")).not_to_have_text(before, use_inner_text=True)


def test_a_name_with_a_script_runs_nothing(page: Page, service: Service) -> None:
    """It appears as text, also when the page renews itself, and the policy has no complaint."""
    name = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    service.sandbox.add_person(Person("strange", name[:60], "strange", name))
    page.goto(f"{service.url}/connect")
    page.get_by_role("button", name="Connect TikTok").click()
    page.locator("input[value=strange]").check()
    page.get_by_role("button", name="Allow").click()
    page.get_by_text("From here on").wait_for()

    assert "<img src=x" in page.inner_text("h1")
    page.goto(f"{service.url}/accounts")
    page.get_by_text("<img src=x").first.wait_for()
    assert "owned" not in page.title()


def test_a_key_is_shown_once(page: Page, service: Service) -> None:
    """Created, copied, gone with the next look, revoked."""
    page.goto(f"{service.url}/keys")
    page.get_by_label("Name").fill("report <b>")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret").inner_text()
    page.goto(f"{service.url}/keys")

    assert re.fullmatch(r"tko_[0-9a-f]{12}_[\w-]{43}", secret)
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke: report <b>").click()
    page.get_by_text("revoked").wait_for()


def test_without_a_script_all_works(
    browser: Browser, signed_in: list[dict[str, object]], service: Service
) -> None:
    """Connecting, lists, charts and buttons need none; a reload shows what is new."""
    with watched_page(browser, scripts=False) as page:
        page.context.add_cookies(signed_in)  # type: ignore[arg-type]  # as cookies() gave them
        connect(page, service, "Mina Okafor")
        page.get_by_role("button", name="Refresh now").click()
        page.get_by_role("status").get_by_text("Refreshed").wait_for()
        page.goto(f"{service.url}/dashboard")

        assert page.locator("[data-chart=requests] polyline").count() == 1
        assert not page.locator("[data-copy]").first.is_visible()


def test_three_clicks_from_nothing(browser: Browser, tmp_path: Path) -> None:
    """``tiktok-oauth serve`` alone: open the link, connect, allow; there is an account."""
    with serving(tmp_path, "0", {}) as link, watched_page(browser) as page:
        page.goto(link)
        page.get_by_role("button", name="Connect TikTok").click()
        page.get_by_role("button", name="Allow").click()

        page.get_by_role("heading", name="Mina Okafor").wait_for()
