"""An office over a sandbox of this process, on either store, and the whole service in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from tests.service.site import ORIGIN, SESSION_KEY, settings_for
from tiktok_oauth import KeyRing
from tiktok_oauth.sandbox.serve import Sandbox
from tiktok_oauth.service.app import create_app
from tiktok_oauth.service.office import open_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tiktok_oauth.service.office import Office
    from tiktok_oauth.service.settings import ServiceSettings


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of this process; it does not listen."""
    running = Sandbox(seed=1)
    yield running
    running.stop()


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> ServiceSettings:
    """The settings of a service on either store."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'tokens.db'}"
    return settings_for(tmp_path, url)


@pytest.fixture
def unclosed_office(settings: ServiceSettings, sandbox: Sandbox) -> Office:
    """An office with the airlock in it, which is closed by whoever uses it."""
    return open_office(settings, KeyRing.generate(), SESSION_KEY, transport=sandbox.async_transport)


@pytest.fixture
async def office(unclosed_office: Office) -> AsyncIterator[Office]:
    """An office, for tests that await."""
    yield unclosed_office
    await unclosed_office.aclose()


@pytest.fixture
def visitor(unclosed_office: Office) -> Iterator[TestClient]:
    """Somebody at the door of a running service; follows no redirect, remembers cookies.

    The office it stands in is ``unclosed_office``: ask for both to see the inside.
    """
    app = create_app(unclosed_office)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield client
