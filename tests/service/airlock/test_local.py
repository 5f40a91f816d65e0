"""The airlock inside of a process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.service.site import SCOPES
from tiktok_oauth import LoginError, TikTokAPIError
from tiktok_oauth.correlation import correlation_id

if TYPE_CHECKING:
    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.service.office import Office


async def test_a_login_is_finished(office: Office, sandbox: Sandbox) -> None:
    """A login that comes back connects the account."""
    start = await office.vault.begin_login(next_url="/accounts")
    query = urlsplit(sandbox.authorize(start.url)).query

    finished = await office.airlock.finish_login(query, start.binding)

    account = await office.vault.account(finished.open_id)
    assert account.status == "active"
    assert finished.next_url == "/accounts"
    assert finished.granted == frozenset(SCOPES)
    assert not finished.missing


async def test_a_repeated_callback_gets_what_the_first_one_got(
    office: Office, sandbox: Sandbox
) -> None:
    """A callback that comes twice, even at once, makes one exchange and has one outcome."""
    start = await office.vault.begin_login()
    query = urlsplit(sandbox.authorize(start.url)).query

    both = await asyncio.gather(
        *(office.airlock.finish_login(query, start.binding) for _ in range(2))
    )
    later = await office.airlock.finish_login(query, start.binding)

    assert both[0] == both[1] == later
    assert len([call for call in sandbox.requests() if call.endpoint == "exchange"]) == 1


@pytest.mark.slow
async def test_a_failure_has_the_visitors_correlation_id(office: Office, sandbox: Sandbox) -> None:
    """So that the page, its log lines and TikTok's log ID can be found together."""
    start = await office.vault.begin_login()
    query = urlsplit(sandbox.authorize(start.url)).query
    sandbox.fault("server_error", endpoint="exchange")

    with correlation_id("of-the-visitor"), pytest.raises(TikTokAPIError) as caught:
        await office.airlock.finish_login(query, start.binding)

    assert caught.value.correlation_id == "of-the-visitor"


async def test_another_browser_is_refused_and_not_remembered(
    office: Office, sandbox: Sandbox
) -> None:
    """A stolen callback is refused, and leaves the login as it was."""
    start = await office.vault.begin_login()
    query = urlsplit(sandbox.authorize(start.url)).query

    with pytest.raises(LoginError) as caught:
        await office.airlock.finish_login(query, "another browser's")
    finished = await office.airlock.finish_login(query, start.binding)

    assert caught.value.reason == "other_browser"
    assert finished.open_id
