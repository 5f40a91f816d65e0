"""Accounts in memory."""

from __future__ import annotations

from tiktok_oauth.service.accounts import Accounts, ConnectedAccount
from tiktok_oauth.types import TikTokTokens

NOW = 1_795_000_000.0


def account(open_id: str) -> ConnectedAccount:
    """Return an account that was just connected."""
    return ConnectedAccount(TikTokTokens("act.a", "rft.r", 60, 120, open_id, "s"), NOW)


def test_ends_are_counted_from_the_connection() -> None:
    """Once, so that looking at a page does not make a token live longer."""
    connected = account("person")

    assert connected.access_expires_at == NOW + 60
    assert connected.refresh_expires_at == NOW + 120


def test_no_more_than_a_thousand_are_kept() -> None:
    """The oldest give way, and who connects again counts as new."""
    accounts = Accounts()
    for number in range(1_000):
        accounts.put(account(f"person-{number}"))
    accounts.put(account("person-0"))
    accounts.put(account("newcomer"))

    kept = [connected.open_id for connected in accounts]
    assert len(kept) == 1_000
    assert kept[:2] == ["newcomer", "person-0"]
    assert accounts.get("person-1") is None


def test_no_token_shows_in_a_repr() -> None:
    """An account can be printed."""
    assert "act.a" not in repr(account("person"))
    assert "rft.r" not in repr(account("person"))
