"""A program that ends, and leaves a refresh under way, ends only when its answer is kept."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tiktok_oauth import KeyRing, Sandbox, TikTokOAuth, TokenVault

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, sys, threading, time
from tiktok_oauth import AsyncTokenVault, AsyncTikTokOAuth, Refresher, TikTokOAuth, TokenVault
from tiktok_oauth.connection import ConnectionSettings
from tiktok_oauth.transport.aiohttp import AiohttpTransport

def until_asked():
    while not any(t.name.startswith("tiktok-oauth-refresh_") for t in threading.enumerate()):
        time.sleep(0.01)

def refresher():
    refresher = Refresher(TokenVault(TikTokOAuth()), "keep_warm")
    refresher.start()
    while not refresher.progress().in_flight:
        time.sleep(0.01)

def own_transport():
    way = AiohttpTransport(ConnectionSettings())
    refresher = Refresher(AsyncTokenVault(AsyncTikTokOAuth(transport=way)), "keep_warm")
    refresher.start()
    while not refresher.progress().in_flight:
        time.sleep(0.01)

def thread():
    account = TokenVault(TikTokOAuth()).account(sys.argv[1])
    threading.Thread(target=account.refresh, daemon=True).start()
    until_asked()

async def leave():
    account = await AsyncTokenVault(AsyncTikTokOAuth()).account(sys.argv[1])
    refresh = asyncio.create_task(account.refresh())
    await asyncio.to_thread(until_asked)
    refresh.cancel()

def task():
    asyncio.run(leave())
"""


@pytest.mark.parametrize("who", ["refresher", "own_transport", "thread", "task"])
def test_a_program_that_ends_amid_a_refresh_keeps_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """Nobody closed anything: the answer is in the store, and nothing is complained of."""
    keys = tmp_path / "keys.json"
    KeyRing.generate().save(str(keys))
    with Sandbox() as sandbox:
        settings = {
            "TIKTOK_CLIENT_KEY": sandbox.client_key,
            "TIKTOK_CLIENT_SECRET": sandbox.client_secret,
            "TIKTOK_REDIRECT_URI": "http://127.0.0.1:8000/callback",
            "TIKTOK_BASE_URL": sandbox.base_url,
            "TIKTOK_AUTHORIZE_URL": sandbox.authorize_url,
            "TIKTOK_OAUTH_DATABASE_URL": f"sqlite:///{tmp_path}/tokens.db",
            "TIKTOK_OAUTH_KEYS": str(keys),
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with TokenVault(TikTokOAuth()) as vault:
            start = vault.begin_login(["user.info.basic"])
            back = urlsplit(sandbox.authorize(start.url)).query
            account = vault.finish_login(back, start.binding).account
            sandbox.advance(7100)
            sandbox.fault("slow", endpoint="refresh", seconds=0.5)
            done = subprocess.run(  # noqa: S603 - arguments of our own
                [sys.executable, "-c", f"{PROGRAM}\n{who}()", account.open_id],
                capture_output=True,
                text=True,
                check=False,
            )
            state = account.reload()

        assert (done.returncode, done.stderr) == (0, "")
        assert state.refreshed_at > state.connected_at
        assert state.trouble is None
