"""An engine over in-memory ports: no client, no socket, no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import AsyncScriptedTransport, FakeClock, Recorder, Script
from tiktok_oauth.config import Options, load_config
from tiktok_oauth.engine.core import Core, Credentials
from tiktok_oauth.protocol.token import make_app
from tiktok_oauth.types import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeCore = Callable[..., Core]

SECRET = "S3cr3tOfTheApp0123456789"
OPTIONS = Options("aw0examplekey", Secret(SECRET), None, "https://app.example.com/callback")


class ThrownDice:
    """Dice that always fall the same way."""

    def token_hex(self, count: int) -> str:
        """Give so many bytes in hex."""
        return "ab" * count

    def token_urlsafe(self, count: int) -> str:
        """Give text of about the length that so many bytes have."""
        return "x" * (count * 4 // 3)

    def roll(self) -> float:
        """Roll a half."""
        return 0.5


@pytest.fixture
def script() -> Script:
    """What TikTok answers."""
    return Script()


@pytest.fixture
def clock() -> FakeClock:
    """The engine's time."""
    return FakeClock()


@pytest.fixture
def heard() -> Recorder:
    """The events the engine reported."""
    return Recorder()


@pytest.fixture
def make_core(script: Script, clock: FakeClock, heard: Recorder) -> MakeCore:
    """Make a core with options of the test's own."""

    def make(options: Options = OPTIONS) -> Core:
        config = load_config(options, {})
        app = make_app(
            config.base_url, config.client_key or "", config.client_secret or Secret(""), "test"
        )
        sender = AsyncScriptedTransport(script)
        credentials = Credentials(config, clock)
        return Core(config, app, sender, clock, ThrownDice(), heard, credentials)

    return make


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    """A core with good credentials."""
    return make_core()
