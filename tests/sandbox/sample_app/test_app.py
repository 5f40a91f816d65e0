"""The sample app's tests, as its authors would write them with the plugin's fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.sample_app.app import App

if TYPE_CHECKING:
    from tiktok_oauth import AsyncTikTokOAuth, Sandbox, TikTokOAuth
    from tiktok_oauth.sandbox.world import World


@pytest.fixture
def app(tiktok_client: TikTokOAuth) -> App:
    """The app, with TikTok played by the sandbox."""
    return App(tiktok_client)


@pytest.fixture
def connected(app: App, tiktok_sandbox: Sandbox) -> App:
    """The app, with Mina connected."""
    app.callback(tiktok_sandbox.authorize(app.connect(), person="mina"))
    return app


def test_a_person_is_greeted_by_name(app: App, tiktok_sandbox: Sandbox) -> None:
    """From the button to the greeting."""
    callback = tiktok_sandbox.authorize(app.connect(), person="ha")

    assert app.callback(callback) == "Hello, Đặng Thu Hà."


def test_a_person_who_declines_is_not_connected(app: App, tiktok_sandbox: Sandbox) -> None:
    """TikTok sends an error back instead of a code."""
    callback = tiktok_sandbox.authorize(app.connect(), decision=False)

    assert app.callback(callback) == "You chose not to connect."
    assert app.account is None


def test_a_callback_of_nobody_is_refused(app: App) -> None:
    """Its state is none that the app gave away."""
    assert app.callback("http://127.0.0.1:8000/callback?code=c") == "This login is not one of ours."


def test_three_hours_later_the_token_is_refreshed(connected: App, tiktok_sandbox: Sandbox) -> None:
    """Nobody notices."""
    tiktok_sandbox.advance(10_800)

    assert connected.greet() == "Hello, Mina Okafor."


def test_half_a_year_later_the_person_has_to_connect_again(
    connected: App, tiktok_sandbox: Sandbox
) -> None:
    """The grant has ended."""
    tiktok_sandbox.advance(180 * 86_400)

    assert connected.greet() == "Please connect again."
    assert connected.greet() == "Hello, stranger."


def test_a_person_who_disconnects_at_tiktok_has_to_connect_again(
    connected: App, tiktok_sandbox: Sandbox
) -> None:
    """The app finds out at its next call."""
    tiktok_sandbox.disconnect("mina")

    assert connected.greet() == "Please connect again."


@pytest.mark.slow
def test_a_hiccup_of_tiktoks_is_not_noticed(
    connected: App, tiktok_sandbox: Sandbox, tiktok_world: World
) -> None:
    """The client tries again."""
    tiktok_sandbox.fault("server_error", endpoint="user_info", count=1)

    assert connected.greet() == "Hello, Mina Okafor."
    assert len(tiktok_world.grants) == 1


async def test_the_awaiting_client_is_there_too(
    tiktok_async_client: AsyncTikTokOAuth, tiktok_sandbox: Sandbox
) -> None:
    """With tokens that came without a browser."""
    tokens = tiktok_sandbox.grant("jonas")

    user = await tiktok_async_client.get_user_info(tokens.access_token)

    assert user.display_name == "Jonas Lindqvist"
