"""Where a login leads afterwards: a page of the site's own, whatever a link says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.addresses import ELSEWHERE, HERE

if TYPE_CHECKING:
    from tests.web.browser import Site


def _sendable(addresses: tuple[object, ...]) -> list[str]:
    """Those that a form can hold, and that name something."""
    return [a for a in addresses if isinstance(a, str) and a and a.isascii()]


@pytest.mark.slow
def test_a_login_leads_nowhere_else(site: Site) -> None:
    """Hosts, schemes, encoded slashes, control characters: none of them begins a login."""
    browser = site.browser()
    fields = browser.hidden(browser.get("/"))
    wrong = _sendable(ELSEWHERE)

    taken = [
        address
        for address in wrong
        if browser.submit("/tiktok/login", fields | {"next": address}).status != 400
    ]

    assert taken == []
    assert len(wrong) >= 60


@pytest.mark.slow
def test_a_disconnect_leads_nowhere_else(site: Site) -> None:
    """An address that could lead elsewhere is as good as none."""
    browser = site.browser()
    browser.connect()
    open_id = site.heard[0].account.open_id
    led = set()

    for address in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        fields = browser.hidden(browser.get("/")) | {"next": address, "open_id": open_id}
        led.add(browser.submit("/tiktok/disconnect", fields).location)
        browser.connect()

    assert led == {"/"}


@pytest.mark.slow
def test_a_login_leads_to_the_sites_own_pages(site: Site) -> None:
    """A path with query and fragment comes back unchanged."""
    browser = site.browser()

    for address in (a for a in HERE if len(a) < 100):
        assert browser.connect(next=address).location == address
