"""Several hosts with one database: here, services that share nothing but that and their keys."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.service.processes.running import Running, running
from tests.support.postgres import shared_server
from tiktok_oauth import KeyRing, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on a port of its own."""
    with Sandbox(seed=1) as box:
        yield box


@pytest.fixture
def hosts(tmp_path: Path, sandbox: Sandbox) -> Iterator[tuple[Running, Running]]:
    """Two services on one PostgreSQL database, with the same keys."""
    config = tmp_path / "config"
    KeyRing.generate().save(config / "tiktok-oauth" / "keys.json")
    with ExitStack() as stack:
        variables = {
            "TIKTOK_OAUTH_DATABASE_URL": shared_server().new_database(),
            "XDG_CONFIG_HOME": str(config),
        }
        found = []
        for name in ("one", "two"):
            home = tmp_path / name
            home.mkdir(mode=0o700)
            found.append(stack.enter_context(running(home, sandbox, **variables)))
        yield found[0], found[1]


def test_hosts_share_logins_and_tokens(hosts: tuple[Running, Running], sandbox: Sandbox) -> None:
    """A login that began on one host ends on another, and both hand out the same token."""
    one, two = hosts
    cookies, consent = one.leave()
    callback = urlsplit(sandbox.authorize(consent))

    status = two.come_back(f"{two.url}{callback.path}?{callback.query}", cookies)

    assert status == 303
    open_id = one.api("GET", "/accounts").json()["accounts"][0]["open_id"]
    tokens = {
        host.api("GET", f"/accounts/{open_id}/token").json()["access_token"] for host in hosts
    }
    assert len(tokens) == 1


def test_one_host_goes_on_without_the_other(
    hosts: tuple[Running, Running], sandbox: Sandbox
) -> None:
    """Whichever airlock is left refreshes what is due, once."""
    one, two = hosts
    open_id = one.connect()
    assert one.stop() == 0
    sandbox.advance(30 * 3_600)

    answer = two.api("POST", f"/accounts/{open_id}/refresh")

    assert answer.status_code == 200, answer.text
    assert two.still_holds(open_id)
