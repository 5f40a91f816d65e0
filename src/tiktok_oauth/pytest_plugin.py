"""Fixtures for tests of apps that log in with TikTok: a sandbox, its world, and both clients.

pytest finds them by itself once the package is installed with its ``sandbox`` extra. Nothing of
the package is imported before a test asks for one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiktok_oauth.aio import AsyncTikTokOAuth
    from tiktok_oauth.client import TikTokOAuth
    from tiktok_oauth.sandbox.serve import Sandbox
    from tiktok_oauth.sandbox.world import World

_REDIRECT_URI = "http://127.0.0.1:8000/callback"
_SEED = 2_026


@pytest.fixture(scope="session")
def _tiktok_server() -> Iterator[Sandbox]:
    from tiktok_oauth.sandbox.serve import Sandbox  # noqa: PLC0415 - not before it is needed

    with Sandbox(seed=_SEED) as running:
        yield running


@pytest.fixture
def tiktok_sandbox(_tiktok_server: Sandbox) -> Sandbox:
    """A running sandbox that begins again for each test, the same each time."""
    _tiktok_server.reset()
    return _tiktok_server


@pytest.fixture
def tiktok_world(tiktok_sandbox: Sandbox) -> World:
    """The sandbox's world: its apps, people and grants."""
    return tiktok_sandbox.world


@pytest.fixture
def tiktok_client(tiktok_sandbox: Sandbox) -> Iterator[TikTokOAuth]:
    """A blocking client of the sandbox's app. It needs no socket and waits for no slow answer."""
    from tiktok_oauth.client import TikTokOAuth  # noqa: PLC0415 - not before it is needed

    with TikTokOAuth(
        tiktok_sandbox.client_key,
        tiktok_sandbox.client_secret,
        _REDIRECT_URI,
        base_url=tiktok_sandbox.base_url,
        authorize_url=tiktok_sandbox.authorize_url,
        transport=tiktok_sandbox.transport,
    ) as client:
        yield client


@pytest.fixture
def tiktok_async_client(tiktok_sandbox: Sandbox) -> AsyncTikTokOAuth:
    """An awaiting client of the sandbox's app. It needs no socket, and no closing."""
    from tiktok_oauth.aio import AsyncTikTokOAuth  # noqa: PLC0415 - not before it is needed

    return AsyncTikTokOAuth(
        tiktok_sandbox.client_key,
        tiktok_sandbox.client_secret,
        _REDIRECT_URI,
        base_url=tiktok_sandbox.base_url,
        authorize_url=tiktok_sandbox.authorize_url,
        transport=tiktok_sandbox.async_transport,
    )
