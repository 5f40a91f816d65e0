"""Tests of an app that logs in with TikTok: the fixtures come with the package.

pip install pytest
pytest test_login.py
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tiktok_oauth import (
    InvalidTokenError,
    KeyRing,
    LoginError,
    RateLimitError,
    ScopeError,
    TokenVault,
)


@pytest.fixture
def vault(tiktok_client):
    """The app's own vault, in memory."""
    with TokenVault(tiktok_client, store="memory:", keys=KeyRing.generate("test")) as vault:
        yield vault


@pytest.fixture
def connect(vault, tiktok_sandbox):
    """Connects a person; what they allow is an argument."""

    def connect(person="mina", asked=("user.info.basic",), **decision):
        start = vault.begin_login(list(asked), user_id=person)
        callback = tiktok_sandbox.authorize(start.url, person=person, **decision)
        return vault.finish_login(urlsplit(callback).query, start.binding)

    return connect


def test_a_person_is_connected(connect):
    """They said yes, and have a name."""
    assert connect("ha").account.user_info().display_name == "Đặng Thu Hà"


def test_a_person_says_no(connect):
    """That is no failure of ours, and connects nobody."""
    with pytest.raises(LoginError) as no:
        connect("jonas", decision=False)

    assert no.value.reason == "denied"


def test_a_person_allows_less(connect):
    """What was unchecked is known at once, and a call that needs it offers to ask again."""
    asked = ["user.info.basic", "user.info.stats"]
    login = connect("mina", asked, scopes=["user.info.basic"])
    assert login.missing == {"user.info.stats"}

    with pytest.raises(ScopeError) as less:
        login.account.user_info(["follower_count"])

    assert "user.info.stats" in parse_qs(urlsplit(less.value.login.url).query)["scope"][0]


def test_tomorrow_it_still_works(connect, tiktok_sandbox):
    """The token ended long ago; nobody notices."""
    account = connect().account
    tiktok_sandbox.advance(24 * 3600)

    assert account.user_info().display_name == "Mina Okafor"


def test_a_person_disconnects_at_tiktok(connect, tiktok_sandbox):
    """The account says so, and why."""
    account = connect().account
    tiktok_sandbox.advance(60)
    tiktok_sandbox.disconnect("mina")

    with pytest.raises(InvalidTokenError):
        account.user_info()

    assert (account.reload().status, account.reason) == ("needs_login", "revoked")


def test_too_many_calls(connect, tiktok_sandbox):
    """TikTok asks for patience, and the error says how much."""
    account = connect().account
    tiktok_sandbox.fault("rate_limited", endpoint="user_info", retry_after=60)

    with pytest.raises(RateLimitError) as busy:
        account.user_info()

    assert busy.value.retry_after == 60
