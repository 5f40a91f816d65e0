"""A service over a sandbox for each test; the sandbox itself is shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.service.site import ORIGIN, Browser, Site, open_site
from tiktok_oauth.sandbox.serve import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def site(sandbox: Sandbox) -> Iterator[Site]:
    """A service that lives as long as the test."""
    site = open_site(sandbox)
    with TestClient(site.app, base_url=ORIGIN):
        yield site


@pytest.fixture
def browser(site: Site) -> Browser:
    """Somebody's browser."""
    return site.browser()
