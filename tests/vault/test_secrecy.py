"""No token or code shows in what a vault raises."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.client.leaks import shown_by_error
from tests.support.vault import HOUR

if TYPE_CHECKING:
    from tests.support.vault import Town

FAULTS = ("drop_before", "server_error", "rate_limited", "html", "unknown_code", "wrong_types")


def read_out(town: Town, error: BaseException) -> list[str]:
    """The tokens that TikTok has ever issued and that can be read out of an error.

    In its text, its pickle, its causes, and the local variables of every frame.
    """
    shown = shown_by_error(error)
    return [secret for secret in town.issued if secret in shown]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_refresh_shows_no_token(town: Town, fault: str) -> None:
    """Neither the one that was sent, nor one that came too late to be read."""
    account = town.connect(town.vault())
    town.sandbox.fault(fault, endpoint="refresh")
    town.clock.advance(3 * HOUR)

    error = town.refused(account.access_token)

    assert len(town.issued) >= 2
    assert read_out(town, error) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_login_shows_no_code(town: Town, fault: str) -> None:
    """Nor the state or what binds it to a browser."""
    vault = town.vault()
    start = town.do(vault.begin_login)
    query = town.callback(start.url)
    given = parse_qs(query)
    town.issued |= {start.binding, *given["code"], *given["state"]}
    town.sandbox.fault(fault, endpoint="exchange")

    error = town.refused(vault.finish_login, query, start.binding)

    assert read_out(town, error) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", ["user_info", "request"])
def test_a_failed_call_shows_no_token(town: Town, method: str, fault: str) -> None:
    """Of the access token that it was made with."""
    account = town.connect(town.vault())
    town.sandbox.fault(fault, endpoint="user_info")
    arguments = ("GET", "/v2/user/info/") if method == "request" else ()

    error = town.refused(getattr(account, method), *arguments)

    assert town.calls("user_info")
    assert read_out(town, error) == []
